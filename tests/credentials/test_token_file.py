"""The file of an access token: what it holds, and what is derived from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from caches import role_cache
from tokens import rewrite, source_of

from sso_plugin import LoginRequired

if TYPE_CHECKING:
    from world import World

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
