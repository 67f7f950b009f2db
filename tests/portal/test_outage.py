"""Failures of the portal that processes share, and the back-off after them."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError
from caches import KEY, file_cache
from example_errors import RESPONSE, errors
from network import ServerTime, new_documents
from virtual_server import VirtualServer

from sso_plugin import PortalError
from sso_plugin.config.profile import SsoProfile
from sso_plugin.errors import NoAccess, PortalRefusal, PortalUnreachable, TokenLocked
from sso_plugin.portal.error_map import Caller
from sso_plugin.portal.outage import Outage, attempt_timeout
from sso_plugin.portal.unreachable import UNREACHABLE
from sso_plugin.storage.memory_cache import MemoryCache
from sso_plugin.storage.network.shared_documents import SHARED_NOTES

if TYPE_CHECKING:
    from pathlib import Path

FAILED = PortalError(error_msg="It failed.")


def outage() -> Outage:
    return Outage(MemoryCache(), "key", SsoProfile("dev", "https://x", "eu-central-1"))


class OutageFile:
    """An outage in a file whose age a test sets."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        profile = SsoProfile("dev", "https://x", "eu-central-1")
        self.outage = Outage(file_cache(folder), "key", profile)
        self.path = folder / "outage-key.json"

    def set_age(self, seconds: float) -> None:
        """Set the age in a time that stands still, also if this process does."""
        now = time.time()
        self._monkeypatch.setattr("time.time", lambda: now)
        os.utime(self.path, (now - seconds, now - seconds))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OutageFile:
    return OutageFile(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 1.0), (2, 2.0), (3, 4.0), (6, 32.0), (7, 60.0), (10**6, 60.0)]
)
def test_the_attempt_timeout_doubles_to_a_minute(failures: int, seconds: float) -> None:
    """Any number of failures is accepted."""
    assert attempt_timeout(failures) == seconds


def test_there_is_no_back_off_without_a_failure() -> None:
    """The first request is sent at once."""
    assert not outage().is_backing_off()


@pytest.mark.parametrize(("failures", "timeout"), [(1, 1.0), (2, 2.0), (4, 8.0)])
def test_the_back_off_ends_after_the_attempt_timeout(
    file: OutageFile, failures: int, timeout: float
) -> None:
    """It depends on the number of consecutive failures."""
    for _ in range(failures):
        file.outage.note(FAILED)
    file.set_age(timeout - 0.5)
    assert file.outage.is_backing_off()
    file.set_age(timeout + 0.5)
    assert not file.outage.is_backing_off()


def test_consecutive_failures_are_counted_until_the_outage_ends() -> None:
    """Both methods return the number of failures before."""
    shared = outage()
    assert [shared.note(FAILED) for _ in range(3)] == [0, 1, 2]
    assert shared.end() == 3
    assert shared.end() == 0
    assert shared.note(FAILED) == 0


def test_a_failure_of_long_ago_belongs_to_another_outage(file: OutageFile) -> None:
    """The next failure is the first one again."""
    file.outage.note(FAILED)
    file.set_age(119)
    assert file.outage.note(FAILED) == 1
    file.set_age(121)
    assert file.outage.note(FAILED) == 0


def test_a_file_from_the_future_is_ignored(file: OutageFile) -> None:
    """The clock was set back. Nothing waits until that time."""
    file.outage.note(FAILED)
    file.set_age(-3600)
    assert not file.outage.is_backing_off()
    assert file.outage.since(0.0) is None


def test_only_a_failure_during_the_wait_is_shared() -> None:
    """A process that began to wait afterwards sends its own request."""
    shared, began = outage(), time.time()
    assert shared.since(began) is None
    shared.note(FAILED)
    assert str(shared.since(began)) == "It failed."
    assert shared.since(time.time() + 1) is None


@pytest.mark.parametrize(
    "exc", [each for each in errors() if isinstance(each, PortalError)], ids=repr
)
def test_a_shared_failure_has_the_same_class(exc: PortalError) -> None:
    """A process that waited raises the error of the process that sent the request."""
    shared, began = outage(), time.time()
    shared.note(exc)
    found = shared.since(began)
    assert found
    expected = PortalError if isinstance(exc, TokenLocked) else type(exc)
    assert found.__class__.__mro__[1:] == expected.__mro__[1:]
    assert type(found).__name__ == expected.__name__
    assert found.retryable


def test_a_shared_failure_names_the_profile_of_its_reader(tmp_path: Path) -> None:
    """Another process has another profile, and so another command."""
    cache = file_cache(tmp_path)
    names = ("dev", "prod")
    profiles = [SsoProfile(name=name, start_url="https://x", region="r") for name in names]
    dev, prod = (Outage(cache, "key", profile) for profile in profiles)
    began = time.time() - 1
    caller = Caller('The profile "dev"', "sso", "r", "sso-plugin doctor --profile dev")
    with pytest.raises(PortalUnreachable) as caught, caller.mapped_errors():
        raise EndpointConnectionError(endpoint_url="https://x")
    dev.note(caught.value)
    assert str(dev.since(began)) == str(caught.value)
    assert str(prod.since(began)) == str(caught.value).replace("dev", "prod")
    assert isinstance(prod.since(began), PortalUnreachable)


@pytest.mark.parametrize("held", [None, 7, "nonsense", "SsoPluginError", [], {"a": 1}])
def test_a_damaged_file_is_still_an_error(held: object) -> None:
    """Each value in the file may be of any type, and a class may be unknown."""
    keys = ("kind", "message", "problem", "retryable", "operation", "said", "status", "request_id")
    for more in ({}, {"code": held, "attempts": held, "exhausted": held}):
        shared, began = outage(), time.time()
        shared._cache.put("outage-key", {**dict.fromkeys(keys, held), **more})
        found: Any = shared.since(began)
        expected: type[Any] = PortalRefusal if more else UNREACHABLE["EndpointConnectionError"]
        assert isinstance(found, expected)
        assert found.retryable is False
        if more:
            assert isinstance(found.response["ResponseMetadata"]["HTTPStatusCode"], int)


def refusal_of(kind: type[PortalRefusal | NoAccess], *, retryable: bool = False) -> Any:
    return kind(
        subject='The profile "dev"',
        problem="asks for the role x, which this user does not have",
        fix="Set sso_role_name to one of: Admin.",
        retryable=retryable,
        response=RESPONSE,
        operation_name="GetRoleCredentials",
    )


@pytest.mark.parametrize("kind", [NoAccess, PortalRefusal])
def test_a_refusal_of_the_last_seconds_is_shared(
    file: OutageFile, kind: type[PortalRefusal | NoAccess]
) -> None:
    """Machines that share a store do not repeat the request, although they began later."""
    assert file.outage.refusal() is None
    file.outage.note(refusal_of(kind))
    found = file.outage.refusal()
    assert type(found) is kind
    assert str(found) == str(refusal_of(kind))
    assert found.code == "InternalServerException"
    file.set_age(14)
    assert file.outage.refusal() is not None
    file.set_age(16)
    assert file.outage.refusal() is None


@pytest.mark.parametrize(
    "exc",
    [FAILED, refusal_of(PortalRefusal, retryable=True), UNREACHABLE["SSLError"](error_msg="x")],
)
def test_a_failure_that_may_end_is_no_refusal(file: OutageFile, exc: PortalError) -> None:
    """The request is repeated: it may succeed now."""
    file.outage.note(exc)
    assert file.outage.refusal() is None


def test_a_refusal_ends_with_the_outage(file: OutageFile) -> None:
    """The next request was successful."""
    file.outage.note(refusal_of(NoAccess))
    assert file.outage.end() == 1
    assert file.outage.refusal() is None


def test_a_refusal_of_the_future_is_ignored(file: OutageFile) -> None:
    """The clock was set back."""
    file.outage.note(refusal_of(NoAccess))
    file.set_age(-60)
    assert file.outage.refusal() is None


def test_a_refusal_gets_to_another_machine_with_its_age(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not repeated for as long as on the first one."""
    monkeypatch.setenv("SSO_PLUGIN_STORE_KEY", KEY)
    clock = ServerTime()
    server, profile = VirtualServer(clock.now), SsoProfile("dev", "https://x", "eu-central-1")
    one, two = (Outage(new_documents(server, kinds=SHARED_NOTES), "key", profile) for _ in range(2))
    one.note(refusal_of(NoAccess))
    clock.ahead = 10
    assert isinstance(two.refusal(), NoAccess)
    clock.ahead = 20
    three = Outage(new_documents(server, kinds=SHARED_NOTES), "key", profile)
    assert three.refusal() is None
