"""Which roles get a profile, and errors for accounts and roles that do not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from configure_support import role, roles_are, write

from sso_plugin import ConfigError
from sso_plugin.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from world import World


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
