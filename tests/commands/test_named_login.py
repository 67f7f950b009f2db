"""A login by one name: of a profile, or else of an sso-session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sso_plugin import ConfigError
from sso_plugin.commands.named_login import NamedLogin, find_named_login

if TYPE_CHECKING:
    from world import World

OTHER = """
[sso-session other]
sso_start_url = https://other.awsapps.com/start
sso_region = eu-west-1
"""


@pytest.mark.parametrize(
    ("name", "expected"), [("dev", NamedLogin("dev", None)), ("corp", NamedLogin(None, "corp"))]
)
def test_a_profile_or_an_sso_session_is_found(
    world: World, name: str, expected: NamedLogin
) -> None:
    """By its name."""
    assert find_named_login(name) == expected


def test_a_profile_wins_without_a_note_if_both_are_one_login(world: World) -> None:
    """It does not matter which one is meant."""
    world.configure(world.emulator.profile("corp"))
    assert find_named_login("corp") == NamedLogin("corp", None)


def test_a_profile_wins_with_a_note_if_the_logins_differ(world: World) -> None:
    """The note says how to use the other one."""
    other = OTHER.replace("other", "'my other'", 1)
    world.configure(world.emulator.profile("'my other'") + other)
    found = find_named_login("my other")
    assert found[:2] == ("my other", None)
    assert found.note == (
        '"my other" is a profile and an sso-session with another login. The profile is used. For '
        "the sso-session, use: --sso-session 'my other'"
    )


def test_a_profile_without_sso_keys_does_not_count(world: World) -> None:
    """If there is an sso-session with its name."""
    world.configure(world.emulator.profile() + OTHER + "[profile other]\nregion = x\n")
    assert find_named_login("other") == NamedLogin(None, "other")


@pytest.mark.parametrize(
    ("name", "config", "fix"),
    [
        ("dve", None, "Did you mean: dev?"),
        ("Crop", None, "Did you mean: corp?"),
        ("zzz", None, "Available: corp, dev."),
        ("zzz", "", "Run: sso-plugin configure"),
    ],
)
def test_the_error_shows_near_names(world: World, name: str, config: str | None, fix: str) -> None:
    """Or all of them, or the next step."""
    if config is not None:
        world.configure(config)
    with pytest.raises(ConfigError) as caught:
        find_named_login(name)
    assert str(caught.value) == (
        f'There is no profile or sso-session "{name}" in {world.config_file}. {fix}'
    )
