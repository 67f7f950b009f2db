"""The messages about profiles and roles that stay as they are, and the commands in them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from configure_support import ROLES_WITH_SAME_NAME, profiles_in, role, roles_are, write

from sso_plugin.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from world import World


def test_a_user_without_roles_gets_a_message(
    config_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Doing nothing without a message would look like success."""
    roles_are(monkeypatch)
    assert main(["configure"]) == 0
    assert capsys.readouterr().err == (
        f'You have no roles with the sso-session "corp".\n{config_file} is up to date.\n'
    )


@pytest.mark.long
def test_profiles_of_a_closed_account_are_reported(world: World, config_file: Path) -> None:
    """They stay until --prune is used."""
    write()
    world.emulator.unassign("alice", "333333333333", "AdministratorAccess")
    plan = write()
    assert plan.before == plan.after
    assert (plan.stale, plan.notes) == (("sandbox-AdministratorAccess",), ())


@pytest.mark.long
def test_a_new_template_adds_profiles_and_reports_the_old_ones(config_file: Path) -> None:
    """Scripts can use the old names until --prune is used."""
    write(region="eu-central-1")
    before = config_file.read_bytes()
    plan = write(template="{account_id}-{role_name}", roles=("ReadOnlyAccess",))
    assert plan.added == ("111111111111-ReadOnlyAccess",)
    assert (plan.stale, plan.notes) == (("production-ReadOnlyAccess",), ())
    assert config_file.read_bytes().startswith(before)


@pytest.mark.long
def test_profiles_with_the_same_new_name_keep_their_old_names(
    config_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not an error, because each role has a profile. The command gives both other names."""
    roles_are(monkeypatch, role("a", "1"), role("b", "2"))
    assert main(["configure", "--yes"]) == 0
    before = config_file.read_text()
    capsys.readouterr()
    assert main(["configure", "--template", "{role_name}", "--yes"]) == 0
    assert config_file.read_text() == before
    *reported, last, _ = capsys.readouterr().err.splitlines()
    assert last == f"{config_file} is up to date."
    assert reported == [
        'The profile "a-R" keeps its name: its name from the template is "R", the same as '
        "for the role R in b (2).",
        'The profile "b-R" keeps its name: its name from the template is "R", the same as '
        "for the role R in a (1).",
        "To give these profiles other names, run: sso-plugin configure --sso-session corp "
        "--template '{account_name}-{account_id}-{role_name}' --no-save",
    ]


@pytest.mark.long
def test_roles_with_the_same_profile_name_get_no_profile(
    config_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are written, the exit code is 1, and the command in the message works."""
    roles_are(monkeypatch, *ROLES_WITH_SAME_NAME)
    assert main(["configure", "--dry-run"]) == 1
    assert capsys.readouterr().err.endswith("Nothing was written.\nRoles without a profile: 2.\n")
    assert main(["configure", "--yes"]) == 1
    command = (
        "sso-plugin configure --sso-session corp "
        "--template '{account_name}-{account_id}-{role_name}' --account 1 --account 2 --role R "
        "--no-save"
    )
    messages = [
        'No profile for the role R in A b (1): its name from the template is "A-b-R", '
        "the same as for the role R in A-b (2).",
        'No profile for the role R in A-b (2): its name from the template is "A-b-R", '
        "the same as for the role R in A b (1).",
        f"To give these profiles other names, run: {command}",
    ]
    assert capsys.readouterr().err.splitlines() == [
        *messages,
        f"Profiles in {config_file}:",
        "  1 new: c-R",
        f"{config_file} is written.",
        "Roles without a profile: 2.",
    ]
    assert main(["configure", "--dry-run"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        *messages,
        f"{config_file} is up to date.",
        "Roles without a profile: 2.",
    ]
    assert main([*shlex.split(command)[1:], "--yes"]) == 0
    assert main(["configure", "--yes"]) == 0
    assert main(["configure", "--yes", "--prune"]) == 0
    assert {"c-R", "A-b-1-R", "A-b-2-R"} <= profiles_in(config_file).keys()
    assert "A-b-R" not in profiles_in(config_file)


@pytest.mark.long
def test_the_command_for_a_name_of_another_login_works(
    world: World, config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its template has the name of the login. The exit code of the first run is 1."""
    world.sign_in(name="second")
    write()
    new = ["--start-url", world.emulator.start_url, "--sso-region", "eu-central-1"]
    only = ["--account", "production", "--role", "ReadOnlyAccess"]
    assert main(["configure", "--sso-session", "second", "--yes", *new, *only]) == 1
    command = capsys.readouterr().err.partition(", run: ")[2].splitlines()[0]
    assert main([*shlex.split(command)[1:], "--yes"]) == 0
    profile = profiles_in(config_file)["second-production-111111111111-ReadOnlyAccess"]
    assert profile["sso_session"] == "second"


def test_of_many_roles_without_a_profile_ten_are_listed(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are counted, and the command is for all."""
    roles_are(monkeypatch, *(role("a", str(number)) for number in range(100, 130)))
    plan = write()
    assert len(plan.without_profile) == 30
    assert len(plan.notes) == 12
    assert plan.notes[-2] == "Roles with the same problem: 20 more."
    assert "--account" not in plan.notes[-1]


def test_of_many_values_by_hand_the_first_names_are_listed(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence for each key. A value with nested keys is kept, too."""
    roles_are(monkeypatch, role("a", "1"), role("b", "2"))
    write()
    text = config_file.read_text()
    mine = "sso_role_name = R\noutput = text\ns3 =\n  max = 2\n"
    config_file.write_text(text.replace("sso_role_name = R\n", mine))
    plan = write(settings=("output=json", "s3=x", "cli_pager="))
    assert plan.changed == ("a-R", "b-R")
    assert plan.notes == (
        "2 profiles keep their output, which was set by hand: a-R, b-R.",
        "2 profiles keep their s3, which was set by hand: a-R, b-R.",
    )
    assert profiles_in(config_file)["b-R"]["s3"] == {"max": "2"}


def test_a_choice_without_roles_is_reported(config_file: Path) -> None:
    """It is not the same as a user without roles."""
    plan = write(accounts=("sandbox",), exclude=("sand*",))
    assert plan.notes == ("No role is chosen, so no profile is written.",)
