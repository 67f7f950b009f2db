"""Both levels of a cache: which lock comes first, how long a writer waits, and what is away.

Most tests use role credentials, the plainest documents. `test_shared_tokens` has those of tokens.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from caches import KEY, file_cache
from network import TOKEN_KEY, Interrupted, new_documents, new_remote, new_tokens, token

from sso_plugin.storage import waiting
from sso_plugin.storage.cache import Hold
from sso_plugin.storage.network.scripts import ACQUIRE, READ, RELEASE, Script
from sso_plugin.storage.network.server_errors import ServerAwayError
from sso_plugin.storage.network.shared_documents import SharedDocuments
from sso_plugin.storage.network.store_key import StoreKey
from sso_plugin.storage.sealing.environment import EnvironmentKeys
from sso_plugin.storage.sealing.sealer import Sealing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from network import ServerTime

ROLE = {"role": 1}
NEW_KEY = "YSBuZXcga2V5IG9mIDMyIGJ5dGVzLCBpbiBmcm9udCE="


@pytest.fixture
def one(server: Interrupted) -> SharedDocuments:
    return new_documents(server, "one process 1 00")


@pytest.fixture
def two(server: Interrupted) -> SharedDocuments:
    return new_documents(server, "two process 2 00")


def away(kind: str) -> Callable[[Script], str | None]:
    def lose(_: Script) -> str | None:
        raise ServerAwayError(f"the store has the problem {kind}", kind)

    return lose


class TestLock:
    """The lock of this machine comes first, then the lease on the server."""

    def test_both_are_held(self, one: SharedDocuments, two: SharedDocuments) -> None:
        """And given back."""
        with one.locked("role") as held:
            assert held is Hold.HELD
            with one._local.locked("role", 0.0) as local:
                assert not local
            with two.locked("role", 0.0) as other:
                assert other is Hold.PASSED_BY
        with two.locked("role", 0.0) as other:
            assert other is Hold.HELD

    def test_a_waiter_of_the_same_machine_sends_nothing(
        self, one: SharedDocuments, server: Interrupted
    ) -> None:
        """One process of each machine asks the server."""
        with one.locked("role"):
            server.calls.clear()
            with one.locked("role", 0.05) as other:
                assert other is Hold.PASSED_BY
            assert server.calls == []

    def test_the_lease_is_given_back_before_the_lock_of_the_machine(
        self, one: SharedDocuments, server: Interrupted
    ) -> None:
        """Otherwise the next holder on this machine would lose its lease."""
        seen: list[Hold] = []

        def look(script: Script) -> None:
            if script is RELEASE:
                with one._local.locked("role", 0.0) as local:
                    seen.append(local)

        server.lose = look
        with one.locked("role"):
            pass
        assert seen == [Hold.PASSED_BY]

    def test_an_error_of_the_holder_gives_both_back(
        self, one: SharedDocuments, two: SharedDocuments
    ) -> None:
        """The error is the caller's."""
        with pytest.raises(ZeroDivisionError), one.locked("role"):
            raise ZeroDivisionError
        for machine in (two, one):
            with machine.locked("role", 0.0) as held:
                assert held is Hold.HELD

    def test_an_interrupted_wait_gives_the_lease_back(
        self, one: SharedDocuments, two: SharedDocuments, server: Interrupted
    ) -> None:
        """Ctrl-C in a notebook: its heartbeat would keep the lease as long as the process lives."""

        def interrupt(script: Script) -> None:
            if script is READ:
                raise KeyboardInterrupt

        server.lose = interrupt
        with pytest.raises(KeyboardInterrupt), one.locked("role"):
            pass
        server.lose = lambda _: None
        assert not one._leases["role"].is_held
        with two.locked("role", 0.0) as held:
            assert held is Hold.HELD

    def test_two_folders_of_one_process_exclude_each_other(
        self, server: Interrupted, tmp_path: Path
    ) -> None:
        """Their locks of this machine do not: a session may have a folder of its own."""
        one, other, again = (
            new_tokens(server, "same", file_cache(tmp_path / name)) for name in ("a", "b", "a")
        )
        with one.locked(TOKEN_KEY) as held:
            assert held is Hold.HELD
            with other.locked(TOKEN_KEY, 0.0) as second:
                assert second is Hold.PASSED_BY
            lease = again._new_lease(TOKEN_KEY)
            assert lease.acquire()

    def test_keys_have_different_locks(self, one: SharedDocuments, two: SharedDocuments) -> None:
        """A role does not wait for another one."""
        with one.locked("role"), two.locked("other", 0.0) as held:
            assert held is Hold.HELD

    def test_what_is_not_shared_has_the_lock_of_the_machine_only(self, server: Interrupted) -> None:
        """Also if its key is known to no server."""
        cache = new_documents(server, kinds=frozenset({"outage"}))
        with cache.locked("budget-key") as held:
            assert held is Hold.HELD
        cache.pull("budget-key")
        assert server.calls == []

    def test_a_thread_that_fails_to_lock_does_not_affect_the_holder(
        self, server: Interrupted
    ) -> None:
        """The refresh token of the holder is still confirmed by the server."""
        one, two = new_tokens(server, "one"), new_tokens(server, "two")
        one.supersede(TOKEN_KEY, token("first"))
        two.pull(TOKEN_KEY)
        with one.locked(TOKEN_KEY) as held:
            assert held

            def fail() -> None:
                with one.locked(TOKEN_KEY, 0.0) as other:
                    assert not other

            thread = threading.Thread(target=fail)
            thread.start()
            thread.join()
            spent = two.get(TOKEN_KEY)
            assert spent is not None
            assert two.replace(TOKEN_KEY, token("second"), replacing=spent.document)
            assert one.confirm(TOKEN_KEY, spent.document) is Hold.PASSED_BY

    def test_nothing_is_confirmed_without_the_lease(self, server: Interrupted) -> None:
        """Neither before it, nor after it was given back."""
        one = new_tokens(server, "one")
        first = token("first")
        one.supersede(TOKEN_KEY, first)
        assert one.confirm(TOKEN_KEY, first) is Hold.PASSED_BY
        with one.locked(TOKEN_KEY):
            assert one.confirm(TOKEN_KEY, first) is Hold.HELD
        assert one.confirm(TOKEN_KEY, first) is Hold.PASSED_BY


class TestWait:
    """A writer waits for the lease, or for what it wants."""

    def test_it_gets_the_lease_when_it_is_given_back(
        self, one: SharedDocuments, two: SharedDocuments
    ) -> None:
        """And the document that was stored meanwhile."""
        waits = threading.Event()
        results: list[tuple[Hold, object]] = []

        def find() -> bool:
            waits.set()
            return False

        def wait() -> None:
            with two.locked("role", 60, find) as held:
                entry = two.get("role")
                results.append((held, entry and entry.document))

        thread = threading.Thread(target=wait)
        with one.locked("role"):
            thread.start()
            assert waits.wait(60)
            one.put("role", ROLE)
        thread.join(60)
        assert results == [(Hold.HELD, ROLE)]

    def test_it_ends_as_soon_as_the_document_is_here(
        self, one: SharedDocuments, two: SharedDocuments, slept: list[float]
    ) -> None:
        """While the other machine still holds the lease."""
        with one.locked("role"):

            def store() -> bool:
                if len(slept) == 2:
                    one.put("role", ROLE)
                return two.get("role") is not None

            with two.locked("role", 60, store) as held:
                assert held is Hold.PASSED_BY
        entry = two.get("role")
        assert entry is not None
        assert entry.document == ROLE
        assert len(slept) == 3

    def test_it_reads_a_document_only_if_it_has_changed(
        self, one: SharedDocuments, two: SharedDocuments, server: Interrupted, slept: list[float]
    ) -> None:
        """A waiter sends one small request each time."""
        one.put("role", ROLE)
        with one.locked("role"):
            server.calls.clear()
            with two.locked("role", 3) as held:
                assert held is Hold.PASSED_BY
        calls = server.calls[: server.calls.index("release")]
        assert calls.count("read") == 1
        assert calls.count("acquire") == len(slept) + 1 > 5

    def test_it_ends_at_the_time_limit(
        self, one: SharedDocuments, two: SharedDocuments, slept: list[float]
    ) -> None:
        """Its pauses become longer, but not much."""
        with one.locked("role"), two.locked("role", 20) as held:
            assert held is Hold.PASSED_BY
        assert sum(slept) == pytest.approx(20)
        assert slept[0] < 0.03
        assert max(slept) <= 0.5

    def test_without_a_time_limit_of_its_own_there_is_one_attempt(
        self, one: SharedDocuments, two: SharedDocuments, server: Interrupted, slept: list[float]
    ) -> None:
        """A caller with a valid token does not wait."""
        with one.locked("role"):
            server.calls.clear()
            with two.locked("role", 0.0) as held:
                assert held is Hold.PASSED_BY
            assert server.calls == ["acquire"]
        assert slept == []

    def test_it_counts_as_waiting(
        self,
        one: SharedDocuments,
        two: SharedDocuments,
        slept: list[float],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The end of a script does not wait for it. Without a wait, it is not registered."""
        noted: list[int] = []

        class Noted(set[int]):
            def add(self, ident: int) -> None:
                noted.append(ident)

        monkeypatch.setattr(waiting, "_waiting", Noted())
        with one.locked("role"):
            assert noted == []
            with two.locked("role", 0.05):
                pass
        assert set(noted) == {threading.get_ident()}


class TestAway:
    """The server cannot be reached."""

    def test_without_patience_it_is_known_at_once(
        self, server: Interrupted, slept: list[float]
    ) -> None:
        """Such as for a note about a login."""
        notes = new_documents(server, kinds=frozenset({"notes"}))
        server.lose = lambda _: "request"
        with notes.locked("notes-key") as held:
            assert held is Hold.AWAY
            assert not held
        assert slept == []
        assert server.calls == ["acquire"]

    def test_role_credentials_wait_for_a_late_reply(
        self, one: SharedDocuments, server: Interrupted, slept: list[float]
    ) -> None:
        """Each machine then sends a request for itself."""
        server.lose = lambda _: "request"
        with one.locked("role") as held:
            assert held is Hold.AWAY
        assert sum(slept) == pytest.approx(3)

    def test_with_patience_it_may_come_back(self, server: Interrupted, slept: list[float]) -> None:
        """A caller without a valid token waits for it."""
        tokens = new_tokens(server)
        server.lose = lambda _: "request" if len(slept) < 7 else None
        with tokens.locked(TOKEN_KEY, 120) as held:
            assert held is Hold.HELD
        assert len(slept) == 7
        assert tokens.why_away(TOKEN_KEY) is None

    def test_the_patience_of_a_writer_ends(self, server: Interrupted, slept: list[float]) -> None:
        """Before its time limit for another holder."""
        tokens = new_tokens(server)
        server.lose = lambda _: "request"
        with tokens.locked(TOKEN_KEY, 120) as held:
            assert held is Hold.AWAY
        assert sum(slept) == pytest.approx(30)

    def test_its_time_limit_counts_too(self, server: Interrupted, slept: list[float]) -> None:
        """A caller with a valid token does not wait for a server either."""
        tokens = new_tokens(server)
        server.lose = lambda _: "request"
        with tokens.locked(TOKEN_KEY, 0.0) as held:
            assert held is Hold.AWAY
        assert slept == []

    @pytest.mark.parametrize("kind", ["permission", "password", "memory", "tls", "package"])
    def test_what_a_person_has_to_fix_is_not_waited_for(
        self, server: Interrupted, slept: list[float], kind: str
    ) -> None:
        """Only a server that does not reply may come back by itself."""
        tokens = new_tokens(server)
        server.lose = away(kind)
        with tokens.locked(TOKEN_KEY, 120) as held:
            assert held is Hold.AWAY
        tokens.pull(TOKEN_KEY, patience=30)
        assert tokens.why_away(TOKEN_KEY) == f"the store has the problem {kind}"
        assert slept == []

    def test_a_pull_waits_only_if_that_is_asked_for(
        self, one: SharedDocuments, server: Interrupted, slept: list[float]
    ) -> None:
        """One with a valid token does not."""
        server.lose = lambda _: "request"
        one.pull("role")
        assert slept == []
        one.pull("role", patience=30)
        assert 29 < sum(slept) <= 30.5

    def test_a_pull_ends_when_the_server_is_back(
        self, one: SharedDocuments, two: SharedDocuments, server: Interrupted, slept: list[float]
    ) -> None:
        """With the newest document."""
        two.put("role", ROLE)
        server.lose = lambda _: "request" if len(slept) < 3 else None
        one.pull("role", patience=30)
        assert one.get("role") is not None
        assert len(slept) == 3

    def test_the_reason_is_cleared_by_the_next_reply(
        self, one: SharedDocuments, server: Interrupted
    ) -> None:
        """After a pull, and after an attempt to lock."""
        attempts: list[Callable[[SharedDocuments], None]] = [lambda one: one.pull("role"), lock]
        for attempt in attempts:
            server.lose = lambda _: "request"
            attempt(one)
            assert one.why_away("role") == "the store is away"
            assert one.why_away("other") is None
            server.lose = lambda _: None
            attempt(one)
            assert one.why_away("role") is None

    def test_a_lost_reply_does_not_stop_other_machines(
        self, one: SharedDocuments, two: SharedDocuments, server: Interrupted, clock: ServerTime
    ) -> None:
        """For longer than a lease lasts."""
        server.lose = lambda script: "reply" if script is ACQUIRE else None
        lock(one)
        server.lose = lambda _: None
        clock.ahead = 11
        with two.locked("role", 0.0) as held:
            assert held is Hold.HELD

    def test_a_lock_whose_document_cannot_be_read_is_away(
        self, one: SharedDocuments, two: SharedDocuments, server: Interrupted, slept: list[float]
    ) -> None:
        """The lease is given back."""
        server.lose = lambda script: "request" if script is READ else None
        with one.locked("role") as held:
            assert held is Hold.AWAY
        server.lose = lambda _: None
        with two.locked("role", 0.0) as held:
            assert held is Hold.HELD

    def test_a_document_stays_on_this_machine(
        self, one: SharedDocuments, server: Interrupted
    ) -> None:
        """Which says so until it was sent."""
        server.lose = lambda _: "request"
        one.put("role", ROLE)
        assert one.get("role") is not None
        assert one.why_not_stored("role") == "the store is away"
        server.lose = lambda _: None
        one.put("role", ROLE)
        assert one.why_not_stored("role") is None


class TestKey:
    """The key is missing or wrong, so documents cannot be used."""

    def test_without_a_key_all_is_away(
        self, one: SharedDocuments, server: Interrupted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No request is sent: the documents have no names."""
        monkeypatch.delenv("SSO_PLUGIN_STORE_KEY")
        with one.locked("role") as held:
            assert held is Hold.AWAY
        one.put("role", ROLE)
        one.pull("role", patience=30)
        why = one.why_away("role")
        assert why is not None
        assert why.startswith("neither SSO_PLUGIN_STORE_KEY nor SSO_PLUGIN_STORE_KEY_FILE is set")
        assert one.why_no_key() == why
        assert server.calls == []
        assert one.get("role") is not None

    def test_a_document_with_an_unknown_key_is_away(
        self, one: SharedDocuments, two: SharedDocuments
    ) -> None:
        """Its machine has a newer key in front, which this one does not have yet."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KEYS_OF_TWO", f"{NEW_KEY} {KEY}")
            patch.setattr(StoreKey, "sealing", Sealing(EnvironmentKeys("KEYS_OF_TWO", "", "x")))
            two.put("role", ROLE)
        one.pull("role")
        assert one.why_away("role") == (
            "a document in the store virtual:// is sealed with another key than the key in "
            "SSO_PLUGIN_STORE_KEY"
        )


class TestFiles:
    """The level of this machine is in files."""

    def test_a_full_disk_does_not_keep_a_document_from_other_machines(
        self, server: Interrupted, two: SharedDocuments, tmp_path: Path
    ) -> None:
        """The folder cannot be made."""
        (tmp_path / "file").write_text("")
        one = SharedDocuments(file_cache(tmp_path / "file" / "folder"), new_remote(server), "roles")
        with one.locked("role") as held:
            assert held is Hold.HELD
            one.put("role", ROLE)
        assert one.get("role") is not None
        two.pull("role")
        assert two.get("role") is not None
        assert "file/folder" in str(one.why_not_stored("role"))

    def test_a_token_of_another_machine_is_not_lost_on_a_full_disk(
        self, server: Interrupted, tmp_path: Path
    ) -> None:
        """It can be renewed, because the server stores the new one."""
        (tmp_path / "file").write_text("")
        full = new_tokens(server, "full", file_cache(tmp_path / "file" / "folder"))
        new_tokens(server, "two").supersede(TOKEN_KEY, token("first"))
        full.pull(TOKEN_KEY)
        assert full.get(TOKEN_KEY) is not None
        assert full.why_not_storable(TOKEN_KEY) is None
        assert full.why_not_stored(TOKEN_KEY) is None


class TestMessages:
    """What a message names."""

    def test_the_lock_names_host_and_process_of_its_holder(
        self, one: SharedDocuments, two: SharedDocuments
    ) -> None:
        """Not the secret part of its owner."""
        with one.locked("role"), two.locked("role", 0.0):
            assert two.describe_lock("role") == "a lock in the store virtual:// (one process 1)"

    def test_a_lock_of_this_machine_is_named_as_such(self, one: SharedDocuments) -> None:
        """Its holder may wait for the server."""

        def describe() -> None:
            with one.locked("role", 0.0) as held:
                assert not held
                described.append(one.describe_lock("role"))

        described: list[str] = []
        with one.locked("role"):
            thread = threading.Thread(target=describe)
            thread.start()
            thread.join()
        assert described == ["a lock in the memory of this process"]

    def test_readers_use_this_machine_only(self, one: SharedDocuments, server: Interrupted) -> None:
        """No request is sent."""
        one._local.put("role", ROLE)
        assert one.get("role") is not None
        assert one.mark("role") == one._local.mark("role")
        assert one.identity("role") == one._local.identity("role")
        assert one.keys("ro") == {"role"}
        assert one.describe("role") == one._local.describe("role")
        assert one.why_unusable("role") is None
        assert one.why_not_storable("role") is None
        one.settle("role")
        assert server.calls == []


def lock(cache: SharedDocuments) -> None:
    with cache.locked("role", 0.0):
        pass
