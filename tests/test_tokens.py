"""Access tokens against the emulator: loaded, renewed, saved, or a clear word to the person."""

from __future__ import annotations

import json
import logging
import stat
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import (
    EndpointConnectionError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.session import Session

from sso_plugin import LoginRequired, PortalError
from sso_plugin.clock import Clock
from sso_plugin.config import SsoProfile
from sso_plugin.tokens import AccessToken, TokenSource, TokenState

if TYPE_CHECKING:
    from world import World

HOUR = 3600


def source_of(name: str = "dev") -> TokenSource:
    session = Session(profile=name)
    profile = SsoProfile.of(session)
    assert profile is not None
    return TokenSource.of(session, profile)


def test_the_token_of_the_aws_cli_is_used_as_it_is(world: World) -> None:
    """A fresh token costs no request and no write."""
    signed_in = world.sign_in()
    before = world.token_file().read_text()
    assert source_of().fetch().value == signed_in.access_token
    assert world.token_file().read_text() == before
    assert len(world.emulator.requests) == 0


@pytest.mark.parametrize("suffix", ["Z", "UTC", "+00:00", ".000Z"])
def test_timestamps_of_other_tools_are_understood(world: World, suffix: str) -> None:
    """Older tools wrote a UTC suffix, other SDKs write fractions."""
    expires = "2100-01-01T00:00:00" + suffix
    signed_in = world.sign_in(expiresAt=expires)
    assert source_of().fetch().value == signed_in.access_token


@pytest.mark.parametrize("left", [-1, 60, 14 * 60])
def test_a_token_that_is_due_is_renewed_and_saved(world: World, left: int) -> None:
    """By its refresh token, with the registration and all that others wrote kept."""
    world.emulator.settings.access_token = left if left > 0 else 1
    old = world.sign_in(note="of another tool")
    world.age_token(8 * HOUR)
    world.emulator.settings.access_token = 8 * HOUR
    if left < 0:
        world.emulator.clock.advance(2)
        rewrite(world, expiresAt="2020-01-01T00:00:00Z")
    token = source_of().fetch()
    saved = json.loads(world.token_file().read_text())
    assert world.count("CreateToken") == 1
    assert token.value == saved["accessToken"] != old.access_token
    assert saved["note"] == "of another tool"
    assert saved["refreshToken"]
    assert saved["clientId"] == old.client_id
    assert token.state(world.emulator.clock.now()) is TokenState.FRESH
    assert stat.S_IMODE(world.token_file().stat().st_mode) == 0o600
    assert source_of().fetch().value == token.value


def rewrite(world: World, **changes: object) -> None:
    document = {**json.loads(world.token_file().read_text()), **changes}
    kept = {key: value for key, value in document.items() if value is not None}
    world.token_file().write_text(json.dumps(kept))


def test_a_saved_token_has_exactly_the_keys_of_the_aws_cli(world: World) -> None:
    """Other SDKs read the file; it must hold no more and no less than a login writes."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    before = json.loads(world.token_file().read_text())
    source_of().fetch()
    after = json.loads(world.token_file().read_text())
    assert set(after) == set(before)
    assert {key: after[key] for key in ("startUrl", "region", "registrationExpiresAt")} == {
        key: before[key] for key in ("startUrl", "region", "registrationExpiresAt")
    }


def test_a_legacy_token_works_until_it_expires(world: World) -> None:
    """Without a refresh token there is nothing to renew, and nothing to complain about."""
    world.configure(world.emulator.profile(legacy=True))
    name = world.emulator.start_url
    signed_in = world.sign_in(name=name, refreshToken=None, clientId=None, clientSecret=None)
    assert source_of().fetch().value == signed_in.access_token
    world.sign_in(name=name, refreshToken=None, expiresAt="2020-01-01T00:00:00Z")
    with pytest.raises(LoginRequired) as caught:
        source_of().fetch()
    assert str(caught.value) == (
        'The profile "dev" needs a login: its token expired at 2020-01-01T00:00:00Z. '
        "Run: sso-plugin login --profile dev"
    )


def test_without_a_token_the_error_names_the_file_and_the_command(world: World) -> None:
    """And it is each of the errors that botocore raises in its place."""
    with pytest.raises(LoginRequired) as caught:
        source_of().fetch()
    assert str(caught.value) == (
        f'The profile "dev" needs a login: there is no token in {world.token_file()}. '
        "Run: sso-plugin login --profile dev"
    )
    for kind in (UnauthorizedSSOTokenError, SSOTokenLoadError, TokenRetrievalError):
        assert isinstance(caught.value, kind)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"accessToken": 7}', '{"expiresAt": "x"}'])
def test_a_damaged_token_file_is_no_token(world: World, content: str) -> None:
    """No KeyError, no JSON error: the person is told to log in."""
    world.sign_in()
    world.token_file().write_text(content)
    with pytest.raises(LoginRequired, match="there is no token in"):
        source_of().fetch()


def test_a_refresh_token_that_is_refused_needs_a_login(world: World) -> None:
    """After invalid_grant there is nothing that a program could do."""
    world.sign_in(refreshToken="made-up", expiresAt="2020-01-01T00:00:00Z")
    with pytest.raises(LoginRequired) as caught:
        source_of().fetch()
    assert str(caught.value) == (
        'The profile "dev" needs a login: its token cannot be renewed any more '
        "(InvalidGrantException). Run: sso-plugin login --profile dev"
    )


def test_a_registration_that_has_run_out_is_not_tried(world: World) -> None:
    """The portal would refuse it; the person is told at once."""
    world.sign_in(registrationExpiresAt="2020-01-01T00:00:00Z", expiresAt="2020-01-02T00:00:00Z")
    with pytest.raises(LoginRequired, match="its token expired at 2020-01-02T00:00:00Z"):
        source_of().fetch()
    assert world.count("CreateToken") == 0


@pytest.mark.parametrize("status", [400, 500])
def test_a_failed_renewal_leaves_a_living_token_in_use(
    world: World, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Stale is not expired; one line in the log says that something is wrong."""
    world.emulator.settings.access_token = 60
    signed_in = world.sign_in()
    world.age_token(HOUR)
    world.emulator.faults.add("CreateToken", status=status, code="InternalServerException")
    assert source_of().fetch().value == signed_in.access_token
    assert [record.levelno for record in caplog.records if "sso_plugin" in record.name] == [
        logging.WARNING
    ]


def test_an_expired_token_and_a_portal_that_is_down_is_an_error_of_the_portal(
    world: World,
) -> None:
    """A login would not help, so none is asked for."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    world.emulator.faults.add("CreateToken", status=500, code="InternalServerException")
    with pytest.raises(PortalError, match="was refused CreateToken by") as caught:
        source_of().fetch()
    assert caught.value.retryable


def test_a_portal_that_is_not_there_is_said_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the service, the region and the address; still botocore's EndpointConnectionError."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", "http://127.0.0.1:9")
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    with pytest.raises(PortalError) as caught:
        source_of().fetch()
    assert str(caught.value) == (
        'The profile "dev" cannot reach Identity Center (sso-oidc in eu-central-1): Could not '
        'connect to the endpoint URL: "http://127.0.0.1:9/token". '
        "Run: sso-plugin doctor --profile dev"
    )
    assert isinstance(caught.value, EndpointConnectionError)


def test_a_rejected_token_is_renewed_though_its_time_is_not_up(world: World) -> None:
    """The portal may revoke a token; the refresh token may still be good."""
    signed_in = world.sign_in()
    assert source_of().fetch(rejected=signed_in.access_token).value != signed_in.access_token


def test_a_token_that_another_program_renewed_meanwhile_is_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The AWS CLI does not take our lock: it may have spent the refresh token first."""
    world.emulator.settings.refresh_tokens = "rotate"
    world.sign_in(refreshToken="spent", expiresAt="2020-01-01T00:00:00Z")
    theirs: list[str] = []
    source = source_of()
    create_token = source.portal.create_token

    def refused_while_the_cli_logs_in(*args: str, **kwargs: str) -> object:
        theirs.append(world.sign_in().access_token)
        return create_token(*args, **kwargs)

    monkeypatch.setattr(source.portal, "create_token", refused_while_the_cli_logs_in)
    assert [source.fetch().value] == theirs


def test_no_repr_and_no_log_shows_a_token(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Neither value nor refresh token nor client secret, at any level of our own loggers."""
    caplog.set_level(logging.DEBUG, logger="sso_plugin")
    signed_in = world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    token = source_of().fetch()
    ours = "".join(record.getMessage() for record in caplog.records if "sso_plugin" in record.name)
    for secret in (
        token.value,
        signed_in.access_token,
        str(signed_in.refresh_token),
        signed_in.client_secret,
    ):
        assert secret not in repr(token)
        assert secret not in ours


def test_a_token_without_its_parts_is_none() -> None:
    """What cannot be understood is treated as absent."""
    assert AccessToken.from_entry(None, Clock()) is None
