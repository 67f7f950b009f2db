"""The authorization code with PKCE: the consent page, as browser and client meet it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest

from sso_plugin.emulator.state.authorization_request import UntrustedRequestError, matches

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator

    Ask = Callable[..., tuple[int, str]]
    Browse = Callable[..., Any]

SCOPES = ["sso:account:access"]
REGISTERED = "http://127.0.0.1/oauth/callback"
CALLBACK = "http://127.0.0.1:54321/oauth/callback"
VERIFIER = "v" * 64


class Login:
    """A client in the middle of the authorization code flow."""

    def __init__(self, emulator: Emulator, ask: Ask, **metadata: Any) -> None:
        self.emulator = emulator
        self.ask = ask
        status, text = ask(
            "POST",
            "/client/register",
            {
                "clientName": "test & co",
                "clientType": "public",
                "grantTypes": ["authorization_code", "refresh_token"],
                "redirectUris": [REGISTERED],
                "issuerUrl": emulator.start_url,
                "scopes": SCOPES,
                **metadata,
            },
        )
        assert status == 200
        self.client = json.loads(text)

    def url(self, **changes: str | None) -> str:
        """Return what the browser is opened with; None leaves a parameter out."""
        digest = hashlib.sha256(VERIFIER.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.client["clientId"],
            "redirect_uri": CALLBACK,
            "state": "abc",
            "code_challenge_method": "S256",
            "scopes": " ".join(SCOPES),
            "code_challenge": base64.urlsafe_b64encode(digest).decode(),
            **changes,
        }
        kept = {name: value for name, value in query.items() if value is not None}
        return f"{self.client['authorizationEndpoint']}?{urlencode(kept)}"

    def trade(self, location: str, **changes: str) -> tuple[int, Any]:
        """Trade the code in an address for a token."""
        body = {
            "clientId": self.client["clientId"],
            "clientSecret": self.client["clientSecret"],
            "grantType": "authorization_code",
            "code": answer(location).get("code", ""),
            "redirectUri": CALLBACK,
            "codeVerifier": VERIFIER,
            **changes,
        }
        status, text = self.ask("POST", "/token", body)
        return status, json.loads(text)


@pytest.fixture
def login(sso_emulator: Emulator, ask: Ask) -> Login:
    return Login(sso_emulator, ask)


def answer(location: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(location).query))


def fields_of(page: str) -> dict[str, str]:
    """Return what the form on a page would send besides the person's choices."""
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in hidden}


def submit(browse: Browse, login: Login, decision: str, user: str = "alice") -> Any:
    """Open the page and press one of its buttons."""
    page = browse("GET", login.url()).data.decode()
    fields = {**fields_of(page), "user": user, "decision": decision}
    return browse(
        "POST",
        f"{login.emulator.url}/authorize",
        body=urlencode(fields),
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": login.emulator.url,
        },
    )


def test_approval_sends_the_browser_back_with_a_code(
    login: Login, browse: Browse, sso: Any
) -> None:
    """The code is good for a token of the user who was chosen, with a refresh token."""
    redirect = submit(browse, login, "approve", "bob")
    location = redirect.headers["Location"]

    assert redirect.status == 302
    assert location.startswith(f"{CALLBACK}?")
    assert answer(location).keys() == {"code", "state"}
    assert answer(location)["state"] == "abc"

    status, token = login.trade(location)

    assert (status, token["tokenType"], token["expiresIn"]) == (200, "Bearer", 8 * 3600)
    assert token["refreshToken"]
    assert len(sso.list_accounts(accessToken=token["accessToken"])["accountList"]) == 2


def test_denial_sends_the_browser_back_with_an_error(login: Login, browse: Browse) -> None:
    """The client learns that somebody said no."""
    redirect = submit(browse, login, "deny")

    assert redirect.status == 302
    assert answer(redirect.headers["Location"]) == {
        "error": "access_denied",
        "error_description": "The request was denied",
        "state": "abc",
    }


def test_the_page_says_who_asks_for_what(login: Login, browse: Browse) -> None:
    """And offers every user, under a label, and two buttons."""
    page = browse("GET", login.url())
    text = page.data.decode()

    assert page.status == 200
    assert "<strong>test &amp; co</strong> on this machine asks" in text
    assert "sso:account:access" in text
    assert "http://127.0.0.1:54321</p>" in text
    assert '<label for="user">' in text
    assert "<option>alice</option><option>bob</option>" in text
    assert text.count("<button") == 2


def test_the_form_may_lead_back_to_the_client(login: Login, browse: Browse) -> None:
    """Browsers hold the redirect after a form against the policy of its page."""
    policy = browse("GET", login.url()).headers["Content-Security-Policy"]

    assert policy.endswith("form-action 'self' http://127.0.0.1:54321")


def test_the_page_can_be_reloaded_and_left_open(login: Login, browse: Browse) -> None:
    """Looking at it uses nothing up, and each approval gives a code of its own."""
    locations = [submit(browse, login, "approve").headers["Location"] for _ in range(2)]

    assert [login.trade(each)[0] for each in locations] == [200, 200]


def test_nothing_gets_into_the_page_unescaped(
    sso_emulator: Emulator, ask: Ask, browse: Browse
) -> None:
    """Neither a client's name nor a parameter can bring markup."""
    evil = '"><script>'
    login = Login(sso_emulator, ask, clientName=evil)
    page = (
        browse("GET", login.url(state=evil)).data.decode()
        + browse("GET", f"{login.url()}&{evil}").data.decode()
    )

    assert page.count("Approve a sign-in</h1>") == 2
    assert "<script>" not in page


def test_a_user_who_does_not_exist_is_refused(login: Login, browse: Browse) -> None:
    """Only a forged form names one."""
    page = submit(browse, login, "approve", "mallory")

    assert page.status == 400
    assert "There is no user" in page.data.decode()
    assert fields_of(page.data.decode())


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}]
)
def test_other_sites_cannot_approve(login: Login, ask: Ask, headers: dict[str, str]) -> None:
    """A form sent from another origin, or to a name that was rebound, is refused."""
    form = urlencode({"request": urlsplit(login.url()).query, "decision": "approve"})

    assert ask("POST", "/authorize", form=form, headers=headers)[0] == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/oauth/callback"},
        {"redirect_uri": "http://127.0.0.1:1@evil.example/oauth/callback"},
        {"redirect_uri": "http://localhost:54321/oauth/callback"},
        {"redirect_uri": f"{CALLBACK}/more"},
    ],
)
def test_a_request_in_doubt_redirects_nobody(
    login: Login, browse: Browse, changes: dict[str, str | None]
) -> None:
    """An unknown client, or an address it did not register, gets a page instead."""
    url = login.url(**changes)
    page = browse("GET", url)

    assert page.status == 400
    assert "Location" not in page.headers
    assert 'role="alert"' in page.data.decode()
    for decide in (login.emulator.authorize, login.emulator.refuse):
        with pytest.raises(UntrustedRequestError):
            decide(url)


def test_a_second_redirect_uri_is_in_doubt_too(login: Login, browse: Browse) -> None:
    """Which of them was meant is nobody's guess."""
    assert browse("GET", f"{login.url()}&redirect_uri=x").status == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"scopes": "sso:account:access other"}, "invalid_scope"),
        ({"scopes": None, "scope": "other"}, "invalid_scope"),
    ],
)
def test_any_other_mistake_is_told_to_the_client(
    login: Login, browse: Browse, changes: dict[str, str | None], error: str
) -> None:
    """Without asking the person, and whatever the person would say."""
    url = login.url(**changes)
    redirect = browse("GET", url)
    location = redirect.headers["Location"]

    assert redirect.status == 302
    assert (answer(location)["error"], answer(location)["state"]) == (error, "abc")
    assert answer(location)["error_description"]
    assert login.emulator.authorize(url) == login.emulator.refuse(url) == location


def test_a_parameter_given_twice_is_a_mistake(login: Login, browse: Browse) -> None:
    """As OAuth says."""
    location = browse("GET", f"{login.url()}&state=other").headers["Location"]

    assert answer(location)["error"] == "invalid_request"


@pytest.mark.parametrize(
    "scopes",
    [
        {"scopes": None},
        {"scopes": None, "scope": "sso:account:access"},
        {"scopes": "sso:account:access,codewhisperer:completions"},
    ],
)
def test_scopes_may_be_named_in_any_way(
    sso_emulator: Emulator, ask: Ask, scopes: dict[str, str | None]
) -> None:
    """As the service calls them, as OAuth does, or not at all."""
    login = Login(sso_emulator, ask, scopes=["sso:account:access", "codewhisperer:completions"])

    assert "code" in answer(sso_emulator.authorize(login.url(**scopes)))


def test_a_client_that_did_not_register_for_codes_gets_none(
    sso_emulator: Emulator, ask: Ask
) -> None:
    """Neither on the page nor for a code it got hold of."""
    login = Login(sso_emulator, ask, grantTypes=["refresh_token"])

    location = sso_emulator.authorize(login.url())

    assert answer(location)["error"] == "unauthorized_client"
    status, refusal = login.trade(location, code="stolen")
    assert (status, refusal["error"]) == (400, "unauthorized_client")


@pytest.mark.parametrize("padding", ["", "="])
def test_a_challenge_may_be_padded(login: Login, padding: str) -> None:
    """The AWS CLI pads its own, OAuth does not."""
    challenge = answer(login.url())["code_challenge"].rstrip("=")

    location = login.emulator.authorize(login.url(code_challenge=challenge + padding))

    assert login.trade(location)[0] == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"codeVerifier": "w" * 64},
        {"codeVerifier": "é"},
        {"redirectUri": REGISTERED},
        {"code": "made up"},
    ],
)
def test_a_code_is_good_only_with_all_that_belongs_to_it(
    login: Login, changes: dict[str, str]
) -> None:
    """The verifier and the address of the request."""
    status, refusal = login.trade(login.emulator.authorize(login.url()), **changes)

    assert (status, refusal["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("name", ["code", "redirectUri", "codeVerifier"])
def test_a_trade_that_lacks_something_is_an_invalid_request(login: Login, name: str) -> None:
    """A client is told what it forgot."""
    status, refusal = login.trade(login.emulator.authorize(login.url()), **{name: ""})

    assert (status, refusal["error"]) == (400, "invalid_request")
    assert name in refusal["error_description"]


def test_a_code_is_good_once(login: Login) -> None:
    """Also when the first attempt failed."""
    first, second = (login.emulator.authorize(login.url()) for _ in range(2))

    assert [login.trade(first)[0] for _ in range(2)] == [200, 400]
    assert login.trade(second, codeVerifier="w" * 64)[0] == 400
    assert login.trade(second)[1]["error"] == "invalid_grant"


def test_a_code_expires(login: Login) -> None:
    """After as long as the settings say."""
    login.emulator.settings.authorization_code = 30
    location = login.emulator.authorize(login.url())

    login.emulator.clock.advance(30)

    assert "expired" in login.trade(location)[1]["error_description"]


def test_a_code_of_another_client_is_refused_and_kept(
    login: Login, sso_emulator: Emulator, ask: Ask
) -> None:
    """A thief gains nothing and spoils nothing."""
    location = sso_emulator.authorize(login.url())

    assert Login(sso_emulator, ask).trade(location)[1]["error"] == "invalid_grant"
    assert login.trade(location)[0] == 200


def test_the_page_is_closed_to_an_expired_registration(login: Login, browse: Browse) -> None:
    """The client must register again."""
    login.emulator.clock.advance(90 * 86400)

    assert browse("GET", login.url()).status == 400


def test_the_stock_client_can_trade_a_code(login: Login, oidc: Any) -> None:
    """Where its model knows the verifier."""
    if (
        "codeVerifier"
        not in oidc.meta.service_model.operation_model("CreateToken").input_shape.members
    ):
        pytest.skip("this botocore is older than the flow")

    token = oidc.create_token(
        clientId=login.client["clientId"],
        clientSecret=login.client["clientSecret"],
        grantType="authorization_code",
        code=answer(login.emulator.authorize(login.url()))["code"],
        redirectUri=CALLBACK,
        codeVerifier=VERIFIER,
    )

    assert token["accessToken"]


def test_a_test_decides_without_a_browser(login: Login, ask: Ask, sso_emulator: Emulator) -> None:
    """From Python or over HTTP, in the name of any user."""
    status, text = ask("POST", "/_emulator/authorize", {"url": login.url(), "user": "bob"})
    token = login.trade(json.loads(text)["location"])[1]["accessToken"]
    found = sso_emulator.state.tokens.find(token)
    assert status == 200
    assert found
    assert found.user == "bob"

    location = json.loads(ask("POST", "/_emulator/refuse", {"url": login.url()})[1])["location"]
    assert location == sso_emulator.refuse(login.url())


@pytest.mark.parametrize(
    "arguments",
    [{}, {"url": "https://oidc.eu-central-1.amazonaws.com/authorize?x=y"}, {"user": "bob"}],
)
def test_a_decision_on_something_else_is_a_mistake(
    sso_emulator: Emulator, ask: Ask, arguments: dict[str, str]
) -> None:
    """A client that opens the page of another server does not pass unnoticed."""
    assert ask("POST", "/_emulator/authorize", arguments)[0] == 400
    if "url" in arguments:
        with pytest.raises(ValueError, match="is not http"):
            sso_emulator.authorize(arguments["url"])


def test_an_answer_joins_a_query_that_is_there_already(sso_emulator: Emulator, ask: Ask) -> None:
    """The client's own parameters survive."""
    login = Login(sso_emulator, ask, redirectUris=["http://127.0.0.1:1/back?kept=yes"])

    location = sso_emulator.authorize(
        login.url(redirect_uri="http://127.0.0.1:1/back?kept=yes", state=None)
    )

    assert parse_qs(urlsplit(location).query).keys() == {"kept", "code"}


@pytest.mark.parametrize(
    ("redirect_uri", "registered", "same"),
    [
        ("http://127.0.0.1:1/a", "http://127.0.0.1/a", True),
        ("http://127.0.0.1/a", "http://127.0.0.1/a", True),
        ("http://[::1]:1/a", "http://[::1]/a", True),
        ("http://127.0.0.1:/a", "http://127.0.0.1/a", False),
        ("http://127.0.0.1:1/b", "http://127.0.0.1/a", False),
        ("http://127.0.0.1:1/a?b", "http://127.0.0.1/a", False),
        ("http://127.0.0.1:1/a#b", "http://127.0.0.1/a", False),
        ("http://127.0.0.1:1\n/a", "http://127.0.0.1/a", False),
        ("https://127.0.0.1:1/a", "http://127.0.0.1/a", False),
        ("http://127.0.0.2:1/a", "http://127.0.0.1/a", False),
        ("http://127.0.0.1:2/a", "http://127.0.0.1:1/a", False),
        ("http://localhost:1/a", "http://localhost/a", False),
    ],
)
def test_only_the_port_of_a_loopback_address_may_vary(
    redirect_uri: str, registered: str, *, same: bool
) -> None:
    """RFC 8252, section 7.3."""
    assert matches(redirect_uri, registered) is same
