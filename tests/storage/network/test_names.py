"""The names of documents on the server, which are all that it can read."""

from __future__ import annotations

import re

import pytest
from network import LOGIN, TOKEN_KEY

from sso_plugin.storage.network.names import LoginName, Names

ONE, TWO = b"1" * 32, b"2" * 32

OTHERS = [
    LOGIN._replace(region="us-east-1"),
    LOGIN._replace(start_url="https://other.awsapps.com/start"),
    LOGIN._replace(session_name="other"),
    LOGIN._replace(session_name=None),
    LoginName(LOGIN.region + LOGIN.start_url, "", LOGIN.session_name),
]


def tag(name: str) -> str:
    """Return the part that decides where a cluster keeps a key."""
    found = re.match(r"\{([^{}]+)\}:", name)
    assert found is not None
    return found[1]


def test_a_name_reveals_its_kind_only() -> None:
    """Neither the portal, nor the sso-session, nor the account and the role."""
    for name in (Names(ONE, LOGIN).of("tokens", TOKEN_KEY), Names(ONE, LOGIN).of("tokens")):
        assert re.fullmatch(r"\{sso-plugin:[0-9a-f]{32}\}:tokens:[0-9a-f]{32}", name)
        for hidden in (*map(str, LOGIN), TOKEN_KEY, TOKEN_KEY[:12]):
            assert hidden not in name
    assert re.fullmatch(
        r"\{sso-plugin:[0-9a-f]{32}\}:budget", Names(ONE, LOGIN).of_portal("budget")
    )


def test_names_are_those_that_users_permit() -> None:
    """The ACL in the docs has this pattern."""
    for name in (Names(ONE, LOGIN).of("roles", "key"), Names(ONE, LOGIN).of_portal("budget")):
        assert re.fullmatch(r"\{sso-plugin:[^*]*\}:.*", name)


def test_a_name_is_the_same_on_each_machine() -> None:
    """It depends on the key and the login only."""
    assert Names(ONE, LOGIN).of("roles", "key") == Names(ONE, LoginName(*LOGIN)).of("roles", "key")


def test_different_keys_share_nothing() -> None:
    """Two people can have the same sso-session on one server."""
    one, two = Names(ONE, LOGIN), Names(TWO, LOGIN)
    assert one.of("tokens", TOKEN_KEY) != two.of("tokens", TOKEN_KEY)
    assert tag(one.of("clock")) != tag(two.of("clock"))
    assert one.of_portal("budget") != two.of_portal("budget")


@pytest.mark.parametrize("other", OTHERS)
def test_different_logins_share_no_documents(other: LoginName) -> None:
    """Also if parts of their names are the same when they are joined."""
    one, two = Names(ONE, LOGIN), Names(ONE, other)
    assert tag(one.of("clock")) != tag(two.of("clock"))
    assert one.of("tokens", TOKEN_KEY).rpartition(":")[2] not in two.of("tokens", TOKEN_KEY)


def test_logins_at_one_portal_share_its_budget() -> None:
    """The portal counts the requests of all sso-sessions."""
    budget = Names(ONE, LOGIN).of_portal("budget")
    assert budget == Names(ONE, LOGIN._replace(session_name=None)).of_portal("budget")
    assert budget != Names(ONE, LOGIN._replace(region="us-east-1")).of_portal("budget")
    assert tag(budget) != tag(Names(ONE, LOGIN).of("clock"))


def test_documents_of_a_login_are_in_one_hash_slot() -> None:
    """A script uses several of them, which a cluster permits only then."""
    names = Names(ONE, LOGIN)
    tags = {tag(names.of(kind, key)) for kind in ("tokens", "roles", "clock") for key in ("", "a")}
    assert len(tags) == 1


def test_documents_have_different_names() -> None:
    """By their kind, and by their key."""
    names = Names(ONE, LOGIN)
    pairs = [("tokens", ""), ("tokens", "a"), ("tokens", "b"), ("roles", "a"), ("notes", "a")]
    assert len({names.of(*pair) for pair in pairs}) == len(pairs)
    assert len({names.of(*pair).rpartition(":")[2] for pair in pairs}) == len(pairs)
