"""Role credentials and notes of machines that share a server: the last one counts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from network import Interrupted, new_documents

from sso_plugin.storage.keys import OWN_KINDS
from sso_plugin.storage.network.scripts import REMOVE, WRITE
from sso_plugin.storage.network.shared_documents import SHARED_NOTES, SharedDocuments

if TYPE_CHECKING:
    from network import ServerTime
    from virtual_server import VirtualServer

    from sso_plugin.storage.documents import Entry
    from sso_plugin.storage.reading import Document


@pytest.fixture
def one(server: Interrupted) -> SharedDocuments:
    return new_documents(server, "one")


@pytest.fixture
def two(server: Interrupted) -> SharedDocuments:
    return new_documents(server, "two")


def notes(server: Interrupted) -> SharedDocuments:
    return new_documents(server, kinds=SHARED_NOTES)


def role(number: int, lifetime: float = 3600.0) -> Document:
    return {"role": number, "expires": time.time() + lifetime}


def entry(machine: SharedDocuments, key: str = "role") -> Entry:
    machine.pull(key)
    found = machine.get(key)
    assert found is not None
    return found


def lifetime(server: VirtualServer, machine: SharedDocuments) -> float:
    """Return the seconds for which the server keeps the role."""
    left, _ = server.show(machine._remote.name("roles", "role"))
    assert left is not None
    return left / 1000


class TestRoles:
    """Credentials that one machine has fetched are used by all of them."""

    def test_they_get_to_each_machine_with_their_age(
        self, one: SharedDocuments, two: SharedDocuments, clock: ServerTime
    ) -> None:
        """It decides when they are replaced."""
        document = role(1)
        one.put("role", document)
        clock.ahead = 600
        found = entry(two)
        assert found.document == document
        assert 595 < time.time() - found.stored_at < 660

    def test_later_ones_replace_them(self, one: SharedDocuments, two: SharedDocuments) -> None:
        """Also those of another machine."""
        one.put("role", role(1))
        two.pull("role")
        two.put("role", role(2))
        assert entry(one).document["role"] == 2

    def test_a_pull_does_not_write_what_is_here(
        self, one: SharedDocuments, two: SharedDocuments
    ) -> None:
        """Other processes of the machine would read it again."""
        one.put("role", role(1))
        mark = entry(two).mark
        assert entry(two).mark == mark
        assert entry(one).document == entry(two).document

    def test_expired_ones_do_not_replace_others(
        self, one: SharedDocuments, two: SharedDocuments
    ) -> None:
        """The server keeps them a little longer, because clocks differ."""
        one.put("role", role(1, -30))
        two._local.put("role", role(2))
        assert entry(two).document["role"] == 2

    def test_an_emptied_server_does_not_delete_them(
        self, one: SharedDocuments, virtual: VirtualServer
    ) -> None:
        """They are valid."""
        one.put("role", role(1))
        virtual.clear()
        assert entry(one).document["role"] == 1

    def test_the_server_keeps_them_until_they_expire(
        self, one: SharedDocuments, virtual: VirtualServer
    ) -> None:
        """And a minute more."""
        one.put("role", role(1, 3600))
        assert 3600 < lifetime(virtual, one) <= 3660

    def test_the_server_keeps_what_does_not_expire_for_a_day(
        self, one: SharedDocuments, virtual: VirtualServer
    ) -> None:
        """It is not kept for ever."""
        one.put("role", {"role": 1})
        assert 86_000 < lifetime(virtual, one) <= 86_400

    def test_expired_ones_are_stored_for_a_minute(
        self, one: SharedDocuments, virtual: VirtualServer
    ) -> None:
        """Their lifetime is never negative, which the server would refuse."""
        one.put("role", role(1, -5000))
        assert 0 < lifetime(virtual, one) <= 60

    def test_they_are_replaced_by_what_was_made_of_them(
        self, one: SharedDocuments, two: SharedDocuments, server: Interrupted
    ) -> None:
        """If they are still the expected ones on this machine."""
        first, second = role(1), role(2)
        one.put("role", first)
        assert one.replace("role", second, replacing=first)
        assert entry(two).document["role"] == 2
        server.calls.clear()
        assert not one.replace("role", role(3), replacing=first)
        assert server.calls == []

    def test_those_of_a_login_replace_all_others(
        self, one: SharedDocuments, two: SharedDocuments
    ) -> None:
        """On each machine."""
        one.put("role", role(1))
        two.supersede("role", role(2))
        assert entry(one).document["role"] == 2

    @pytest.mark.parametrize("method", ["delete", "end"])
    def test_deleted_ones_are_not_on_the_server(
        self, one: SharedDocuments, two: SharedDocuments, method: str
    ) -> None:
        """A machine without them gets none."""
        one.put("role", role(1))
        assert getattr(one, method)("role") is None
        two.pull("role")
        assert one.get("role") is two.get("role") is None

    def test_without_the_server_they_are_deleted_here(
        self, one: SharedDocuments, server: Interrupted
    ) -> None:
        """It is no error: they are not used without their login."""
        one.put("role", role(1))
        server.lose = lambda script: "request" if script is REMOVE else None
        assert one.delete("role") is None
        assert one.get("role") is None

    def test_many_are_deleted_without_a_wait_for_each(
        self, one: SharedDocuments, virtual: VirtualServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A login deletes all roles of the previous one. The first failure counts for all."""
        flags: list[bool] = []

        def call(*_: object, at_once: bool = False) -> None:
            flags.append(at_once)

        monkeypatch.setattr(virtual, "call", call)
        one.delete("role")
        one.end("role")
        assert flags == [False, False]

    def test_a_lost_reply_stores_them_nevertheless(
        self, one: SharedDocuments, two: SharedDocuments, server: Interrupted
    ) -> None:
        """The machine does not know that, and says so."""
        server.lose = lambda script: "reply" if script is WRITE else None
        one.put("role", role(1))
        assert one.why_not_stored("role") == "the store does not respond"
        assert entry(two).document["role"] == 1


class TestNotes:
    """What machines note about a login or the portal."""

    def test_only_some_kinds_are_shared(self, server: Interrupted) -> None:
        """The others belong to one machine, or have their own way to the server."""
        machine = notes(server)
        assert set(OWN_KINDS) > SHARED_NOTES
        for kind in set(OWN_KINDS) - SHARED_NOTES:
            machine.put(f"{kind}-key", {})
            machine.replace(f"{kind}-key", {"a": 1}, replacing={})
            machine.supersede(f"{kind}-key", {})
            machine.pull(f"{kind}-key")
            assert machine.get(f"{kind}-key") is not None
            machine.delete(f"{kind}-key")
        assert server.calls == []

    @pytest.mark.parametrize("kind", sorted(SHARED_NOTES))
    def test_one_gets_to_each_machine(self, server: Interrupted, kind: str) -> None:
        """And is deleted on each."""
        one, two = notes(server), notes(server)
        one.put(f"{kind}-key", {"a": 1})
        assert entry(two, f"{kind}-key").document == {"a": 1}
        one.delete(f"{kind}-key")
        two.pull(f"{kind}-key")
        assert two.get(f"{kind}-key") is None

    def test_the_same_note_again_is_a_new_one(self, server: Interrupted, clock: ServerTime) -> None:
        """A portal that fails again, as it did an hour ago, has failed now."""
        one, two = notes(server), notes(server)
        one.put("outage-key", {"failures": 1})
        entry(two, "outage-key")
        clock.ahead = 3600
        one.put("outage-key", {"failures": 1})
        two._local.put("outage-key", {"failures": 1}, age=3600)
        assert time.time() - entry(two, "outage-key").stored_at < 60

    def test_without_the_server_it_is_noted_here(self, server: Interrupted) -> None:
        """Other processes of the machine use it."""
        machine = notes(server)
        server.lose = lambda _: "request"
        machine.put("outage-key", {"failures": 1})
        assert entry(machine, "outage-key").document == {"failures": 1}
