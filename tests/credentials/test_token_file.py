"""The file of an access token: what it holds, and what is derived from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from caches import role_cache
from shared_world import SharedWorld
from tokens import rewrite, source_of

from sso_plugin import LoginRequired

if TYPE_CHECKING:
    from world import World

    from sso_plugin.credentials.access_token import AccessToken

ROLE = "a" * 40


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is damaged: it is not a JSON object"),
        ("{", "is damaged: it is not a JSON object"),
        ("[]", "is damaged: it is not a JSON object"),
        ('{"accessToken": 7}', "it has no access token"),
        ('{"expiresAt": "x"}', "it has no access token"),
    ],
)
def test_a_damaged_token_file_needs_a_login(world: World, content: str, reason: str) -> None:
    """No KeyError and no JSON error."""
    world.sign_in()
    world.token_file().write_text(content)
    with pytest.raises(LoginRequired, match=reason):
        source_of().fetch()


@pytest.mark.parametrize("value", ["a\nb", "", "\x00", "\u00e4"])
def test_a_token_that_is_not_valid_in_a_header_needs_a_login(world: World, value: str) -> None:
    """It may have been pasted by hand."""
    world.sign_in(accessToken=value)
    with pytest.raises(LoginRequired, match="it has no access token"):
        source_of().fetch()


def test_a_file_that_has_changed_does_not_hold_the_token(world: World) -> None:
    """Neither does a missing file."""
    world.sign_in()
    file = source_of().file
    token = file.load()
    assert token is not None
    assert file.holds(token)
    rewrite(world, note="of another program")
    assert not file.holds(token)
    world.token_file().unlink()
    assert not file.holds(token)


def test_the_origin_of_a_token_adds_its_role_to_the_index(world: World) -> None:
    """A logout deletes the role files that the index names."""
    world.sign_in()
    file = source_of().file
    token = file.load()
    assert token is not None
    origin = file.origin_of(token, ROLE)
    assert origin is not None
    assert origin == file.origin_of(token)
    assert origin[1] == token.mark
    assert file.index.keys() == {ROLE}
    login = file.known_login()
    assert login is not None
    assert login.id == origin[0]


def test_a_new_login_deletes_the_role_files_of_the_previous_one(world: World) -> None:
    """They belong to the person who logged in before."""
    world.sign_in()
    file = source_of().file
    old = file.load()
    assert old is not None
    file.origin_of(old, ROLE)
    role_cache().put(ROLE, {"Credentials": {}})
    world.sign_in("bob")
    new = file.load()
    assert new is not None
    saved = file.begin_login(new)
    assert saved.value == new.value
    assert role_cache().get(ROLE) is None
    assert file.index.keys() == set()


def test_the_problem_of_a_file_names_its_path(world: World) -> None:
    """None for a valid file and for a missing one."""
    file = source_of().file
    assert file.problem() is None
    world.sign_in()
    assert file.problem() is None
    rewrite(world, expiresAt="soon")
    assert file.problem() == (
        f'the token file {world.token_file()} has an invalid expiresAt "soon"'
    )
    world.token_file().write_text(json.dumps([]))
    assert file.problem() == f"{world.token_file()} is damaged: it is not a JSON object"


class TestShared:
    """The token of a login that many machines share."""

    @pytest.fixture
    def shared(self, world: World, monkeypatch: pytest.MonkeyPatch) -> SharedWorld:
        return SharedWorld(world, monkeypatch)

    def test_the_first_token_gets_the_id_of_its_login(
        self, world: World, shared: SharedWorld
    ) -> None:
        """The index has it, too: all machines use it."""
        world.sign_in()
        file = source_of().file
        new = file.load()
        assert new is not None
        assert new.login_id is None
        stored = file.begin_login(new)
        assert stored.value == new.value
        assert stored.login_id is not None
        login = file.known_login()
        assert login is not None
        assert login.id == stored.login_id
        origin = file.origin_of(stored)
        assert origin is not None
        assert origin[0] == stored.login_id

    def test_without_the_store_it_has_an_id_of_this_machine(
        self, world: World, shared: SharedWorld
    ) -> None:
        """Until the store has it."""
        world.sign_in()
        shared.go_away()
        source = source_of()
        new = source.file.load()
        assert new is not None
        stored = source.file.begin_login(new)
        assert stored.login_id is None
        first = source.file.known_login()
        assert first is not None
        shared.come_back()
        source.login.pull()
        found = source.file.load()
        assert found is not None
        assert found.login_id is not None
        login = source.file.known_login()
        assert login is not None
        assert login.id == found.login_id != first.id

    def test_the_id_in_the_token_wins(self, world: World, shared: SharedWorld) -> None:
        """Another machine has logged in, and the index of this one does not know that."""
        world.sign_in()
        file = source_of().file
        new = file.load()
        assert new is not None
        first = file.begin_login(new)
        rewrite(world, accessToken="of another machine", SsoPlugin=noted(first, 1000))
        login = file.known_login()
        assert login is not None
        assert login == (str(int(str(first.login_id)) + 1000), None)

    def test_a_missing_one_is_on_no_machine(self, shared: SharedWorld) -> None:
        """The message names both places."""
        assert source_of().file.why_none() == (
            "it has no access token, neither on this machine nor in the store virtual://"
        )


def noted(token: AccessToken, later: int) -> dict[str, object]:
    return {"Generation": int(str(token.login_id)) + later, "Identity": "x"}
