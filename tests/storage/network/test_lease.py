"""The lock on the server: who has it, for how long, and what a lost or delayed request does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from sso_plugin.storage.network import lease as module
from sso_plugin.storage.network.lease import LEASE, LONG_LEASE, Lease, owner_of
from sso_plugin.storage.network.scripts import ACQUIRE, CONFIRM, RELEASE, RENEW, Script
from sso_plugin.storage.network.server_errors import ServerAwayError

if TYPE_CHECKING:
    from collections.abc import Callable

    from network import Interrupted, ServerTime
    from virtual_server import VirtualServer

LOCK, DOCUMENT = "{a}:tokens:b:lock", "{a}:tokens:b"
MARGIN = 1.0
"""Seconds of the server that a test may take, on a busy machine, before a lease counts as ended."""

WRITE = Script("write", "return redis.call('HSET', KEYS[1], 'v', '1', 'id', ARGV[1])")


class NoHeartbeat:
    """The requests of a heartbeat, which a test sends itself."""

    def __init__(self, beat: Callable[[], object], interval: float) -> None:
        self.beat = beat
        self.interval = interval
        self.is_running = False

    def start(self) -> None:
        self.is_running = True

    def stop(self) -> None:
        self.is_running = False


@pytest.fixture(autouse=True)
def _no_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Heartbeat", NoHeartbeat)


def lease_of(server: Interrupted, owner: str) -> Lease:
    return Lease(server, LOCK, DOCUMENT, f"{owner} process 1 00")


def heartbeat_of(lease: Lease) -> Any:
    return lease._heartbeat


@pytest.fixture
def one(server: Interrupted) -> Lease:
    return lease_of(server, "one")


@pytest.fixture
def two(server: Interrupted) -> Lease:
    return lease_of(server, "two")


def store(server: Interrupted, identity: str = "id") -> None:
    server.call(WRITE, [DOCUMENT], [identity])


def left(virtual: VirtualServer) -> float:
    """Return the seconds until the lock ends by itself."""
    milliseconds, _ = virtual.show(LOCK)
    return (milliseconds or 0) / 1000


def is_free(server: Interrupted) -> bool:
    """Return whether another process could get the lock. It is free afterwards if it was."""
    other = lease_of(server, "other")
    found = other.acquire()
    other.release()
    return found


class TestOwners:
    """A lock has one owner at a time."""

    def test_the_second_one_waits_for_the_first(self, one: Lease, two: Lease) -> None:
        """It learns who has the lock."""
        assert one.acquire()
        assert not two.acquire()
        assert (one.is_held, two.is_held) == (True, False)
        assert two.owner == "one process 1 00"
        one.release()
        assert two.acquire()

    def test_an_attempt_of_another_one_does_not_extend_it(
        self, one: Lease, two: Lease, clock: ServerTime
    ) -> None:
        """Otherwise a lock whose holder was killed would stay as long as others wait."""
        assert one.acquire()
        clock.ahead = LEASE - MARGIN
        assert not two.acquire()
        clock.ahead = LEASE + MARGIN
        assert two.acquire()

    def test_the_same_process_gets_it_again(self, server: Interrupted, one: Lease) -> None:
        """A request whose reply was lost may have locked it."""
        assert one.acquire()
        again = lease_of(server, "one")
        assert again.acquire()
        again.release()
        assert is_free(server)

    def test_a_lost_reply_makes_no_lock_without_an_owner(
        self, server: Interrupted, one: Lease, two: Lease
    ) -> None:
        """The next attempt of the process has it, and releases it."""
        server.lose = lambda script: "reply" if script is ACQUIRE else None
        with pytest.raises(ServerAwayError):
            one.acquire()
        server.lose = lambda _: None
        assert not two.acquire()
        assert one.acquire()
        one.release()
        assert two.acquire()

    def test_the_version_of_the_document_comes_with_it(
        self, server: Interrupted, one: Lease, two: Lease
    ) -> None:
        """Also for those who wait: they read a document that has changed."""
        one.acquire()
        assert one.version is None
        store(server)
        two.acquire()
        assert two.version == b"1"

    def test_processes_and_their_children_are_different_owners(self) -> None:
        """Each of them is the same one every time."""
        own = owner_of(os.getpid())
        assert own == owner_of(os.getpid())
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writer, owner_of(os.getpid()).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as stream:
            of_child = stream.read()
        assert os.waitpid(child, 0)[1] == 0
        assert f" process {child} " in of_child
        assert f" process {os.getpid()} " in own
        assert of_child.rpartition(" ")[2] != own.rpartition(" ")[2]


class TestEnd:
    """How a lock ends."""

    def test_it_ends_by_itself(self, one: Lease, two: Lease, clock: ServerTime) -> None:
        """Its holder was killed."""
        assert one.acquire()
        clock.ahead = LEASE + MARGIN
        assert two.acquire()

    def test_a_holder_that_has_lost_it_does_not_release_that_of_another_one(
        self, server: Interrupted, one: Lease, two: Lease, clock: ServerTime
    ) -> None:
        """It was paused for long."""
        one.acquire()
        clock.ahead = LEASE + MARGIN
        two.acquire()
        one.release()
        assert not is_free(server)

    def test_one_that_was_not_held_is_not_released(self, server: Interrupted, two: Lease) -> None:
        """No request is sent."""
        two.release()
        assert server.calls == []

    def test_a_second_release_does_nothing(self, server: Interrupted, one: Lease) -> None:
        """One request is sent."""
        one.acquire()
        one.release()
        one.release()
        assert server.calls == ["acquire", "release"]

    def test_without_the_server_it_ends_by_itself(
        self, server: Interrupted, one: Lease, clock: ServerTime
    ) -> None:
        """The release is no error."""
        one.acquire()
        server.lose = lambda script: "request" if script is RELEASE else None
        one.release()
        assert not is_free(server)
        clock.ahead = LEASE + MARGIN
        assert is_free(server)


class TestHeartbeat:
    """A holder renews its lock as long as it has it."""

    def test_it_renews_the_lock_in_time(
        self, server: Interrupted, one: Lease, virtual: VirtualServer, clock: ServerTime
    ) -> None:
        """Two requests may be lost before it ends."""
        one.acquire()
        heartbeat = heartbeat_of(one)
        assert heartbeat.is_running
        assert heartbeat.interval * 3 <= LEASE
        clock.ahead = LEASE - MARGIN
        heartbeat.beat()
        clock.ahead = 2 * LEASE - 2 * MARGIN
        assert not is_free(server)
        assert left(virtual) > 0

    def test_it_ends_with_the_lock(self, one: Lease) -> None:
        """Otherwise it would be locked for ever."""
        one.acquire()
        one.release()
        assert not heartbeat_of(one).is_running

    def test_there_is_one_also_if_the_lock_is_taken_again(self, one: Lease) -> None:
        """A caller that waits for the document takes it again and again."""
        one.acquire()
        heartbeat = heartbeat_of(one)
        one.acquire()
        assert heartbeat_of(one) is heartbeat

    def test_a_server_that_is_away_is_no_error(self, server: Interrupted, one: Lease) -> None:
        """The next request may reach it."""
        one.acquire()
        server.lose = lambda _: "request"
        heartbeat_of(one).beat()

    def test_it_gets_the_lock_back_after_the_server_was_emptied(
        self, server: Interrupted, one: Lease, virtual: VirtualServer
    ) -> None:
        """No other process has it."""
        store(server)
        one.acquire()
        virtual.clear()
        heartbeat_of(one).beat()
        assert not is_free(server)

    def test_it_does_not_get_back_one_that_has_ended(
        self, server: Interrupted, one: Lease, clock: ServerTime
    ) -> None:
        """Another process may have had it in the meantime."""
        store(server)
        one.acquire()
        clock.ahead = LEASE + MARGIN
        heartbeat_of(one).beat()
        assert is_free(server)

    def test_it_does_not_take_that_of_another_one(
        self, server: Interrupted, one: Lease, two: Lease, virtual: VirtualServer
    ) -> None:
        """Neither its name nor its time."""
        one.acquire()
        virtual.clear()
        two.acquire()
        before = left(virtual)
        heartbeat_of(one).beat()
        assert left(virtual) <= before
        two.release()
        assert is_free(server)

    @pytest.mark.parametrize("has_document", [True, False])
    def test_a_delayed_request_does_not_lock_after_the_release(
        self, server: Interrupted, one: Lease, *, has_document: bool
    ) -> None:
        """The server was paused, and got both in another order. A failure stores no document."""
        if has_document:
            store(server)
        one.acquire()
        late = heartbeat_of(one).beat
        one.release()
        late()
        assert is_free(server)


class TestConfirm:
    """The use of a refresh token: the lock is held, and the server has exactly this token."""

    def test_the_lock_then_lasts_a_minute(
        self, server: Interrupted, one: Lease, virtual: VirtualServer
    ) -> None:
        """The process may be paused after the answer of the portal."""
        store(server)
        one.acquire()
        assert left(virtual) <= LEASE
        assert one.confirm("id")
        assert left(virtual) > LONG_LEASE - MARGIN - 5

    def test_the_heartbeat_does_not_shorten_it(
        self, server: Interrupted, one: Lease, virtual: VirtualServer
    ) -> None:
        """It renews the lock for a minute, too."""
        store(server)
        one.acquire()
        one.confirm("id")
        heartbeat_of(one).beat()
        assert left(virtual) > LONG_LEASE - MARGIN - 5

    @pytest.mark.parametrize("identity", ["other", None])
    def test_another_token_is_not_confirmed(
        self, server: Interrupted, one: Lease, identity: str | None
    ) -> None:
        """Neither is one after a logout, or on a server that was emptied."""
        if identity:
            store(server, identity)
        one.acquire()
        assert not one.confirm("id")

    def test_a_lock_that_ended_is_confirmed_if_it_is_free(
        self, server: Interrupted, one: Lease, clock: ServerTime
    ) -> None:
        """The token is still the same, so nothing has happened meanwhile."""
        store(server)
        one.acquire()
        clock.ahead = LEASE + MARGIN
        assert one.confirm("id")
        assert not is_free(server)

    def test_a_lock_of_another_one_is_not_confirmed(
        self, server: Interrupted, one: Lease, two: Lease, clock: ServerTime
    ) -> None:
        """It may use the same refresh token now."""
        store(server)
        one.acquire()
        clock.ahead = LEASE + MARGIN
        two.acquire()
        assert not one.confirm("id")
        assert two.confirm("id")

    def test_a_delayed_request_does_not_lock_after_the_release(
        self, server: Interrupted, one: Lease
    ) -> None:
        """For a minute, all other machines would wait for a process that has gone on."""
        store(server)
        one.acquire()
        one.release()
        server.call(CONFIRM, [LOCK, DOCUMENT], ["one process 1 00", 60_000, "id"])
        assert is_free(server)

    def test_a_lost_reply_ends_with_the_release(self, server: Interrupted, one: Lease) -> None:
        """The caller uses no refresh token then, and gives the lock back."""
        store(server)
        one.acquire()
        server.lose = lambda script: "reply" if script is CONFIRM else None
        with pytest.raises(ServerAwayError):
            one.confirm("id")
        one.release()
        assert is_free(server)


def test_the_lock_is_renewed_with_its_own_scripts_only(server: Interrupted, one: Lease) -> None:
    """Each is idempotent."""
    store(server)
    server.calls.clear()
    one.acquire()
    one.confirm("id")
    heartbeat_of(one).beat()
    one.release()
    scripts = [ACQUIRE, CONFIRM, RENEW, RELEASE]
    assert server.calls == [script.name for script in scripts]
