"""The index of a login: which tokens and role files belong to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from caches import own_cache
from roles import key_of

from sso_plugin.credentials.access_token import AccessToken
from sso_plugin.credentials.login_index import LoginIndex
from sso_plugin.credentials.schedule import Lifetime
from sso_plugin.storage.memory_cache import MemoryCache
from sso_plugin.storage.network.note import Note, with_note

if TYPE_CHECKING:
    from world import World

    from sso_plugin.storage.documents import Mark

KEY = "a" * 40
OTHER_KEY = "b" * 40


def test_the_index_names_the_role_files_until_it_is_cleared(world: World) -> None:
    """A logout clears it."""
    world.sign_in()
    key_of()
    index = LoginIndex(own_cache(), world.token_file().stem)
    assert index.keys() == {file.stem for file in world.role_files()}
    index.clear()
    assert index.keys() == set()


@pytest.fixture
def index() -> LoginIndex:
    return LoginIndex(MemoryCache(), "token")


def token(value: str, mark: Mark | None = None) -> AccessToken:
    return AccessToken(value, Lifetime(0, 3600), {}, mark)


def identify(index: LoginIndex, value: str, role: str | None = None) -> str:
    return index.identify(token(value), lambda: True, role)


def test_an_unknown_token_is_a_new_login(index: LoginIndex) -> None:
    """Another program has written it, possibly for another user."""
    assert index.find(token("alice").identity) is None
    login = identify(index, "alice")
    assert identify(index, "alice") == login
    assert identify(index, "bob") != login
    assert index.find(token("alice").identity) is None


def test_a_token_that_is_not_in_its_file_any_longer_is_not_stored(index: LoginIndex) -> None:
    """The index has the newest login."""
    login = identify(index, "bob")
    index.identify(token("alice"), lambda: False, KEY)
    found = index.find(token("bob").identity)
    assert found is not None
    assert found.id == login
    assert index.keys() == set()


def test_a_renewed_token_is_of_the_same_login(index: LoginIndex) -> None:
    """So is the old one, until the file is replaced. The time of the first file is kept."""
    login = identify(index, "first")
    index.continue_with(token("second"), token("first", (7, 0, 0)))
    index.continue_with(token("third"), token("second", (8, 0, 0)))
    for value in ("second", "third"):
        found = index.find(token(value).identity)
        assert found is not None
        assert (found.id, found.began_at) == (login, 7)
    assert index.find(token("first").identity) is None


def test_role_files_are_added_with_or_without_a_token(index: LoginIndex) -> None:
    """A renewal keeps them."""
    identify(index, "alice", KEY)
    index.add(OTHER_KEY)
    index.continue_with(token("renewed"), token("alice"))
    assert identify(index, "renewed", KEY) == identify(index, "renewed")
    assert index.keys() == {KEY, OTHER_KEY}


def test_a_new_login_has_no_role_files(index: LoginIndex) -> None:
    """Those of the previous login are deleted before."""
    login = identify(index, "alice", KEY)
    index.begin(token("bob"))
    found = index.find(token("bob").identity)
    assert found is not None
    assert found.id != login
    assert index.keys() == set()


def test_names_that_are_not_cache_keys_are_ignored() -> None:
    """Files are deleted by these names."""
    cache = MemoryCache()
    index = LoginIndex(cache, "token")
    index.add(KEY)
    [name] = cache.keys("")
    cache.put(name, {"keys": ["../etc", KEY, 7, KEY + "0"]})
    assert index.keys() == {KEY}


def shared(value: str, generation: int) -> AccessToken:
    """Return a token with the id of its login for all machines that share a store."""
    document = with_note({}, Note(generation, "identity"))
    return AccessToken(value, Lifetime(0, 3600), document)


def test_a_login_has_the_same_id_on_all_machines() -> None:
    """Role credentials that another machine fetched say which login they are from."""
    one, two = (LoginIndex(MemoryCache(), "token") for _ in range(2))
    one.begin(shared("first", 7))
    one.continue_with(shared("second", 7), shared("first", 7))
    login = two.identify(shared("second", 7), lambda: True, KEY)
    assert login == one.identify(shared("second", 7), lambda: True) == "7"
    assert two.keys() == {KEY}


def test_the_id_in_a_token_counts_more_than_the_index(index: LoginIndex) -> None:
    """The index of a machine has an id of its own until the store has the token."""
    own = identify(index, "first")
    found = index.identify(shared("first", 7), lambda: True)
    assert found == "7" != own
    stored = index.find(token("first").identity)
    assert stored is not None
    assert stored.id == "7"


def test_an_id_in_a_token_that_is_not_current_is_not_stored(index: LoginIndex) -> None:
    """A newer login has replaced it."""
    own = identify(index, "bob")
    assert index.identify(shared("alice", 7), lambda: False, KEY) == "7"
    found = index.find(token("bob").identity)
    assert found is not None
    assert found.id == own


def test_a_renewal_of_a_token_with_an_id_keeps_it(index: LoginIndex) -> None:
    """Also on a machine that has never seen the login."""
    index.continue_with(shared("second", 7), shared("first", 7))
    found = index.find(token("second").identity)
    assert found is not None
    assert found.id == "7"


def test_a_new_login_in_the_store_is_a_new_one(index: LoginIndex) -> None:
    """Although the index has a token of the older one."""
    index.begin(shared("first", 7))
    assert index.identify(shared("of another machine", 8), lambda: True) == "8"
    assert index.find(token("first").identity) is None
