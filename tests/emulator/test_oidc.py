"""The OIDC service, asked by the stock `sso-oidc` client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sso_plugin.emulator import Emulator, SignIn

    Register = Callable[..., tuple[int, Any]]

START_URL = "https://example.awsapps.com/start"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
SCOPES = ["sso:account:access"]


class Device:
    """A client in the middle of the device flow."""

    def __init__(self, oidc: Any, emulator: Emulator, scopes: Sequence[str] = ()) -> None:
        self.oidc = oidc
        self.client = oidc.register_client(
            clientName="test", clientType="public", scopes=list(scopes)
        )
        self.identity = {key: self.client[key] for key in ("clientId", "clientSecret")}
        self.codes = oidc.start_device_authorization(**self.identity, startUrl=emulator.start_url)

    def poll(self) -> Any:
        return self.oidc.create_token(
            **self.identity, grantType=DEVICE_CODE, deviceCode=self.codes["deviceCode"]
        )


@pytest.fixture
def device(oidc: Any, sso_emulator: Emulator) -> Device:
    return Device(oidc, sso_emulator, scopes=SCOPES)


@pytest.fixture
def register(ask: Callable[..., tuple[int, str]]) -> Register:
    """Register a client with parameters that older models do not have."""

    def send(**parameters: Any) -> tuple[int, Any]:
        body = {"clientName": "test", "clientType": "public", **parameters}
        status, text = ask("POST", "/client/register", body)
        return status, json.loads(text)

    return send


def description(caught: pytest.ExceptionInfo[Any]) -> str:
    """Return the words of an error; older models keep them out of the message."""
    return str(caught.value.response["error_description"])


def refresh(oidc: Any, sign_in: SignIn, token: str | None = None) -> Any:
    return oidc.create_token(
        clientId=sign_in.client_id,
        clientSecret=sign_in.client_secret,
        grantType="refresh_token",
        refreshToken=token or sign_in.refresh_token,
    )


def test_a_registration_lasts_ninety_days(oidc: Any, sso_emulator: Emulator) -> None:
    """RegisterClient also says where to go from here."""
    answer = oidc.register_client(clientName="test", clientType="public")

    assert answer["clientSecretExpiresAt"] - answer["clientIdIssuedAt"] == 90 * 86400
    assert answer["authorizationEndpoint"] == f"{sso_emulator.url}/authorize"
    assert answer["tokenEndpoint"] == f"{sso_emulator.url}/token"


def test_only_public_clients_are_registered(oidc: Any) -> None:
    """The service knows no other kind."""
    with pytest.raises(oidc.exceptions.InvalidClientMetadataException):
        oidc.register_client(clientName="test", clientType="confidential")


@pytest.mark.parametrize("scope", ["", "two scopes", 'quo"te'])
def test_a_scope_that_oauth_does_not_allow_is_refused(oidc: Any, scope: str) -> None:
    """Which other scopes exist is not for the emulator to say."""
    with pytest.raises(oidc.exceptions.InvalidScopeException):
        oidc.register_client(clientName="test", clientType="public", scopes=[scope])


def test_an_unknown_grant_cannot_be_registered(register: Register) -> None:
    """It is refused before it is used."""
    status, answer = register(grantTypes=["password"])

    assert (status, answer["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize(
    "uris",
    [
        [],
        ["https://example.com/callback"],
        ["http://192.0.2.1/"],
        ["http://[bad"],
        ["http://127.0.0.1:port/"],
        ["http://me@127.0.0.1/"],
        ["http://127.0.0.1/#here"],
        ["http://127.0.0.1/a\r\nb: c"],
    ],
)
def test_a_client_is_called_back_on_loopback_only(register: Register, uris: list[str]) -> None:
    """A registration for the authorization code must name an address of this machine."""
    status, answer = register(
        grantTypes=["authorization_code"], redirectUris=uris, issuerUrl=START_URL
    )

    assert (status, answer["error"]) == (400, "invalid_redirect_uri")


def test_a_registration_for_the_authorization_code_is_kept(
    register: Register, sso_emulator: Emulator
) -> None:
    """As the AWS CLI registers."""
    status, answer = register(
        grantTypes=["authorization_code", "refresh_token"],
        redirectUris=["http://127.0.0.1/oauth/callback"],
        issuerUrl=f"{START_URL}/#",
    )

    kept = sso_emulator.state.clients.find(answer["clientId"])
    assert status == 200
    assert kept
    assert kept.name == "test"
    assert kept.grant_types == ("authorization_code", "refresh_token")
    assert kept.redirect_uris == ("http://127.0.0.1/oauth/callback",)
    assert kept.issuer_url == f"{START_URL}/#"


@pytest.mark.parametrize("issuer", [{}, {"issuerUrl": "https://other.awsapps.com/start"}])
def test_a_client_for_the_authorization_code_names_its_issuer(
    register: Register, issuer: dict[str, str]
) -> None:
    """Without the right start URL nobody would know which organization it means."""
    status, answer = register(
        grantTypes=["authorization_code"], redirectUris=["http://127.0.0.1/"], **issuer
    )

    assert (status, answer["error"]) == (400, "invalid_request")


def test_the_device_flow_ends_with_a_token(
    device: Device, sso: Any, sso_emulator: Emulator
) -> None:
    """Pending until approved, then a token for the user who approved."""
    with pytest.raises(device.oidc.exceptions.AuthorizationPendingException) as caught:
        device.poll()

    assert caught.value.response["error"] == "authorization_pending"

    sso_emulator.approve(device.codes["userCode"], "bob")
    answer = device.poll()

    assert answer["tokenType"] == "Bearer"
    assert answer["expiresIn"] == 8 * 3600
    assert answer["refreshToken"]
    assert len(sso.list_accounts(accessToken=answer["accessToken"])["accountList"]) == 2


def test_the_codes_tell_where_to_approve(device: Device, sso_emulator: Emulator) -> None:
    """Both addresses lead to the emulator's own page."""
    codes, page = device.codes, f"{sso_emulator.url}/device"

    assert codes["verificationUri"] == page
    assert codes["verificationUriComplete"] == f"{page}?user_code={codes['userCode']}"
    assert (codes["expiresIn"], codes["interval"]) == (600, 5)


def test_a_client_that_polls_too_fast_is_slowed_down(
    device: Device, sso_emulator: Emulator
) -> None:
    """Until it waits out the interval."""
    with pytest.raises(device.oidc.exceptions.AuthorizationPendingException):
        device.poll()

    with pytest.raises(device.oidc.exceptions.SlowDownException):
        device.poll()

    sso_emulator.clock.advance(5)
    with pytest.raises(device.oidc.exceptions.AuthorizationPendingException):
        device.poll()


def test_an_interval_of_zero_never_slows_down(oidc: Any, sso_emulator: Emulator) -> None:
    """Tests need not wait."""
    sso_emulator.settings.poll_interval = 0
    device = Device(oidc, sso_emulator)

    for _ in range(3):
        with pytest.raises(oidc.exceptions.AuthorizationPendingException):
            device.poll()


def test_a_denied_request_is_refused(device: Device, sso_emulator: Emulator) -> None:
    """The client learns that somebody said no."""
    sso_emulator.deny(device.codes["userCode"])

    with pytest.raises(device.oidc.exceptions.AccessDeniedException):
        device.poll()


def test_a_device_code_expires(device: Device, sso_emulator: Emulator) -> None:
    """Approved or not, nothing comes of it any more."""
    sso_emulator.clock.advance(600)

    with pytest.raises(device.oidc.exceptions.ExpiredTokenException):
        device.poll()

    with pytest.raises(LookupError, match="expired"):
        sso_emulator.approve(device.codes["userCode"])


def test_a_device_code_is_good_for_one_token(device: Device, sso_emulator: Emulator) -> None:
    """The second use is refused."""
    sso_emulator.approve(device.codes["userCode"])
    device.poll()

    with pytest.raises(device.oidc.exceptions.InvalidGrantException):
        device.poll()


def test_a_user_code_is_decided_on_once(device: Device, sso_emulator: Emulator) -> None:
    """Who comes second is told so."""
    sso_emulator.deny(device.codes["userCode"])

    with pytest.raises(LookupError, match="already"):
        sso_emulator.approve(device.codes["userCode"])


def test_a_user_code_may_be_typed_in_any_way(device: Device, sso_emulator: Emulator) -> None:
    """Case and dash do not matter."""
    sso_emulator.approve(device.codes["userCode"].lower().replace("-", " "))

    assert device.poll()["accessToken"]


def test_a_device_code_of_another_client_is_refused(
    device: Device, oidc: Any, sso_emulator: Emulator
) -> None:
    """A stolen code is of no use."""
    sso_emulator.approve(device.codes["userCode"])
    thief = Device(oidc, sso_emulator)
    thief.codes = device.codes

    with pytest.raises(oidc.exceptions.InvalidGrantException):
        thief.poll()


def test_a_client_without_scopes_gets_no_refresh_token(oidc: Any, sso_emulator: Emulator) -> None:
    """As with profiles of the older kind."""
    device = Device(oidc, sso_emulator)
    sso_emulator.approve(device.codes["userCode"])

    assert "refreshToken" not in device.poll()


def test_a_wrong_start_url_is_an_invalid_request(device: Device, oidc: Any) -> None:
    """The organization answers to its own start URL only."""
    with pytest.raises(oidc.exceptions.InvalidRequestException):
        oidc.start_device_authorization(
            **device.identity, startUrl="https://other.awsapps.com/start"
        )


def test_a_client_for_other_grants_cannot_start_the_device_flow(
    oidc: Any, register: Register, sso_emulator: Emulator
) -> None:
    """A client does only what it registered for."""
    _, client = register(grantTypes=["refresh_token"])

    with pytest.raises(oidc.exceptions.UnauthorizedClientException):
        oidc.start_device_authorization(
            clientId=client["clientId"],
            clientSecret=client["clientSecret"],
            startUrl=sso_emulator.start_url,
        )


def test_a_wrong_client_secret_is_refused(device: Device) -> None:
    """Knowing a client's id is not enough."""
    device.identity["clientSecret"] = "wrong-é"

    with pytest.raises(device.oidc.exceptions.InvalidClientException) as caught:
        device.poll()

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 401


def test_an_expired_registration_is_refused(
    oidc: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """A refresh needs a living registration."""
    sso_emulator.clock.advance(90 * 86400)

    with pytest.raises(oidc.exceptions.InvalidClientException) as caught:
        refresh(oidc, alice)

    assert "expired" in description(caught)


def test_an_unknown_grant_type_is_refused(oidc: Any, alice: SignIn) -> None:
    """The service trades nothing else for tokens."""
    with pytest.raises(oidc.exceptions.UnsupportedGrantTypeException):
        oidc.create_token(
            clientId=alice.client_id, clientSecret=alice.client_secret, grantType="password"
        )


def test_a_grant_without_its_code_is_an_invalid_request(oidc: Any, alice: SignIn) -> None:
    """A client is told what it forgot."""
    with pytest.raises(oidc.exceptions.InvalidRequestException) as caught:
        oidc.create_token(
            clientId=alice.client_id, clientSecret=alice.client_secret, grantType=DEVICE_CODE
        )

    assert "deviceCode" in description(caught)


@pytest.mark.parametrize("body", ["[]", "{", '{"clientId": 1}', '{"clientId": ["x"]}', "\xff"])
def test_a_body_that_is_no_request_is_refused(
    ask: Callable[..., tuple[int, str]], body: str
) -> None:
    """Broken JSON gets the OAuth error, not a crash."""
    status, text = ask("POST", "/token", form=body)

    assert (status, '"error": "invalid_request"' in text) == (400, True)


def test_a_refresh_gives_a_new_token(oidc: Any, sso: Any, alice: SignIn) -> None:
    """The new one works, and so does the old one until its time is up."""
    answer = refresh(oidc, alice)

    assert answer["accessToken"] != alice.access_token
    for token in (answer["accessToken"], alice.access_token):
        assert sso.list_accounts(accessToken=token)["accountList"]


def test_a_reusable_refresh_token_stays_the_same(oidc: Any, alice: SignIn) -> None:
    """Unless told otherwise, the emulator takes it again and again."""
    assert [refresh(oidc, alice)["refreshToken"] for _ in range(2)] == [alice.refresh_token] * 2


def test_a_rotating_refresh_token_is_good_once(oidc: Any, sso_emulator: Emulator) -> None:
    """Each refresh brings the next token, and a replay is refused."""
    sso_emulator.settings.refresh_tokens = "rotate"
    alice = sso_emulator.sign_in("alice")
    following = refresh(oidc, alice)["refreshToken"]

    with pytest.raises(oidc.exceptions.InvalidGrantException) as caught:
        refresh(oidc, alice)

    assert "used before" in description(caught)

    assert refresh(oidc, alice, following)["accessToken"]


def test_a_replay_can_end_the_whole_sign_in(oidc: Any, sso: Any, sso_emulator: Emulator) -> None:
    """Strict rotation takes it for theft: every token of the family is revoked, no other."""
    sso_emulator.settings.refresh_tokens = "rotate-strict"
    alice, other = (sso_emulator.sign_in("alice") for _ in range(2))
    following = refresh(oidc, alice)

    with pytest.raises(oidc.exceptions.InvalidGrantException) as caught:
        refresh(oidc, alice)

    assert "used before" in description(caught)
    with pytest.raises(oidc.exceptions.InvalidGrantException):
        refresh(oidc, alice, following["refreshToken"])

    for token in (alice.access_token, following["accessToken"]):
        with pytest.raises(sso.exceptions.UnauthorizedException):
            sso.list_accounts(accessToken=token)

    assert refresh(oidc, other)["accessToken"]


def test_refresh_tokens_can_be_turned_off(sso_emulator: Emulator) -> None:
    """As some organizations do."""
    sso_emulator.settings.refresh_tokens = "off"

    assert sso_emulator.sign_in("alice").refresh_token is None


def test_a_refresh_token_expires(oidc: Any, alice: SignIn, sso_emulator: Emulator) -> None:
    """A session does not last for ever."""
    sso_emulator.clock.advance(sso_emulator.settings.refresh_token)

    with pytest.raises(oidc.exceptions.InvalidGrantException):
        refresh(oidc, alice)


def test_a_refresh_token_of_another_client_is_refused(
    oidc: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """It belongs to the client it was given to."""
    with pytest.raises(oidc.exceptions.InvalidGrantException):
        refresh(oidc, sso_emulator.sign_in("bob"), alice.refresh_token)
