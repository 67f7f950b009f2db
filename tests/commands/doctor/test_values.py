"""The checks of the values in a profile and an sso-session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from findings import unhealthy

from sso_plugin.commands.doctor.values import KEYS
from sso_plugin.config.profile import _OWN_KEYS

if TYPE_CHECKING:
    from world import World


REGION = "the name of a region"


COMMENT = "a comment at the end of a line is part of the value"


QUOTES = "quotes are part of the value"


LINE = ", and the comment on a line of its own"


DIGITS = "12 digits, with leading zeros"


FULL = "111111111111"


def write(world: World, key: str, value: str) -> str:
    """Set a key in the profile, and return how messages name it."""
    lines = world.emulator.profile().splitlines()
    kept = [line for line in lines if not line.startswith(f"{key} ")]
    world.configure("\n".join([*kept, f"{key} = {value}", ""]))
    return f"{key} in [profile dev] of {world.config_file}"


VALUES = [
    # key, value, problem, correct value
    ("sso_account_id", "11111111111", f"not {DIGITS}", None),
    ("sso_account_id", "1111111111111", f"not {DIGITS}", None),
    ("sso_account_id", f"{FULL} # prod", COMMENT, f"{FULL}{LINE}"),
    ("sso_account_id", f"{FULL} ; prod", COMMENT, f"{FULL}{LINE}"),
    ("sso_account_id", f"{FULL}\t# prod", COMMENT, f"{FULL}{LINE}"),
    ("sso_account_id", f'"{FULL}"', QUOTES, FULL),
    ("sso_account_id", f"'{FULL}' # prod", COMMENT, f"{FULL}{LINE}"),
    ("sso_account_id", "1111-1111-1111", f"not {DIGITS}", FULL),
    ("sso_account_id", "1111 1111 1111", f"not {DIGITS}", FULL),
    (
        "sso_account_id",
        "\uff11" * 12,
        "it has a character that is not ASCII (U+FF11)",
        FULL,
    ),
    (
        "sso_account_id",
        "\u0661" * 12,
        "it has a character that is not ASCII (U+0661)",
        FULL,
    ),
    (
        "sso_account_id",
        f"{FULL}\u200b",
        "it has a character that is not ASCII (U+200B)",
        FULL,
    ),
    ("sso_account_id", "production", f"not {DIGITS}", None),
    ("sso_role_name", '"AdministratorAccess"', QUOTES, "AdministratorAccess"),
    ("sso_role_name", "Admin # all", COMMENT, f"Admin{LINE}"),
    ("sso_role_name", "Power User", "not the name of a permission set", None),
    (
        "sso_role_name",
        "arn:aws:iam::111111111111:role/Admin",
        "not the name of a permission set",
        "Admin",
    ),
    (
        "sso_role_name",
        "AWSReservedSSO_AdministratorAccess_65bf90de591b73a7",
        "not the name of a permission set",
        "AdministratorAccess",
    ),
    ("region", '"eu-central-1"', QUOTES, "eu-central-1"),
    ("region", "eu-central-1 # Frankfurt", COMMENT, f"eu-central-1{LINE}"),
    ("sso_refresh", "blocking # for now", COMMENT, f"blocking{LINE}"),
    ("sso_refresh", '"blocking"', QUOTES, "blocking"),
    ("sso_login", "sometimes", "an invalid value", "never, auto, browser, device or wait"),
    (
        "sso_key",
        "file:key",
        "an invalid value",
        "keyring, env or file:PATH, where PATH is absolute",
    ),
    ("sso_minimum_lifetime", "'45m'", QUOTES, "45m"),
    ("sso_plugin", "off # for now", COMMENT, f"off{LINE}"),
    ("sso_registration_scopes", '"sso:account:access"', QUOTES, "sso:account:access"),
    (
        "sso_registration_scopes",
        "sso:account:access codewhisperer:completions",
        "not scopes with commas between them",
        "sso:account:access, codewhisperer:completions",
    ),
]


@pytest.mark.one_quick_case
@pytest.mark.parametrize(("key", "value", "why", "text"), VALUES)
def test_an_invalid_value_is_a_problem(
    world: World, key: str, value: str, why: str, text: str | None
) -> None:
    """With file, section, key and value, and what to write instead."""
    place = write(world, key, value)
    [(status, message, fix)] = unhealthy(check="config")
    assert (status, message) == ("problem", f'{place} is "{value}": {why}.')
    if text is not None:
        assert fix == f"Write in [profile dev]: {key} = {text}"
        write(world, key, text.removesuffix(LINE).partition(",")[0])
        assert unhealthy(check="config") == []
    else:
        assert fix.startswith("Write in [profile dev]: ")


SESSION_VALUES = [
    ("sso_start_url", "'https://example.awsapps.com/start'", QUOTES, "https://example.awsapps.com/start"),
    (
        "sso_start_url",
        "https://example.awsapps.com/start # corp",
        COMMENT,
        f"https://example.awsapps.com/start{LINE}",
    ),
    (
        "sso_start_url",
        "http://example.awsapps.com/start",
        "not an https address",
        "https://example.awsapps.com/start",
    ),
    (
        "sso_start_url",
        "example.awsapps.com/start",
        "not an https address",
        "https://example.awsapps.com/start",
    ),
    ("sso_start_url", "https://", "not an https address", None),
    ("sso_start_url", "ftp://example.awsapps.com", "not an https address", None),
    ("sso_region", '"eu-central-1"', QUOTES, "eu-central-1"),
    ("sso_region", "eu-central-1a", f"not {REGION}", "eu-central-1"),
    ("sso_region", "eu central 1", f"not {REGION}", "eu-central-1"),
    ("sso_region", "EU-Central-1", f"not {REGION}", "eu-central-1"),
    ("sso_region", "eu-central", f"not {REGION}", None),
    ("sso_region", "Frankfurt", f"not {REGION}", None),
    ("sso_cache", "disk", "an invalid value", "file, memory or sealed"),
]  # fmt: skip


@pytest.mark.one_quick_case
@pytest.mark.parametrize(("key", "value", "why", "text"), SESSION_VALUES)
def test_an_invalid_value_in_an_sso_session_is_a_problem(
    world: World, key: str, value: str, why: str, text: str | None
) -> None:
    """The message names that section."""
    session = {"sso_start_url": world.emulator.start_url, "sso_region": "eu-central-1", key: value}
    lines = "".join(f"{name} = {held}\n" for name, held in session.items())
    world.configure(
        f"[sso-session corp]\n{lines}[profile dev]\nsso_session = corp\n"
        "sso_account_id = 111111111111\nsso_role_name = AdministratorAccess\n"
    )
    [(status, message, fix)] = unhealthy(check="config")
    place = f"{key} in [sso-session corp] of {world.config_file}"
    assert (status, message) == ("problem", f'{place} is "{value}": {why}.')
    assert fix.startswith("Write in [sso-session corp]: ")
    if text is not None:
        assert fix == f"Write in [sso-session corp]: {key} = {text}"


@pytest.mark.long
@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sso_region", "us-gov-west-1"),
        ("sso_region", "us-isob-east-1"),
        ("sso_region", "eusc-de-east-1"),
        ("region", "aws-global"),
        ("sso_role_name", "Team+a=b,c.d@e_f-1"),
        ("sso_start_url", "https://identitycenter.amazonaws.com/ssoins-1234567890abcdef"),
        ("sso_start_url", "https://example.awsapps.com/start/#/"),
        ("sso_login", "Browser"),
        ("sso_registration_scopes", "sso:account:access , x:y"),
    ],
)
def test_a_valid_value_is_not_reported(world: World, key: str, value: str) -> None:
    """For all partitions, and all characters that AWS allows."""
    world.configure(f"[profile dev]\n{key} = {value}\nsso_account_name = production\n")
    assert not [
        message for _, message, _ in unhealthy(check="config") if message.startswith(f"{key} in ")
    ]


def test_a_value_in_the_credentials_file_is_found(world: World) -> None:
    """That file overrides the config file."""
    shared = world.home / ".aws/credentials"
    shared.write_text("[dev]\nsso_account_id = '111111111111'\n")
    assert unhealthy(check="config") == [
        (
            "problem",
            f"sso_account_id in [dev] of {shared} is \"'111111111111'\": {QUOTES}.",
            "Write in [dev]: sso_account_id = 111111111111",
        )
    ]


@pytest.mark.parametrize("value", ["'production'", "production # prod"])
def test_an_unusual_account_name_is_a_warning(world: World, value: str) -> None:
    """Only the portal knows whether it exists."""
    account = "sso_account_id = 111111111111"
    profile = world.emulator.profile().replace(account, f"sso_account_name = {value}")
    world.configure(profile)
    [(status, message, fix)] = unhealthy(check="config")
    assert status == "warning"
    assert message.startswith(f"sso_account_name in [profile dev] of {world.config_file} is ")
    assert fix == (
        'If the account is named "production": Write in [profile dev]: sso_account_name = '
        "production"
    )


def test_an_indented_block_in_place_of_a_value_is_a_problem(world: World) -> None:
    """A line that starts with a space causes it."""
    world.configure(world.emulator.profile() + "sso_refresh =\n  blocking = x\n")
    [(status, message, fix)] = unhealthy(check="config")
    assert (status, message) == (
        "problem",
        f"sso_refresh in [profile dev] of {world.config_file} is an indented block, not a value.",
    )
    assert fix == "Write in [profile dev]: sso_refresh = VALUE, on one line"


def test_a_misspelled_key_is_a_warning(world: World) -> None:
    """Nothing else reports it."""
    world.configure(world.emulator.profile() + "sso_minimum_lifetme = 45m\nsso_own_thing = x\n")
    assert unhealthy(check="config") == [
        (
            "warning",
            f"sso_minimum_lifetme in [profile dev] of {world.config_file} is not a known key.",
            "If you mean sso_minimum_lifetime, rename it.",
        )
    ]


def test_an_encryption_key_in_the_config_is_not_shown(world: World) -> None:
    """The key of the config names the place of the key."""
    world.configure(world.emulator.profile() + "sso_key = aHVzaA==\n")
    [(status, message, fix)] = unhealthy(check="config")
    assert status == "problem"
    assert message == (
        f'sso_key in [profile dev] of {world.config_file} is "...": an invalid value.'
    )
    assert fix.startswith("Write in [profile dev]: sso_key = keyring, env or file:")


def test_all_keys_of_this_package_are_known() -> None:
    """New ones too."""
    assert set(KEYS) >= _OWN_KEYS


def test_a_missing_key_and_an_invalid_value_are_both_reported(world: World) -> None:
    """In one run."""
    world.configure(
        "[profile dev]\nsso_account_id = 1\nsso_start_url = https://x.awsapps.com/start\n"
    )
    messages = [message for _, message, _ in unhealthy(check="config")]
    assert len(messages) == 2
    assert "missing required configuration: sso_role_name, sso_region" in messages[1]
