"""The doctor and the config file: wrong values, and sections that are not what they look like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import sso_plugin
from sso_plugin.commands.doctor import diagnose
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


@pytest.fixture(autouse=True)
def _live(world: World) -> None:
    sso_plugin.enable()
    world.sign_in()
    world.token_file().parent.chmod(0o700)
    world.token_file().chmod(0o600)


def bad(profile: str | None = "dev") -> list[tuple[str, str, str]]:
    """Return what is wrong in the config."""
    return [
        (each.status, each.message, each.mend)
        for each in diagnose(profile)
        if each.status != "ok" and each.check == "config"
    ]


def write(world: World, key: str, value: str) -> str:
    """Set a key in the profile, and return its place in messages."""
    lines = world.emulator.profile().splitlines()
    kept = [line for line in lines if not line.startswith(f"{key} ")]
    world.configure("\n".join([*kept, f"{key} = {value}", ""]))
    return f"{key} in [profile dev] of {world.config_file}"


VALUES = [
    # key, value, what is wrong, what to write
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
    ("sso_login", "sometimes", "an invalid value", "never, auto, browser or device"),
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


@pytest.mark.parametrize(("key", "value", "why", "text"), VALUES)
def test_a_value_that_is_not_valid_is_named_with_what_to_write(
    world: World, key: str, value: str, why: str, text: str | None
) -> None:
    """File, section, key and value; botocore takes the value as it is."""
    place = write(world, key, value)
    [(status, message, mend)] = bad()
    assert (status, message) == ("problem", f'{place} is "{value}": {why}.')
    if text is not None:
        assert mend == f"Write in [profile dev]: {key} = {text}"
        write(world, key, text.removesuffix(LINE).partition(",")[0])
        assert bad() == []
    else:
        assert mend.startswith("Write in [profile dev]: ")


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
    ("sso_cache", "disk", "an invalid value", "file or memory"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "why", "text"), SESSION_VALUES)
def test_a_value_of_an_sso_session_is_looked_at_too(
    world: World, key: str, value: str, why: str, text: str | None
) -> None:
    """And the message names that section."""
    session = {"sso_start_url": world.emulator.start_url, "sso_region": "eu-central-1", key: value}
    lines = "".join(f"{name} = {held}\n" for name, held in session.items())
    world.configure(
        f"[sso-session corp]\n{lines}[profile dev]\nsso_session = corp\n"
        "sso_account_id = 111111111111\nsso_role_name = AdministratorAccess\n"
    )
    [(status, message, mend)] = bad()
    place = f"{key} in [sso-session corp] of {world.config_file}"
    assert (status, message) == ("problem", f'{place} is "{value}": {why}.')
    assert mend.startswith("Write in [sso-session corp]: ")
    if text is not None:
        assert mend == f"Write in [sso-session corp]: {key} = {text}"


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
    """All partitions, and whatever AWS allows in a name."""
    world.configure(f"[profile dev]\n{key} = {value}\nsso_account_name = production\n")
    assert not [message for _, message, _ in bad() if message.startswith(f"{key} in ")]


def test_the_file_of_a_value_is_named(world: World) -> None:
    """The shared credentials file can hold it too, and wins."""
    shared = world.home / ".aws/credentials"
    shared.write_text("[dev]\nsso_account_id = '111111111111'\n")
    assert bad() == [
        (
            "problem",
            f"sso_account_id in [dev] of {shared} is \"'111111111111'\": {QUOTES}.",
            "Write in [dev]: sso_account_id = 111111111111",
        )
    ]


@pytest.mark.parametrize("value", ["'production'", "production # prod"])
def test_the_name_of_an_account_may_be_odd(world: World, value: str) -> None:
    """So it is a warning only. Whether there is such an account is for the portal to say."""
    account = "sso_account_id = 111111111111"
    profile = world.emulator.profile().replace(account, f"sso_account_name = {value}")
    world.configure(profile)
    [(status, message, mend)] = bad()
    assert status == "warning"
    assert message.startswith(f"sso_account_name in [profile dev] of {world.config_file} is ")
    assert mend == (
        'If the account is named "production": Write in [profile dev]: sso_account_name = '
        "production"
    )


def test_a_value_in_an_indented_block_is_reported(world: World) -> None:
    """It is easily made by a line that begins with a space."""
    world.configure(world.emulator.profile() + "sso_refresh =\n  blocking = x\n")
    [(status, message, mend)] = bad()
    assert (status, message) == (
        "problem",
        f"sso_refresh in [profile dev] of {world.config_file} is an indented block.",
    )
    assert mend == "Write in [profile dev]: sso_refresh = VALUE, on one line"


def test_a_misspelled_key_is_reported(world: World) -> None:
    """Nothing reads it, and nothing else says so."""
    world.configure(world.emulator.profile() + "sso_minimum_lifetme = 45m\nsso_own_thing = x\n")
    assert bad() == [
        (
            "warning",
            f"sso_minimum_lifetme in [profile dev] of {world.config_file} is not a known key.",
            "If you mean sso_minimum_lifetime, rename it.",
        )
    ]


def test_all_our_keys_are_known() -> None:
    """A new one is looked at too."""
    assert set(KEYS) >= _OWN_KEYS


def test_a_missing_key_is_reported_beside_a_wrong_value(world: World) -> None:
    """Both at once: one run of the doctor is enough."""
    world.configure(
        "[profile dev]\nsso_account_id = 1\nsso_start_url = https://x.awsapps.com/start\n"
    )
    messages = [message for _, message, _ in bad()]
    assert len(messages) == 2
    assert "missing required configuration: sso_role_name, sso_region" in messages[1]


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


@pytest.mark.parametrize(("name", "header", "fix"), NAMES)
def test_an_sso_session_of_another_spelling_is_found(
    world: World, name: str, header: str, fix: str
) -> None:
    """What was meant is named."""
    text = world.emulator.profile().replace("[sso-session corp]", header)
    world.configure(text.replace("sso_session = corp", f"sso_session = {name}"))
    assert bad() == [
        (
            "problem",
            f'sso_session in [profile dev] of {world.config_file} is "{name}", and there is no '
            f"[sso-session {name}].",
            fix,
        )
    ]


@pytest.mark.parametrize("header", ["dev", " profile dev ", "Profile dev", "PROFILE  dev"])
def test_a_profile_under_another_header_is_found(world: World, header: str) -> None:
    """In the config file, only ``default`` goes without the word ``profile``."""
    world.configure(world.emulator.profile().replace("profile dev", header))
    assert bad() == [
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
def test_a_profile_that_is_there_twice_is_reported(
    world: World, first: str, second: str, name: str
) -> None:
    """The last one counts for botocore, as a whole; others may not."""
    profile = re.sub(r"\[(profile )?(default|dev)\]", second, world.emulator.profile(name))
    world.configure(f"{first}\nregion = x\n{profile}")
    assert bad(name) == [
        (
            "warning",
            f"{first} and {second} in {world.config_file} are the same section: botocore reads "
            f"{second} only, and other SDKs may read another one.",
            f"Move all keys to {second}, and delete {first}.",
        )
    ]


def test_an_sso_session_that_is_there_twice_is_reported(world: World) -> None:
    """In the same way."""
    world.configure("[sso-session 'corp']\n" + world.emulator.profile())
    [(status, message, _)] = bad()
    assert status == "warning"
    assert message.startswith("[sso-session 'corp'] and [sso-session corp] in ")


def test_a_section_in_capitals_is_reported(world: World) -> None:
    """Python's parser adds its keys to all other sections."""
    world.configure("[DEFAULT]\nsso_refresh = blocking\n" + world.emulator.profile())
    assert bad() == [
        (
            "warning",
            f"[DEFAULT] in {world.config_file} adds its keys to every section.",
            "Write [default], or move its keys to the profiles that need them.",
        )
    ]


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_a_variable_that_names_no_profile_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """Otherwise it is not clear where the name is from."""
    monkeypatch.setenv(variable, "gone")
    assert bad(None) == [
        (
            "problem",
            f'There is no profile "gone" (named by {variable}) in {world.config_file}.',
            "Choose one of: dev.",
        )
    ]
    assert bad("dev") == []


def test_a_credentials_file_that_cannot_be_read_is_a_problem(world: World) -> None:
    """It is read for each profile."""
    shared = world.home / ".aws/credentials"
    shared.write_text("secret\n")
    [(status, message, _)] = bad()
    assert (status, message) == ("problem", f"botocore cannot read {shared}.")
