"""The checks of the sections of a profile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from findings import unhealthy

if TYPE_CHECKING:
    from world import World


NAMES = [
    # the reference, the header of the section, what to do
    ("corp", "[ sso-session corp ]", "Write [sso-session corp] instead of [ sso-session corp ]."),
    ("corp", "[sso_session corp]", "Write [sso-session corp] instead of [sso_session corp]."),
    ("corp", "[corp]", "Write [sso-session corp] instead of [corp]."),
    ("corp # x", "[sso-session corp]", "Write in [profile dev]: sso_session = corp"),
    ('"corp"', "[sso-session corp]", "Write in [profile dev]: sso_session = corp"),
    ("my  corp", '[sso-session "my corp"]', "Write in [profile dev]: sso_session = my corp"),
    ("corp\u200b", "[sso-session corp]", "Write in [profile dev]: sso_session = corp"),
    ("Corp", "[sso-session corp]", "Write in [profile dev]: sso_session = corp"),
    (
        "crp",
        "[sso-session corp]",
        "Add a section of this name with sso_start_url and sso_region, or set it to one of: corp.",
    ),
]


@pytest.mark.one_quick_case
@pytest.mark.parametrize(("name", "header", "fix"), NAMES)
def test_a_misspelled_sso_session_is_a_problem(
    world: World, name: str, header: str, fix: str
) -> None:
    """The fix names the intended one."""
    text = world.emulator.profile().replace("[sso-session corp]", header)
    world.configure(text.replace("sso_session = corp", f"sso_session = {name}"))
    assert unhealthy(check="config") == [
        (
            "problem",
            f'sso_session in [profile dev] of {world.config_file} is "{name}", and there is no '
            f"[sso-session {name}].",
            fix,
        )
    ]


@pytest.mark.one_quick_case
@pytest.mark.parametrize("header", ["dev", " profile dev ", "Profile dev", "PROFILE  dev"])
def test_a_misspelled_profile_header_is_a_problem(world: World, header: str) -> None:
    """In the config file, only ``default`` needs no word ``profile``."""
    world.configure(world.emulator.profile().replace("profile dev", header))
    assert unhealthy(check="config") == [
        (
            "problem",
            f'There is no profile "dev" in {world.config_file}.',
            f"Write [profile dev] instead of [{header}].",
        )
    ]


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ("[default]", "[profile default]", "default"),
        ("[profile default]", "[default]", "default"),
        ("[profile dev]", '[profile "dev"]', "dev"),
        ("[profile dev]", "[profile  dev]", "dev"),
    ],
)
def test_a_repeated_profile_is_a_warning(world: World, first: str, second: str, name: str) -> None:
    """Botocore uses the last section only; other SDKs may differ."""
    profile = re.sub(r"\[(profile )?(default|dev)\]", second, world.emulator.profile(name))
    world.configure(f"{first}\nregion = x\n{profile}")
    assert unhealthy(name, "config") == [
        (
            "warning",
            f"{first} and {second} in {world.config_file} are the same section: botocore reads "
            f"{second} only, and other SDKs may read another one.",
            f"Move all keys to {second}, and delete {first}.",
        )
    ]


def test_a_repeated_sso_session_is_a_warning(world: World) -> None:
    """In the same way."""
    world.configure("[sso-session 'corp']\n" + world.emulator.profile())
    [(status, message, _)] = unhealthy(check="config")
    assert status == "warning"
    assert message.startswith("[sso-session 'corp'] and [sso-session corp] in ")


def test_a_section_named_default_in_capitals_is_a_warning(world: World) -> None:
    """The parser of Python adds its keys to all other sections."""
    world.configure("[DEFAULT]\nsso_refresh = blocking\n" + world.emulator.profile())
    assert unhealthy(check="config") == [
        (
            "warning",
            f"[DEFAULT] in {world.config_file} adds its keys to every section.",
            "Rename it to [default], or move its keys to the profiles that need them.",
        )
    ]


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_the_variable_with_a_missing_profile_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """So that the user knows where the name comes from."""
    monkeypatch.setenv(variable, "gone")
    assert unhealthy(None, "config") == [
        (
            "problem",
            f'There is no profile "gone" (set by {variable}) in {world.config_file}.',
            "Choose one of: dev.",
        )
    ]
    assert unhealthy("dev", "config") == []
