"""Threads that send a token later, and that look whether the server still has the newest one."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from network import TOKEN_KEY, Interrupted, new_tokens, token
from world import wait_until

from sso_plugin.storage.network import heartbeat, token_keeper
from sso_plugin.storage.network.lease import Lease
from sso_plugin.storage.network.scripts import WRITE_TOKEN
from sso_plugin.storage.network.token_keeper import keep_stored, send_later
from sso_plugin.storage.waiting import is_unattended

if TYPE_CHECKING:
    from virtual_server import VirtualServer

    from sso_plugin.storage.network.shared_tokens import SharedTokens


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_keeper, "_SEND_INTERVAL", 0.001)
    monkeypatch.setattr(token_keeper, "_WATCH_INTERVAL", 0.001)


@pytest.fixture
def one(server: Interrupted) -> SharedTokens:
    return new_tokens(server, "one")


@pytest.fixture
def two(server: Interrupted) -> SharedTokens:
    return new_tokens(server, "two")


def value(machine: SharedTokens) -> str | None:
    machine.pull(TOKEN_KEY)
    entry = machine.get(TOKEN_KEY)
    return entry.document["accessToken"] if entry else None


def number_of_threads() -> int:
    return len(heartbeat._beating)


class TestSendLater:
    """A token that only this machine has."""

    def test_it_is_sent_until_the_server_has_it(self) -> None:
        """Not again after that."""
        looks: list[bool] = []
        send_later(lambda: looks.append(is_unattended()), lambda: len(looks) >= 3, None)
        wait_until(lambda: number_of_threads() == 0)
        assert looks == [True] * 3

    def test_the_lock_is_given_back_then(self, server: Interrupted) -> None:
        """Its holder has gone on long before."""
        lease = Lease(server, "{a}:lock", "{a}", "one process 1 00")
        other = Lease(server, "{a}:lock", "{a}", "two process 1 00")
        sent = threading.Event()
        lease.acquire()
        send_later(lambda: None, sent.is_set, lease)
        lease.release()
        assert not other.acquire()
        sent.set()
        wait_until(other.acquire)

    def test_a_failure_does_not_end_it(self) -> None:
        """The next attempt may succeed."""
        looks: list[int] = []

        def look() -> None:
            looks.append(1)
            raise ZeroDivisionError

        send_later(look, lambda: False, None)
        wait_until(lambda: len(looks) >= 3)

    def test_a_renewed_token_gets_to_the_server(
        self, one: SharedTokens, two: SharedTokens, server: Interrupted
    ) -> None:
        """Without any further call of the program."""
        one.supersede(TOKEN_KEY, token("first"))
        assert value(two) == "first"
        entry = one.get(TOKEN_KEY)
        assert entry is not None
        with one.locked(TOKEN_KEY):
            assert one.confirm(TOKEN_KEY, entry.document)
            server.lose = lambda script: "request" if script is WRITE_TOKEN else None
            assert one.replace(TOKEN_KEY, token("second"), replacing=entry.document)
        with two.locked(TOKEN_KEY, 0.0) as held:
            assert not held
        server.lose = lambda _: None
        wait_until(lambda: value(two) == "second")

        def lock() -> bool:
            with two.locked(TOKEN_KEY, 0.0) as held:
                return bool(held)

        wait_until(lock)

    def test_the_token_of_a_login_gets_to_the_server(
        self, one: SharedTokens, two: SharedTokens, server: Interrupted
    ) -> None:
        """The person has logged in while the server was away."""
        server.lose = lambda script: "request" if script is WRITE_TOKEN else None
        one.supersede(TOKEN_KEY, token("first"))
        server.lose = lambda _: None
        wait_until(lambda: value(two) == "first")


class TestKeepStored:
    """A token that the server may lose."""

    def test_an_emptied_server_gets_it_back(
        self, one: SharedTokens, two: SharedTokens, virtual: VirtualServer
    ) -> None:
        """Without any further call of the program."""
        one.supersede(TOKEN_KEY, token("first"))
        one.pull(TOKEN_KEY)
        virtual.clear()
        wait_until(lambda: value(two) == "first")

    def test_there_is_one_thread_for_each_token(self, server: Interrupted) -> None:
        """In each process, however many sessions it has."""
        for _ in range(3):
            keep_stored(server, "a", lambda: None)
        assert number_of_threads() == 1
        keep_stored(server, "b", lambda: None)
        keep_stored(Interrupted(server), "a", lambda: None)
        assert number_of_threads() == 3

    def test_it_does_not_ask_a_person(self, server: Interrupted) -> None:
        """Such as for the password of a keyring."""
        looks: list[bool] = []
        keep_stored(server, "a", lambda: looks.append(is_unattended()))
        wait_until(lambda: looks)
        assert looks[0]

    def test_a_forked_child_has_a_thread_of_its_own(self, server: Interrupted) -> None:
        """As soon as it uses the token."""
        keep_stored(server, "a", lambda: None)
        child = os.fork()
        if child == 0:
            before = number_of_threads()
            keep_stored(server, "a", lambda: None)
            os._exit(0 if (before, number_of_threads()) == (0, 1) else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert number_of_threads() == 1
