"""Tokens of machines that share a server: versions, logins, logouts, a server that was emptied."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from caches import KEY
from network import TOKEN_KEY, Interrupted, new_tokens, token
from virtual_server import VirtualServer

from sso_plugin.storage.cache import Hold
from sso_plugin.storage.keys import token_identity
from sso_plugin.storage.network.note import without_note
from sso_plugin.storage.network.scripts import CONFIRM, WRITE_TOKEN, Script

if TYPE_CHECKING:
    from sso_plugin.storage.network.shared_tokens import SharedTokens
    from sso_plugin.storage.reading import Document


class Time:
    """The time of the server."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSO_PLUGIN_STORE_KEY", KEY)


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def virtual(clock: Time) -> VirtualServer:
    return VirtualServer(clock.now)


@pytest.fixture
def server(virtual: VirtualServer) -> Interrupted:
    return Interrupted(virtual)


@pytest.fixture
def one(server: Interrupted) -> SharedTokens:
    return new_tokens(server, "one")


@pytest.fixture
def two(server: Interrupted) -> SharedTokens:
    return new_tokens(server, "two")


def value(machine: SharedTokens) -> str | None:
    entry = machine.get(TOKEN_KEY)
    return entry.document["accessToken"] if entry else None


def document(machine: SharedTokens) -> Document:
    entry = machine.get(TOKEN_KEY)
    assert entry is not None
    return entry.document


def pulled(machine: SharedTokens) -> str | None:
    machine.pull(TOKEN_KEY)
    return value(machine)


def renew(machine: SharedTokens, new: Document) -> bool:
    return machine.replace(TOKEN_KEY, new, replacing=document(machine))


class TestLogin:
    """The token of a login gets to all machines."""

    def test_it_is_on_each_machine(self, one: SharedTokens, two: SharedTokens) -> None:
        """As soon as that machine needs it, with all that the token file has."""
        first = token("first", refreshToken="r1", foreign=[1])
        one.supersede(TOKEN_KEY, first)
        assert pulled(two) == "first"
        assert without_note(document(two)) == without_note(document(one)) == first

    def test_its_age_is_kept(self, one: SharedTokens, two: SharedTokens, clock: Time) -> None:
        """Half of its lifetime may have passed when a machine gets it."""
        one.supersede(TOKEN_KEY, token("first"))
        clock.ahead = 1800
        two.pull(TOKEN_KEY)
        entry = two.get(TOKEN_KEY)
        assert entry is not None
        assert 1795 < time.time() - entry.stored_at < 1830

    def test_a_newer_one_replaces_it_everywhere(self, one: SharedTokens, two: SharedTokens) -> None:
        """Also if its token expires earlier."""
        one.supersede(TOKEN_KEY, token("first"))
        two.pull(TOKEN_KEY)
        two.supersede(TOKEN_KEY, token("second", 60))
        assert pulled(one) == "second"

    def test_a_renewal_of_an_older_one_is_refused(
        self, one: SharedTokens, two: SharedTokens
    ) -> None:
        """It began before the newer login, and its token expires later."""
        one.supersede(TOKEN_KEY, token("first"))
        two.pull(TOKEN_KEY)
        two.supersede(TOKEN_KEY, token("second", 60))
        assert not renew(one, token("first renewed", 9000))
        assert value(one) == "second"
        assert pulled(two) == "second"

    def test_one_by_another_program_gets_to_the_server(
        self, one: SharedTokens, two: SharedTokens, clock: Time
    ) -> None:
        """Such as one by the AWS CLI, after a login that the server had."""
        one.supersede(TOKEN_KEY, token("first"))
        two.pull(TOKEN_KEY)
        clock.ahead = 5
        two._local.supersede(TOKEN_KEY, token("of another program"))
        assert pulled(two) == "of another program"
        assert pulled(one) == "of another program"

    def test_an_expired_copy_without_a_note_does_not_count(
        self, one: SharedTokens, two: SharedTokens
    ) -> None:
        """It may be of a login that the server never had."""
        one.supersede(TOKEN_KEY, token("first"))
        two._local.supersede(TOKEN_KEY, token("old", -60))
        assert pulled(two) == "first"

    def test_one_while_the_server_is_away_is_sent_later(
        self, one: SharedTokens, two: SharedTokens, server: Interrupted, clock: Time
    ) -> None:
        """Until then, it is on one machine, which says so."""
        one.supersede(TOKEN_KEY, token("first"))
        server.lose = lambda _: "request"
        clock.ahead = 5
        one.supersede(TOKEN_KEY, token("second"))
        assert one.why_not_stored(TOKEN_KEY) == "the store is away"
        server.lose = lambda _: None
        assert pulled(two) == "first"
        assert pulled(one) == "second"
        assert pulled(two) == "second"

    def test_a_lost_reply_makes_no_other_login(
        self, one: SharedTokens, two: SharedTokens, server: Interrupted
    ) -> None:
        """The server has it, and the machine learns that later."""
        server.lose = lambda script: "reply" if script is WRITE_TOKEN else None
        one.supersede(TOKEN_KEY, token("first"))
        server.lose = lambda _: None
        two.pull(TOKEN_KEY)
        one.pull(TOKEN_KEY)
        assert document(one) == document(two)

    def test_registrations_stay_on_the_machine(
        self, one: SharedTokens, two: SharedTokens, server: Interrupted
    ) -> None:
        """The token has what a renewal needs."""
        one.put("registration", {"clientSecret": "x"})
        two.pull("registration")
        assert two.get("registration") is None
        assert server.calls == []


class TestRenewal:
    """A token that was made of the stored one replaces it."""

    def test_it_is_on_each_machine(self, one: SharedTokens, two: SharedTokens) -> None:
        """The next one is made of it there."""
        one.supersede(TOKEN_KEY, token("first"))
        two.pull(TOKEN_KEY)
        assert renew(one, token("second"))
        assert pulled(two) == "second"
        assert renew(two, token("third"))
        assert pulled(one) == "third"

    def test_one_of_a_lost_lease_is_accepted(self, one: SharedTokens, two: SharedTokens) -> None:
        """It may have the only refresh token that is valid."""
        one.supersede(TOKEN_KEY, token("first"))
        two.pull(TOKEN_KEY)
        with one.locked(TOKEN_KEY) as held:
            assert held
            one._leases[TOKEN_KEY].release()
            with two.locked(TOKEN_KEY) as other:
                assert other
                assert renew(one, token("second"))
        assert pulled(two) == "second"

    def test_of_two_the_one_that_expires_later_stays(
        self, one: SharedTokens, two: SharedTokens
    ) -> None:
        """Both were made of the same token."""
        one.supersede(TOKEN_KEY, token("first"))
        two.pull(TOKEN_KEY)
        assert renew(one, token("of one", 5000))
        assert not renew(two, token("of two", 4000))
        assert value(two) == "of one"
        two._local.put(TOKEN_KEY, {**document(one), **token("later", 6000)})
        assert pulled(two) == "later"
        assert pulled(one) == "later"

    def test_one_that_was_replaced_does_not_come_back(
        self, one: SharedTokens, two: SharedTokens
    ) -> None:
        """Its refresh token was used. At the end of a login, a new token may expire earlier."""
        one.supersede(TOKEN_KEY, token("first", 9000))
        two.pull(TOKEN_KEY)
        assert renew(one, token("second", 3600))
        assert renew(one, token("third", 1800))
        assert pulled(two) == "third"
        assert pulled(one) == "third"

    def test_one_that_could_not_be_stored_is_sent_later(
        self, one: SharedTokens, two: SharedTokens, server: Interrupted
    ) -> None:
        """Its machine keeps it, and no other one has it until then."""
        one.supersede(TOKEN_KEY, token("first"))
        two.pull(TOKEN_KEY)
        server.lose = lambda _: "request"
        assert renew(one, token("second"))
        assert value(one) == "second"
        server.lose = lambda _: None
        assert pulled(two) == "first"
        assert pulled(one) == "second"
        assert pulled(two) == "second"

    def test_the_lock_is_kept_while_the_server_does_not_have_it(
        self, one: SharedTokens, two: SharedTokens, server: Interrupted
    ) -> None:
        """Another machine would send the refresh token that was used."""
        one.supersede(TOKEN_KEY, token("first"))
        two.pull(TOKEN_KEY)
        with one.locked(TOKEN_KEY):
            assert one.confirm(TOKEN_KEY, document(one))
            server.lose = lambda _: "request"
            assert renew(one, token("second"))
            server.lose = lambda script: "request" if script is WRITE_TOKEN else None
        with two.locked(TOKEN_KEY, 0.0) as held:
            assert held is Hold.PASSED_BY
        server.lose = lambda _: None
        assert pulled(one) == "second"
        assert pulled(two) == "second"

    def test_its_copy_is_not_replaced_by_an_older_one(
        self, one: SharedTokens, server: Interrupted
    ) -> None:
        """The server got it, but the machine does not know that."""
        one.supersede(TOKEN_KEY, token("first"))
        server.lose = lambda script: "reply" if script is WRITE_TOKEN else None
        assert renew(one, token("second"))
        server.lose = lambda _: None
        assert pulled(one) == "second"


class TestConfirm:
    """A refresh token is sent only if the server has exactly this token."""

    def test_it_is_held(self, one: SharedTokens) -> None:
        """With the lease, and the token of the server."""
        one.supersede(TOKEN_KEY, token("first"))
        with one.locked(TOKEN_KEY) as held:
            assert held
            assert one.confirm(TOKEN_KEY, document(one)) is Hold.HELD

    def test_an_older_token_is_not_confirmed(self, one: SharedTokens, two: SharedTokens) -> None:
        """The newer one is brought here."""
        one.supersede(TOKEN_KEY, token("first"))
        two.pull(TOKEN_KEY)
        with one.locked(TOKEN_KEY):
            assert renew(two, token("second"))
            assert one.confirm(TOKEN_KEY, document(one)) is Hold.PASSED_BY
        assert value(one) == "second"

    def test_without_the_lease_it_is_not_confirmed(
        self, one: SharedTokens, two: SharedTokens, clock: Time
    ) -> None:
        """The holder was paused for long, and another machine has it."""
        one.supersede(TOKEN_KEY, token("first"))
        two.pull(TOKEN_KEY)
        with one.locked(TOKEN_KEY):
            clock.ahead = 11
            with two.locked(TOKEN_KEY) as other:
                assert other
                assert one.confirm(TOKEN_KEY, document(one)) is Hold.PASSED_BY
                assert two.confirm(TOKEN_KEY, document(two)) is Hold.HELD

    def test_a_pause_of_a_minute_does_not_lose_it(
        self, one: SharedTokens, two: SharedTokens, clock: Time
    ) -> None:
        """The answer of the portal may already be here."""
        one.supersede(TOKEN_KEY, token("first", 30))
        two.pull(TOKEN_KEY)
        with one.locked(TOKEN_KEY):
            assert one.confirm(TOKEN_KEY, document(one))
            clock.ahead = 59
            with two.locked(TOKEN_KEY, 0.0) as other:
                assert other is Hold.PASSED_BY
            clock.ahead = 61
            with two.locked(TOKEN_KEY, 0.0) as other:
                assert other is Hold.HELD

    def test_it_is_away_if_there_is_no_reply(self, one: SharedTokens, server: Interrupted) -> None:
        """Then no refresh token is sent."""
        one.supersede(TOKEN_KEY, token("first"))
        with one.locked(TOKEN_KEY):
            server.lose = lambda script: "reply" if script is CONFIRM else None
            assert one.confirm(TOKEN_KEY, document(one)) is Hold.AWAY


class TestLogout:
    """An ended login does not come back."""

    def test_it_ends_on_each_machine(self, one: SharedTokens, two: SharedTokens) -> None:
        """Their copies are deleted, not sent back."""
        one.supersede(TOKEN_KEY, token("first"))
        two.pull(TOKEN_KEY)
        assert one.end(TOKEN_KEY) is None
        assert [pulled(two), pulled(one), pulled(two)] == [None, None, None]

    def test_a_renewal_that_had_begun_does_not_bring_it_back(
        self, one: SharedTokens, two: SharedTokens
    ) -> None:
        """The portal has answered after the logout."""
        one.supersede(TOKEN_KEY, token("first"))
        two.pull(TOKEN_KEY)
        one.end(TOKEN_KEY)
        assert not renew(two, token("second", 9000))
        assert [value(two), pulled(one)] == [None, None]

    def test_a_new_login_is_possible(self, one: SharedTokens, two: SharedTokens) -> None:
        """Directly after it."""
        one.supersede(TOKEN_KEY, token("first"))
        one.end(TOKEN_KEY)
        two.supersede(TOKEN_KEY, token("second"))
        assert pulled(one) == "second"

    def test_a_copy_that_is_older_does_not_count(
        self, one: SharedTokens, two: SharedTokens, clock: Time
    ) -> None:
        """It was written by another program before the logout."""
        two._local.supersede(TOKEN_KEY, token("of another program"))
        clock.ahead = 5
        one.supersede(TOKEN_KEY, token("first"))
        one.end(TOKEN_KEY)
        clock.ahead = 0
        assert pulled(two) is None

    def test_without_the_server_it_says_so(self, one: SharedTokens, server: Interrupted) -> None:
        """Other machines still have the login."""
        one.supersede(TOKEN_KEY, token("first"))
        server.lose = lambda _: "request"
        assert one.end(TOKEN_KEY) == ("the store is away, so the login stays on other machines")
        assert value(one) is None


class TestEmptiedServer:
    """After FLUSHALL, or a restart without a file."""

    def test_a_fresh_copy_goes_back_to_it(
        self, one: SharedTokens, two: SharedTokens, virtual: VirtualServer
    ) -> None:
        """With the same generation: a renewal elsewhere still counts as newer."""
        one.supersede(TOKEN_KEY, token("first"))
        two.pull(TOKEN_KEY)
        assert renew(one, token("second", 9000))
        virtual.clear()
        assert pulled(two) == "first"
        assert pulled(one) == "second"
        assert pulled(two) == "second"

    def test_a_copy_that_is_due_is_not_confirmed(
        self, one: SharedTokens, virtual: VirtualServer
    ) -> None:
        """Another machine may have used its refresh token."""
        one.supersede(TOKEN_KEY, token("first", due=True))
        virtual.clear()
        with one.locked(TOKEN_KEY, 0.0) as held:
            assert held is Hold.PASSED_BY
            assert one.confirm(TOKEN_KEY, document(one)) is not Hold.HELD

    def test_the_copy_that_expires_last_is_accepted_after_a_minute(
        self, one: SharedTokens, two: SharedTokens, virtual: VirtualServer, clock: Time
    ) -> None:
        """A renewal that had begun is done by then."""
        one.supersede(TOKEN_KEY, token("first", due=True))
        two.pull(TOKEN_KEY)
        assert renew(two, token("second", 9000, due=True))
        virtual.clear()
        assert [pulled(one), pulled(two)] == ["first", "second"]
        clock.ahead = 64
        with one.locked(TOKEN_KEY, 0.0) as held:
            assert held is Hold.PASSED_BY
        clock.ahead = 66
        with one.locked(TOKEN_KEY, 0.0) as held:
            assert held is Hold.HELD
            assert value(one) == "second"
            assert one.confirm(TOKEN_KEY, document(one)) is Hold.HELD

    def test_a_renewal_that_had_begun_counts_at_once(
        self, one: SharedTokens, two: SharedTokens, virtual: VirtualServer
    ) -> None:
        """Others were waiting for it."""
        one.supersede(TOKEN_KEY, token("first", due=True))
        two.pull(TOKEN_KEY)
        virtual.clear()
        two.pull(TOKEN_KEY)
        assert renew(one, token("second"))
        assert pulled(two) == "second"

    def test_a_new_server_accepts_a_copy_that_is_due_soon(
        self, one: SharedTokens, two: SharedTokens, clock: Time
    ) -> None:
        """The machines have copies of one home directory, and no server before."""
        for machine in (one, two):
            machine._local.supersede(TOKEN_KEY, token("first", due=True))
            machine.pull(TOKEN_KEY)
        clock.ahead = 4
        with one.locked(TOKEN_KEY, 0.0) as held:
            assert held is Hold.HELD

    def test_a_machine_without_a_token_has_to_wait(
        self, one: SharedTokens, two: SharedTokens, virtual: VirtualServer
    ) -> None:
        """It does not need a login: the others have one."""
        one.supersede(TOKEN_KEY, token("first", due=True))
        virtual.clear()
        one.pull(TOKEN_KEY)
        two.pull(TOKEN_KEY)
        assert two.why_away(TOKEN_KEY) == (
            "the store virtual:// was emptied, and collects the newest token"
        )


def test_a_token_that_was_exchanged_on_the_server_is_refused(
    one: SharedTokens, two: SharedTokens, virtual: VirtualServer
) -> None:
    """Its identity is another one than the server says."""
    one.supersede(TOKEN_KEY, token("first"))
    name = one._remote.name("tokens", TOKEN_KEY)
    virtual.call(
        Script("swap", "return redis.call('HSET', KEYS[1], 'id', ARGV[1])"),
        [name],
        [token_identity(token("other"))],
    )
    assert pulled(two) is None
    assert "not the token that the store says" in str(two.why_away(TOKEN_KEY))
