"""Which roles get a profile, and errors for accounts and roles that do not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from configure_support import role, roles_are, write

from sso_plugin import ConfigError
from sso_plugin.cli import main
from sso_plugin.commands.configure.configure_options import PickedRole, PickedRoles

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

    from sso_plugin.commands.configure.plan import Plan


def test_options_choose_accounts_and_roles(world: World, config_file: Path) -> None:
    """By id or by name. Roles are listed for the chosen accounts only."""
    plan = write(accounts=("111111111111", "staging"), roles=("AdministratorAccess",))
    assert plan.added == ("production-AdministratorAccess", "staging-AdministratorAccess")
    assert world.count("ListAccountRoles") == 2


def test_an_unknown_account_is_an_error(config_file: Path) -> None:
    """Writing no profiles without a message would look like success."""
    with pytest.raises(ConfigError, match="prod"):
        write(accounts=("prod",))


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--role", "ReadOnlyAcces"],
            'You have no role "ReadOnlyAcces" (--role). '
            "Available: AdministratorAccess, ReadOnlyAccess.",
        ),
        (
            ["--role", "ReadOnlyAccess", "--role", "x"],
            'You have no role "x" (--role). Available: AdministratorAccess, ReadOnlyAccess.',
        ),
        (
            ["--role", "ReadOnlyAccess", "--account", "sandbox"],
            'You have no role "ReadOnlyAccess" (--role) in this account. '
            "Available: AdministratorAccess.",
        ),
        (
            ["--account", "prod"],
            'You have no account "prod" (--account). Available: production, sandbox, staging.',
        ),
        (
            ["--account", "prod", "--prune"],
            'You have no account "prod" (--account). Available: production, sandbox, staging.',
        ),
    ],
)
def test_a_mistyped_account_or_role_is_an_error(
    config_file: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    """The message has the option and the available names."""
    before = config_file.read_bytes()
    assert main(["configure", "--yes", *words]) == 1
    assert capsys.readouterr().err == f"sso-plugin: {sentence}\n"
    assert config_file.read_bytes() == before


@pytest.mark.parametrize("prune", [False, True])
def test_the_case_of_an_account_does_not_matter(config_file: Path, *, prune: bool) -> None:
    """As in `sso-plugin roles`, with --prune and without."""
    assert write(accounts=("SANDBOX",), prune=prune).added == ("sandbox-AdministratorAccess",)


def test_the_error_lists_the_most_similar_names(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sorted, with the number of the other names."""
    roles_are(monkeypatch, *(role(role_name=f"Role{number}") for number in range(30)))
    with pytest.raises(ConfigError) as caught:
        write(roles=("Rolle7",))
    available = str(caught.value).partition("Available: ")[2].removesuffix(".").split(", ")
    assert "Role7" in available
    assert available[:10] == sorted(available[:10])
    assert available[10:] == ["and 20 more"]


def names(plan: Plan) -> list[str]:
    """Return the names of the new profiles, without the role that all of them have."""
    return sorted(name.removesuffix("-R") for name in plan.added)


TEAMS = [role(name, str(number)) for number, name in enumerate(["ml-a", "ml-b", "ML-c", "web"])]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"accounts": ("ml-*",)}, ["ML-c", "ml-a", "ml-b"]),
        ({"accounts": ("ml-[ab]", "3")}, ["ml-a", "ml-b", "web"]),
        ({"accounts": ("ml-*",), "exclude": ("*-b",)}, ["ML-c", "ml-a"]),
        ({"exclude": ("ml-*/r", "3")}, []),
        ({"exclude": ("?l-*/*",)}, ["web"]),
        ({"roles": ("r*",)}, ["ML-c", "ml-a", "ml-b", "web"]),
    ],
)
def test_patterns_choose_accounts_and_roles(
    config_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, tuple[str, ...]],
    expected: list[str],
) -> None:
    """By name or by id. Case does not matter."""
    roles_are(monkeypatch, *TEAMS)
    assert names(write(**options)) == expected


def test_no_roles_are_listed_in_accounts_that_are_left_out(world: World, config_file: Path) -> None:
    """With 1,000 accounts, each request counts. The accounts are listed once."""
    write(accounts=("s*", "production"), exclude=("sandbox", "production/Read*"))
    assert world.count("ListAccounts") == 1
    assert world.count("ListAccountRoles") == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--account", "x*"], 'No account matches "x*" (--account). Available: production, s'),
        (["--role", "x*"], 'No role matches "x*" (--role). Available: AdministratorAccess, R'),
        (["--exclude", "sand"], 'You have no account "sand" (--exclude). Available: production'),
        (["--exclude", "sandbox/x*"], 'No role matches "x*" (--exclude). Available: Administ'),
        (["--region", "x*=eu-west-1"], 'No account matches "x*" (--region). Available: prod'),
    ],
)
def test_a_pattern_without_a_match_is_an_error(
    config_file: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    """The message has the option, and similar names."""
    before = config_file.read_bytes()
    assert main(["configure", "--yes", *words]) == 1
    assert sentence in capsys.readouterr().err
    assert config_file.read_bytes() == before


def test_a_saved_option_without_a_match_is_a_note(
    config_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An account that was closed must not block the next run."""
    roles_are(monkeypatch, *TEAMS)
    words = ["--account", "web", "--account", "ml-a", "--region", "web=eu-west-1"]
    assert main(["configure", "--yes", *words]) == 0
    roles_are(monkeypatch, *TEAMS[:2])
    capsys.readouterr()
    assert main(["configure", "--yes"]) == 0
    assert capsys.readouterr().err.splitlines()[1:] == [
        'You have no account "web" (--account). This option was saved by an earlier run.',
        'You have no account "web" (--region). This option was saved by an earlier run.',
        f"{config_file} is up to date.",
        "1 stale: web-R. To remove them, add --prune.",
    ]


def test_roles_that_were_not_picked_have_stale_profiles(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role that is new was not declined, so its profile stays, and the role is named."""
    roles_are(monkeypatch, *TEAMS)
    write()
    key = [PickedRole.of(role) for role in TEAMS]
    picked = PickedRoles(frozenset(key[:2]), frozenset(key[2:3]))
    plan = write(picked=picked)
    assert plan.stale == ("ML-c-R",)
    assert plan.notes == (
        "1 role is new and not chosen: R in web. To choose, run: sso-plugin configure --pick",
    )
    assert write(picked=picked, prune=True).removed == ("ML-c-R",)
    with config_file.open("a") as file:
        file.write("[sso-session other]\n")
    [note] = write(picked=picked).notes
    assert note.endswith("run: sso-plugin configure --sso-session corp --pick")
