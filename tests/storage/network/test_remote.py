"""Sealed documents on the server: their age, the clock of the portal, and what is refused."""

from __future__ import annotations

import json
import time
from traceback import TracebackException
from typing import TYPE_CHECKING, Any

import pytest
from caches import KEY
from network import LOGIN, TOKEN_KEY, FixedTiming, new_remote, token

from sso_plugin.redact import conceal
from sso_plugin.storage.documents import Entry
from sso_plugin.storage.keys import token_identity
from sso_plugin.storage.network.remote import OFFERED, Remote
from sso_plugin.storage.network.scripts import READ, Script
from sso_plugin.storage.network.server_errors import ServerAwayError
from sso_plugin.storage.reading import UnusableFileError
from sso_plugin.storage.sealing import KeyUnavailableError

if TYPE_CHECKING:
    from network import Interrupted, ServerTime
    from virtual_server import VirtualServer

SET = Script("set", "return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])")
TOKENS = ("tokens", TOKEN_KEY)


@pytest.fixture
def remote(server: Interrupted) -> Remote:
    return new_remote(server)


def timing_of(remote: Remote) -> FixedTiming:
    assert isinstance(remote.timing, FixedTiming)
    return remote.timing


def stored(virtual: VirtualServer, remote: Remote, kind: str, key: str) -> dict[bytes, bytes]:
    _, value = virtual.show(remote.name(kind, key))
    assert isinstance(value, dict)
    return value


def write_token(remote: Remote, value: str, generation: int | None, *parent: str) -> Any:
    document = token(value)
    return remote.write_token(TOKENS, document, generation, token_identity(document), *parent)


class TestDocuments:
    """Role credentials and notes."""

    def test_one_is_read_as_it_was_written(self, remote: Remote) -> None:
        """With its age by the clock of the server."""
        remote.write("roles", "a", {"a": "ä"}, 60)
        record = remote.read("roles", "a")
        assert record is not None
        assert record.document == {"a": "ä"}
        assert 0 <= record.age < 60

    def test_its_age_does_not_depend_on_the_clock_of_a_machine(
        self, remote: Remote, clock: ServerTime
    ) -> None:
        """The clocks of machines differ by hours."""
        clock.ahead = 36_000
        remote.write("roles", "a", {}, 3600)
        clock.ahead = 36_300
        record = remote.read("roles", "a")
        assert record is not None
        assert 300 <= record.age < 360

    def test_it_ends_with_its_lifetime(
        self, remote: Remote, virtual: VirtualServer, clock: ServerTime
    ) -> None:
        """The server then has nothing of it."""
        remote.write("roles", "a", {}, 60)
        clock.ahead = 62
        assert remote.read("roles", "a") is None
        assert virtual.show(remote.name("roles", "a")) == (None, None)

    def test_it_can_be_removed(self, remote: Remote) -> None:
        """Also twice."""
        remote.write("roles", "a", {}, 60)
        remote.remove("roles", "a")
        remote.remove("roles", "a")
        assert remote.read("roles", "a") is None

    def test_a_later_one_replaces_it(self, remote: Remote) -> None:
        """They are not merged."""
        remote.write("roles", "a", {"a": 1}, 60)
        remote.write("roles", "a", {"b": 2}, 60)
        record = remote.read("roles", "a")
        assert record is not None
        assert record.document == {"b": 2}

    def test_the_server_cannot_read_it(self, remote: Remote, virtual: VirtualServer) -> None:
        """Not even its key."""
        remote.write("roles", "key-of-a-role", {"secretAccessKey": "hidden"}, 60)
        shown = str(stored(virtual, remote, "roles", "key-of-a-role"))
        assert "hidden" not in shown
        assert "secretAccessKey" not in shown
        assert "key-of-a-role" not in shown

    def test_its_secrets_have_no_repr(self, remote: Remote) -> None:
        """A traceback with locals shows the document."""
        remote.write("roles", "a", {"secretAccessKey": "hidden"}, 60)
        assert "hidden" not in repr(remote.read("roles", "a"))


class TestClock:
    """The time of the portal, for machines that have not heard from it."""

    def test_one_machine_learns_it_and_all_others_get_it(
        self, server: Interrupted, clock: ServerTime
    ) -> None:
        """Also if the clock of the server is wrong."""
        one, two = new_remote(server), new_remote(server)
        clock.ahead = -7200
        timing_of(one).time_of_portal = time.time() + 100
        one.write("roles", "a", {}, 60)
        two.read("roles", "other")
        assert timing_of(two).learned[0] == pytest.approx(time.time() + 100, abs=30)

    def test_a_login_tells_it_too(self, server: Interrupted) -> None:
        """And each renewal."""
        one, two = new_remote(server), new_remote(server)
        timing_of(one).time_of_portal = time.time() - 5000
        write_token(one, "a", None)
        assert two.read_token(*TOKENS) is not None
        assert timing_of(two).learned[0] == pytest.approx(time.time() - 5000, abs=30)

    def test_it_goes_on(self, server: Interrupted, clock: ServerTime) -> None:
        """The server knows by how much it is ahead."""
        one, two = new_remote(server), new_remote(server)
        timing_of(one).time_of_portal = 5_000_000.0
        one.write("roles", "a", {}, 60)
        clock.ahead = 1000
        two.read("roles", "a")
        assert timing_of(two).learned[0] == pytest.approx(5_001_000, abs=30)

    def test_a_machine_without_the_time_of_the_portal_does_not_change_it(
        self, server: Interrupted
    ) -> None:
        """Its clock may be wrong."""
        one, two = new_remote(server), new_remote(server)
        timing_of(one).time_of_portal = 5_000_000.0
        one.write("roles", "a", {}, 60)
        two.write("roles", "b", {}, 60)
        two.read("roles", "a")
        assert timing_of(two).learned[0] == pytest.approx(5_000_000, abs=30)

    def test_without_it_nothing_is_learned(self, remote: Remote) -> None:
        """The clock of the server is not that of the portal."""
        remote.read("roles", "a")
        assert timing_of(remote).learned == []

    def test_logins_do_not_share_it(self, server: Interrupted) -> None:
        """They may be at different portals."""
        one, two = new_remote(server), new_remote(server, LOGIN._replace(region="us-east-1"))
        timing_of(one).time_of_portal = 5_000_000.0
        one.write("roles", "a", {}, 60)
        two.read("roles", "a")
        assert timing_of(two).learned == []

    def test_a_copy_was_written_when_the_server_says(
        self, remote: Remote, clock: ServerTime
    ) -> None:
        """The age of its file counts, not the clock of its machine."""
        clock.ahead = 36_000
        remote.read("roles", "a")
        entry = Entry({}, time.time() - 500, (0, 0, 0))
        expected = (time.time() + 36_000 - 500) * 1000
        assert remote.written_at(entry) == pytest.approx(expected, abs=30_000)

    def test_a_file_of_the_future_is_new(self, remote: Remote) -> None:
        """The clock of its machine was set back."""
        assert remote.age_of(Entry({}, time.time() + 500, (0, 0, 0))) == 0.0


class TestRefusal:
    """A document that is not what it should be."""

    def test_one_under_another_name_is_refused(
        self, remote: Remote, server: Interrupted, virtual: VirtualServer
    ) -> None:
        """The server, or who has access to it, could swap the credentials of two roles."""
        remote.write("roles", "admin", {"a": 1}, 60)
        remote.write("roles", "reader", {"a": 2}, 60)
        swapped = stored(virtual, remote, "roles", "admin")[b"doc"]
        server.call(SET, [remote.name("roles", "reader")], ["doc", swapped])
        with pytest.raises(
            UnusableFileError, match=r"^a document in the store virtual:// is damag"
        ):
            remote.read("roles", "reader")

    @pytest.mark.parametrize(
        "data", [b"", b"{", b"[]", b"\xff", b"{}", b'{"sealed": 1}', b'"' + b"x" * 100 + b'"']
    )
    def test_damaged_data_are_refused(
        self, remote: Remote, server: Interrupted, data: bytes
    ) -> None:
        """No error of a parser gets to the caller."""
        remote.write("roles", "a", {"a": 1}, 60)
        server.call(SET, [remote.name("roles", "a")], ["doc", data])
        with pytest.raises(UnusableFileError, match=r"^a document in the store virtual:// "):
            remote.read("roles", "a")

    @pytest.mark.parametrize(
        ("field", "value"), [("g", "x"), ("exp", "x"), ("at", ""), ("id", b"\xff"), ("g", "1.5")]
    )
    def test_a_token_with_a_wrong_value_is_refused(
        self, remote: Remote, server: Interrupted, field: str, value: bytes | str
    ) -> None:
        """Until the next login, which replaces it."""
        write_token(remote, "a", None)
        server.call(SET, [remote.name(*TOKENS)], [field, value])
        with pytest.raises(UnusableFileError, match=r"^a document in the store virtual:// is dam"):
            remote.read_token(*TOKENS)
        assert write_token(remote, "b", None)[0]
        assert remote.read_token(*TOKENS) is not None

    def test_a_document_with_a_wrong_value_is_refused(
        self, remote: Remote, server: Interrupted
    ) -> None:
        """Such as the time when it was written."""
        remote.write("roles", "a", {}, 60)
        server.call(SET, [remote.name("roles", "a")], ["v", "x"])
        with pytest.raises(UnusableFileError, match=r"^a document in the store virtual:// is dam"):
            remote.read("roles", "a")

    def test_each_changed_byte_is_noticed(
        self, remote: Remote, server: Interrupted, virtual: VirtualServer
    ) -> None:
        """Also one that leaves valid JSON."""
        remote.write("roles", "a", {"a": 1}, 60)
        sealed = json.loads(stored(virtual, remote, "roles", "a")[b"doc"])
        texts = [key for key, value in sealed.items() if isinstance(value, str) and value]
        assert texts
        for key in texts:
            other = "B" if sealed[key][0] == "A" else "A"
            changed = json.dumps({**sealed, key: other + sealed[key][1:]})
            server.call(SET, [remote.name("roles", "a")], ["doc", changed])
            with pytest.raises(UnusableFileError):
                remote.read("roles", "a")

    def test_without_a_key_there_is_no_request(
        self, remote: Remote, server: Interrupted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The documents have no names then."""
        monkeypatch.delenv("SSO_PLUGIN_STORE_KEY")
        for request in (
            lambda: remote.read("roles", "a"),
            lambda: remote.write("roles", "a", {}, 60),
            lambda: remote.remove("roles", "a"),
            lambda: remote.read_token(*TOKENS),
            lambda: remote.end_token(*TOKENS),
        ):
            with pytest.raises(KeyUnavailableError):
                request()
        assert server.calls == []
        assert remote.why_no_key() is not None

    def test_with_another_key_there_is_nothing(
        self, remote: Remote, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Not even a document that cannot be opened."""
        remote.write("roles", "a", {"a": 1}, 60)
        monkeypatch.setenv("SSO_PLUGIN_STORE_KEY", KEY[:10] + "AAAA" + KEY[14:])
        assert remote.read("roles", "a") is None

    def test_a_server_that_is_away_is_an_error(self, remote: Remote, server: Interrupted) -> None:
        """It is not the same as no document."""
        server.lose = lambda script: "request" if script is READ else None
        with pytest.raises(ServerAwayError):
            remote.read("roles", "a")


class TestTokens:
    """The record of a token."""

    def test_it_says_what_the_token_is(self, remote: Remote, clock: ServerTime) -> None:
        """Without decrypting it."""
        document = token("a", 3600)
        identity = token_identity(document)
        is_stored, generation = remote.write_token(TOKENS, document, None, identity)
        assert is_stored
        assert generation == pytest.approx(time.time() * 1000, abs=30_000)
        clock.ahead = 100
        record = remote.read_token(*TOKENS)
        assert record is not None
        assert record[:3] == (generation, identity, document["expires"])
        assert 100 <= record.age < 130
        assert remote.open(remote.name(*TOKENS), record.data) == document

    def test_one_that_was_refused_says_which_generation_there_is(self, remote: Remote) -> None:
        """Its writer learns of the newer login."""
        _, newest = write_token(remote, "new", None)
        assert write_token(remote, "old", newest - 1000) == (False, newest)

    def test_an_ended_login_has_a_generation_only(
        self, remote: Remote, virtual: VirtualServer
    ) -> None:
        """Nothing of the token stays on the server."""
        _, generation = write_token(remote, "a", None)
        remote.end_token(*TOKENS)
        record = remote.read_token(*TOKENS)
        assert record is not None
        assert record.generation > generation
        assert record[1:] == (None, 0.0, 0.0, b"")
        assert set(stored(virtual, remote, *TOKENS)) == {b"g", b"v"}

    def test_offers_are_not_yet_a_token(self, remote: Remote, clock: ServerTime) -> None:
        """They are a reason to wait."""
        assert remote.read_token(*TOKENS) is None
        document = token("a")
        assert not remote.offer_token(TOKENS, document, 7, is_new=True)
        assert remote.read_token(*TOKENS) is OFFERED
        clock.ahead = 4
        assert remote.offer_token(TOKENS, document, 7, is_new=True)
        record = remote.read_token(*TOKENS)
        assert record is not None
        assert record[:2] == (7, token_identity(document))

    def test_the_secrets_of_a_token_are_in_no_traceback(
        self, remote: Remote, server: Interrupted
    ) -> None:
        """Also not in one that shows locals."""
        document = conceal(token("hidden"))
        server.lose = lambda _: "request"
        with pytest.raises(ServerAwayError) as caught:
            remote.write_token(TOKENS, document, None, token_identity(document))
        shown = "".join(
            TracebackException.from_exception(caught.value, capture_locals=True).format()
        )
        assert "remote.write_token" in shown
        assert "hidden" not in shown.replace('conceal(token("hidden"))', "")
