"""The renewal of access tokens against the emulator: what it saves, and what its failures mean."""

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
from botocore.exceptions import EndpointConnectionError
from tokens import HOUR, during_renewal, outage_file, rewrite, source_of, stale_token
from world import wait_until

from sso_plugin import LoginRequired, PortalError
from sso_plugin.credentials import token_renewal
from sso_plugin.credentials.access_token import TokenState
from sso_plugin.portal import outage
from sso_plugin.storage.waiting import is_waiting

if TYPE_CHECKING:
    from world import World

    from sso_plugin.credentials.token_source import TokenSource


@pytest.mark.parametrize("left", [-1, 60, 14 * 60])
def test_a_token_that_is_due_is_renewed_and_saved(world: World, left: int) -> None:
    """The registration and the keys of other programs stay in the file."""
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


def test_a_saved_token_has_exactly_the_keys_of_the_aws_cli(world: World) -> None:
    """Other SDKs read the file."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    before = json.loads(world.token_file().read_text())
    source_of().fetch()
    after = json.loads(world.token_file().read_text())
    assert set(after) == set(before)
    assert {key: after[key] for key in ("startUrl", "region", "registrationExpiresAt")} == {
        key: before[key] for key in ("startUrl", "region", "registrationExpiresAt")
    }


@pytest.mark.long
def test_a_refused_refresh_token_needs_a_login(world: World) -> None:
    """No program can do anything after invalid_grant."""
    world.sign_in(refreshToken="made-up", expiresAt="2020-01-01T00:00:00Z")
    with pytest.raises(LoginRequired) as caught:
        source_of().fetch()
    assert str(caught.value) == (
        'The profile "dev" needs a login: its refresh token has expired or was revoked '
        "(InvalidGrantException). Run: sso-plugin login --profile dev"
    )


@pytest.mark.parametrize("status", [400, 500])
def test_a_valid_token_is_used_after_a_failed_renewal(
    world: World, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has one warning."""
    world.emulator.settings.access_token = 60
    signed_in = world.sign_in()
    world.age_token(HOUR)
    world.emulator.faults.add("CreateToken", status=status, code="InternalServerException")
    assert source_of().fetch().value == signed_in.access_token
    assert [record.levelno for record in caplog.records if "sso_plugin" in record.name] == [
        logging.WARNING
    ]


def test_an_expired_token_and_a_failing_portal_are_a_portal_error(
    world: World,
) -> None:
    """A login would not help, so none is requested."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    world.emulator.faults.add("CreateToken", status=500, code="InternalServerException")
    with pytest.raises(PortalError, match="was refused CreateToken by") as caught:
        source_of().fetch()
    assert caught.value.retryable


def test_the_error_for_an_unreachable_portal_names_its_address(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And service and region. It is botocore's EndpointConnectionError, too."""
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


def test_a_token_that_another_program_has_renewed_is_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The AWS CLI does not use our lock: it may have spent the refresh token first."""
    world.emulator.settings.refresh_tokens = "rotate"
    world.sign_in(refreshToken="spent", expiresAt="2020-01-01T00:00:00Z")
    theirs: list[str] = []
    source = source_of()
    during_renewal(monkeypatch, source, lambda: theirs.append(world.sign_in().access_token))
    assert [source.fetch().value] == theirs


@pytest.mark.long
def test_the_attempt_timeout_of_a_refused_renewal_doubles(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One second, then two, in all processes. The log has the first failure and the success."""
    caplog.set_level(logging.INFO)
    age = 0.1

    def seconds_after_failure() -> float:
        """Return a time of that many seconds after the last failure, however long a call takes."""
        file = outage_file(world)
        return file.stat().st_mtime + age if file.exists() else time.time()

    monkeypatch.setattr(outage, "time", SimpleNamespace(time=seconds_after_failure))
    token = stale_token(world)
    refused = world.emulator.faults.add("CreateToken", status=400, code="InvalidGrantException")
    tries = []
    for age in (0.1, 0.1, 1.5, 0.5, 2.5, 0.5):  # noqa: B007 - read by the clock
        assert {source_of().fetch().value for _ in range(3)} == {token}
        tries.append(world.count("CreateToken"))
    assert tries == [1, 1, 2, 2, 3, 3]
    age = 60.0
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
def test_the_file_is_read_again_only_if_the_refresh_token_may_be_spent(
    world: World, monkeypatch: pytest.MonkeyPatch, status: int, expires: str, pauses: list[float]
) -> None:
    """Another program that has spent it is about to write its new token."""
    stale_token(world)
    if expires:
        rewrite(world, expiresAt=expires)
    world.emulator.faults.add("CreateToken", status=status, code="InvalidGrantException")
    slept: list[float] = []
    source = source_of()
    clocks = {"time": time.time, "monotonic": time.monotonic}
    monkeypatch.setattr(token_renewal, "time", SimpleNamespace(**clocks, sleep=slept.append))
    with contextlib.suppress(LoginRequired, PortalError):
        source.fetch()
    assert slept == pauses


@pytest.mark.long
def test_an_expired_token_of_another_program_is_not_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a refused renewal, only a valid token helps."""
    world.sign_in(refreshToken="spent", expiresAt="2020-01-01T00:00:00Z")
    source = source_of()
    during_renewal(monkeypatch, source, lambda: world.sign_in(expiresAt="2020-01-02T00:00:00Z"))
    with pytest.raises(LoginRequired, match=r"has expired or was revoked \(InvalidGrantException"):
        source.fetch()


@pytest.mark.long
def test_callers_that_waited_for_a_failed_renewal_do_not_repeat_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five callers with a failing portal send one request."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    code = "InvalidGrantException"
    world.emulator.faults.add("CreateToken", status=400, code=code, latency=0.3)
    sources = [source_of() for _ in range(5)]
    begin, errors = threading.Barrier(5), list[str]()

    def fetch(source: TokenSource) -> None:
        begin.wait(60)
        with pytest.raises(LoginRequired) as caught:
            source.fetch()
        errors.append(str(caught.value))

    threads = [threading.Thread(target=fetch, args=(source,)) for source in sources]
    for source in sources:
        during_renewal(
            monkeypatch, source, lambda: wait_until(lambda: sum(map(is_waiting, threads)) == 4)
        )
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(errors) == 5
    assert len(set(errors)) == 1
    assert world.count("CreateToken") == 1


@pytest.mark.long
def test_a_script_that_ends_during_a_renewal_saves_the_new_token(world: World) -> None:
    """The refresh token is spent by then, and the response is not there yet."""
    world.emulator.settings.refresh_tokens = "rotate"
    stale_token(world)
    world.emulator.settings.access_token = 8 * HOUR
    script = """
import boto3, sso_plugin
from sso_plugin.credentials import background
background._EXIT_TIMEOUT *= 20  # this machine may be slow
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


@pytest.mark.long
def test_a_logout_during_a_refused_renewal_needs_a_login(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deleted token file causes no other error."""
    world.sign_in(refreshToken="spent", expiresAt="2020-01-01T00:00:00Z")
    source = source_of()
    during_renewal(monkeypatch, source, lambda: world.token_file().unlink())
    with pytest.raises(LoginRequired, match="has expired or was revoked"):
        source.fetch()
