"""Access tokens against the emulator: loaded, renewed, saved, or a clear word to the person."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import stat
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import (
    EndpointConnectionError,
    HTTPClientError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.session import Session

from sso_plugin import LoginRequired, PortalError
from sso_plugin.clock import Clock
from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials import Login, token_renewal
from sso_plugin.credentials.access_token import AccessToken, TokenState
from sso_plugin.credentials.token_source import TokenSource
from sso_plugin.errors import PortalUnreachable
from sso_plugin.portal.error_map import Caller
from sso_plugin.portal.outage import Outage
from sso_plugin.storage.file_cache import FileCache, token_cache

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from world import World

HOUR = 3600


def source_of(name: str = "dev") -> TokenSource:
    session = Session(profile=name)
    profile = SsoProfile.of(session)
    assert profile is not None
    return TokenSource(Login.of(session, profile))


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


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is damaged: it is not a JSON object"),
        ("{", "is damaged: it is not a JSON object"),
        ("[]", "is damaged: it is not a JSON object"),
        ('{"accessToken": 7}', "there is no token in"),
        ('{"expiresAt": "x"}', "there is no token in"),
    ],
)
def test_a_damaged_token_file_is_no_token(world: World, content: str, reason: str) -> None:
    """No KeyError, no JSON error: the person is told to log in."""
    world.sign_in()
    world.token_file().write_text(content)
    with pytest.raises(LoginRequired, match=reason):
        source_of().fetch()


def test_a_refresh_token_that_is_refused_needs_a_login(world: World) -> None:
    """After invalid_grant there is nothing that a program could do."""
    world.sign_in(refreshToken="made-up", expiresAt="2020-01-01T00:00:00Z")
    with pytest.raises(LoginRequired) as caught:
        source_of().fetch()
    assert str(caught.value) == (
        'The profile "dev" needs a login: its refresh token has expired or was revoked '
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
        'The profile "dev" cannot reach Identity Center (sso-oidc in eu-central-1, at '
        'http://127.0.0.1:9): Could not connect to the endpoint URL: "http://127.0.0.1:9/token". '
        "Run: sso-plugin doctor --profile dev"
    )
    assert isinstance(caught.value, EndpointConnectionError)


def test_a_rejected_token_is_renewed_though_its_time_is_not_up(world: World) -> None:
    """The portal may revoke a token; the refresh token may still be good."""
    signed_in = world.sign_in()
    assert source_of().fetch(rejected=signed_in.access_token).value != signed_in.access_token


def during_renewal(
    monkeypatch: pytest.MonkeyPatch, source: TokenSource, happens: Callable[[], object]
) -> None:
    """Have something happen just before the portal hears of a renewal."""
    create_token = source.login.portal.create_token

    def late(*args: str, **kwargs: str) -> object:
        happens()
        return create_token(*args, **kwargs)

    monkeypatch.setattr(source.login.portal, "create_token", late)


def test_a_token_that_another_program_renewed_meanwhile_is_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The AWS CLI does not take our lock: it may have spent the refresh token first."""
    world.emulator.settings.refresh_tokens = "rotate"
    world.sign_in(refreshToken="spent", expiresAt="2020-01-01T00:00:00Z")
    theirs: list[str] = []
    source = source_of()
    during_renewal(monkeypatch, source, lambda: theirs.append(world.sign_in().access_token))
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


def outage_file(world: World) -> Path:
    return world.home / ".aws/sso-plugin" / f"outage-{world.token_file().stem}.json"


def stale_token(world: World) -> str:
    """Put a token into the cache that lives for another minute."""
    world.emulator.settings.access_token = 60
    token = world.sign_in().access_token
    world.age_token(HOUR)
    return token


def test_a_renewal_that_is_refused_is_not_tried_with_every_use(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """For a second, then for two, in all processes; told once, and when it is over."""
    caplog.set_level(logging.INFO)
    token = stale_token(world)
    refused = world.emulator.faults.add("CreateToken", status=400, code="InvalidGrantException")
    tries = []
    for age in (0.0, 0.0, 1.5, 0.5, 2.5, 0.5):
        if outage_file(world).exists():
            then = time.time() - age
            os.utime(outage_file(world), (then, then))
        assert {source_of().fetch().value for _ in range(3)} == {token}
        tries.append(world.count("CreateToken"))
    assert tries == [1, 1, 2, 2, 3, 3]
    then = time.time() - 60
    os.utime(outage_file(world), (then, then))
    world.emulator.faults.clear()
    assert refused
    assert source_of().fetch().value != token
    assert not outage_file(world).exists()
    ours = [
        record for record in caplog.records if record.name == "sso_plugin.credentials.token_renewal"
    ]
    assert [record.levelname for record in ours] == ["WARNING", "INFO"]
    start_url = world.emulator.start_url
    assert ours[1].getMessage() == f"Renewed the access token of {start_url} after 3 failures"


@pytest.mark.parametrize(
    ("status", "expires", "pauses"),
    [
        (400, "2020-01-01T00:00:00Z", [0.0, 0.05, 0.15, 0.3, 0.5]),
        (400, "", [0.0]),
        (500, "2020-01-01T00:00:00Z", [0.0]),
    ],
)
def test_a_latecomer_is_waited_for_only_if_nothing_else_helps(
    world: World, monkeypatch: pytest.MonkeyPatch, status: int, expires: str, pauses: list[float]
) -> None:
    """The other program's token is on its way only if the refresh token was spent."""
    stale_token(world)
    if expires:
        rewrite(world, expiresAt=expires)
    world.emulator.faults.add("CreateToken", status=status, code="InvalidGrantException")
    slept: list[float] = []
    source = source_of()
    monkeypatch.setattr(token_renewal, "time", SimpleNamespace(time=time.time, sleep=slept.append))
    with contextlib.suppress(LoginRequired, PortalError):
        source.fetch()
    assert slept == pauses


def test_a_token_of_another_program_that_has_expired_is_no_help(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there after a refused renewal has to live."""
    world.sign_in(refreshToken="spent", expiresAt="2020-01-01T00:00:00Z")
    source = source_of()
    during_renewal(monkeypatch, source, lambda: world.sign_in(expiresAt="2020-01-02T00:00:00Z"))
    with pytest.raises(LoginRequired, match=r"has expired or was revoked \(InvalidGrantException"):
        source.fetch()


def test_those_who_waited_for_a_failed_renewal_do_not_repeat_it(world: World) -> None:
    """Five that find the portal down at the same moment ask it once."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    code = "InvalidGrantException"
    world.emulator.faults.add("CreateToken", status=400, code=code, latency=0.3)
    sources = [source_of() for _ in range(5)]
    begin, errors = threading.Barrier(5), list[str]()

    def fetch(source: TokenSource) -> None:
        begin.wait(10)
        with pytest.raises(LoginRequired) as caught:
            source.fetch()
        errors.append(str(caught.value))

    threads = [threading.Thread(target=fetch, args=(source,)) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(errors) == 5
    assert len(set(errors)) == 1
    assert world.count("CreateToken") == 1


def test_a_token_that_lives_does_not_wait_for_its_renewal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process renews it, or hangs while it tries: nobody is kept from working."""
    token = stale_token(world)
    source, waits = source_of(), list[float | None]()
    locked = source.login.store.locked

    def noted(key: str, timeout: float | None = None) -> AbstractContextManager[bool]:
        waits.append(timeout)
        return locked(key, timeout)

    monkeypatch.setattr(source.login.store, "locked", noted)
    with token_cache().locked(world.token_file().stem):
        assert source.fetch().value == token
    assert waits == [0.0]
    assert world.count("CreateToken") == 0


def test_a_failure_that_is_shared_is_told_to_each_in_its_own_name(tmp_path: Path) -> None:
    """Another process has another profile, and so another command."""
    cache = FileCache(tmp_path)
    names = ("dev", "prod")
    profiles = [SsoProfile(name=name, start_url="https://x", region="r") for name in names]
    dev, prod = (Outage(cache, "key", profile) for profile in profiles)
    began = time.time() - 1
    with pytest.raises(PortalUnreachable) as caught, caller("dev").mapped_errors():
        raise EndpointConnectionError(endpoint_url="https://x")
    dev.note(caught.value)
    assert str(dev.since(began)) == str(caught.value)
    assert str(prod.since(began)) == str(caught.value).replace("dev", "prod")
    assert isinstance(prod.since(began), PortalUnreachable)
    assert prod.since(time.time() + 1) is None
    dev.note(PortalError(error_msg="It said nothing of anybody."))
    assert str(prod.since(began)) == "It said nothing of anybody."


def caller(name: str) -> Caller:
    return Caller(f'The profile "{name}"', "sso", "r", f"sso-plugin doctor --profile {name}")


def test_an_error_that_nobody_thought_of_is_not_quoted() -> None:
    """It may hold a header, as http.client's does of a value that it refuses."""
    with pytest.raises(PortalUnreachable) as caught, caller("dev").mapped_errors():
        raise HTTPClientError(error=ValueError("Invalid header value b'the token'"))
    assert str(caught.value) == (
        'The profile "dev" cannot reach Identity Center (sso in r): the request ended in '
        "ValueError. Run: sso-plugin doctor --profile dev"
    )
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("value", ["a\nb", "", "\x00", "\u00e4"])
def test_a_token_that_no_header_can_hold_is_none(world: World, value: str) -> None:
    """Somebody has pasted it."""
    world.sign_in(accessToken=value)
    with pytest.raises(LoginRequired, match="there is no token in"):
        source_of().fetch()


def test_a_script_that_ends_during_a_renewal_does_not_lose_the_login(world: World) -> None:
    """The refresh token is spent by then, and the new one on its way."""
    world.emulator.settings.refresh_tokens = "rotate"
    stale_token(world)
    world.emulator.settings.access_token = 8 * HOUR
    script = """
import boto3, sso_plugin
sso_plugin.enable()
print(boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Account"])
"""
    world.emulator.settings.role_credentials = 3600
    assert world.run(script).stdout == "111111111111\n"
    assert world.count("CreateToken") == 1
    stale_token(world)
    [file] = world.role_files()
    document = json.loads(file.read_text())
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    document["Credentials"]["Expiration"] = soon
    file.write_text(json.dumps(document))
    then = time.time() - HOUR
    os.utime(file, (then, then))
    world.emulator.faults.add("CreateToken", latency=1.0)
    before = json.loads(world.token_file().read_text())["refreshToken"]
    done = world.run(script)
    assert (done.stdout, done.stderr) == ("111111111111\n", "")
    assert world.count("CreateToken") == 2
    assert json.loads(world.token_file().read_text())["refreshToken"] != before


def test_a_token_file_that_vanishes_during_a_renewal_is_no_other_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody logs out, and the refresh token is refused."""
    world.sign_in(refreshToken="spent", expiresAt="2020-01-01T00:00:00Z")
    source = source_of()
    during_renewal(monkeypatch, source, lambda: world.token_file().unlink())
    with pytest.raises(LoginRequired, match="has expired or was revoked"):
        source.fetch()
