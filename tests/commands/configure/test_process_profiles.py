"""The profiles that serve programs which cannot use a login, through ``credential_process``."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.compat import compat_shell_split
from command import install_command
from configure_support import (
    PROFILES,
    edit,
    is_readable,
    profiles_in,
    role,
    roles_are,
    session_section,
    write,
)
from hypothesis import given
from hypothesis import strategies as st

from sso_plugin.commands.configure.process_profiles import process_command

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

READ_ONLY = "production-ReadOnlyAccess"
READ_ONLY_PROCESS = f"{READ_ONLY}-process"
ONLY = {"accounts": ("production",), "roles": ("ReadOnlyAccess",)}
BY_HAND_REASON = "it was written or changed by hand"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a command ``sso-plugin`` on PATH, in a folder whose name has a space."""
    folder = tmp_path / "my bin"
    folder.mkdir()
    program = install_command(folder)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return program


def without_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide each command ``sso-plugin``: that on PATH, and that beside Python."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)


def test_each_profile_gets_one_that_serves_other_programs(config_file: Path, program: Path) -> None:
    """It has the command and the region, and no key of SSO, so no program looks for a login."""
    plan = write(region="eu-central-1", credential_process=True)
    assert sorted(plan.added) == sorted([*PROFILES, *(f"{name}-process" for name in PROFILES)])
    assert profiles_in(config_file)[READ_ONLY_PROCESS] == {
        "credential_process": f"sso-plugin credential-process --profile {READ_ONLY}",
        "region": "eu-central-1",
    }


@pytest.mark.long
def test_botocore_without_the_plugin_is_served(config_file: Path, program: Path) -> None:
    """From the command to a call of AWS, by the provider of botocore for credential processes."""
    write(region="eu-central-1", credential_process=True, **ONLY)
    session = boto3.Session(profile_name=READ_ONLY_PROCESS)
    credentials = session.get_credentials()
    assert credentials is not None
    assert credentials.method == "custom-process"
    assert session.client("sts").get_caller_identity()["Account"] == "111111111111"


@pytest.mark.long
def test_a_second_run_changes_nothing(config_file: Path, program: Path) -> None:
    """With the option and without it."""
    write(region="eu-central-1", credential_process=True)
    before = config_file.read_bytes()
    for options in ({"credential_process": True}, {}, {"prune": True}):
        plan = write(**options)
        assert (plan.added, plan.changed, plan.removed, plan.notes) == ((), (), (), ())
        assert config_file.read_bytes() == before


@pytest.mark.long
def test_without_the_option_existing_ones_follow_their_profile(
    world: World, config_file: Path, program: Path
) -> None:
    """They get its region and its output format. None is added, and the command stays."""
    write(credential_process=True, **ONLY)
    edit(
        config_file,
        "sso_role_name = ReadOnlyAccess\n",
        "sso_role_name = ReadOnlyAccess\noutput = table\n",
    )
    program.unlink()
    plan = write(region="eu-west-1")
    assert [name for name in plan.added if name.endswith("-process")] == []
    assert plan.changed == (READ_ONLY, READ_ONLY_PROCESS)
    assert profiles_in(config_file)[READ_ONLY_PROCESS] == {
        "credential_process": f"sso-plugin credential-process --profile {READ_ONLY}",
        "region": "eu-west-1",
        "output": "table",
    }


@pytest.mark.long
def test_the_option_renews_the_command(
    config_file: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as after the installation was moved."""
    write(credential_process=True, **ONLY)
    without_program(monkeypatch)
    assert write(credential_process=True, **ONLY).changed == (READ_ONLY_PROCESS,)
    command = profiles_in(config_file)[READ_ONLY_PROCESS]["credential_process"]
    assert shlex.split(command)[0] == sys.executable


@pytest.mark.long
def test_it_goes_with_its_profile(world: World, config_file: Path, program: Path) -> None:
    """--prune removes both. Before, only the profile is stale, because the other one works."""
    before = config_file.read_bytes()
    write(credential_process=True)
    world.emulator.unassign("alice", "333333333333", "AdministratorAccess")
    assert write().stale == ("sandbox-AdministratorAccess",)
    plan = write(prune=True)
    name = "sandbox-AdministratorAccess"
    assert plan.removed == (name, f"{name}-process")
    world.emulator.unassign("alice", "111111111111", "ReadOnlyAccess")
    edit(config_file, f"--profile {READ_ONLY}\n", f"--profile {READ_ONLY}\ncli_pager =\n")
    plan = write(prune=True)
    assert plan.removed == (READ_ONLY,)
    assert plan.notes == (
        f'The profile "{READ_ONLY_PROCESS}" is not removed, because it was changed by hand. '
        "Delete it from the file if you do not need it.",
    )
    assert config_file.read_bytes().startswith(before)


@pytest.mark.long
def test_it_stays_with_a_profile_that_stays(world: World, config_file: Path, program: Path) -> None:
    """The user added something to the profile, so --prune keeps both."""
    write(credential_process=True)
    edit(
        config_file,
        "sso_role_name = ReadOnlyAccess\n",
        "sso_role_name = ReadOnlyAccess\ncli_pager =\n",
    )
    world.emulator.unassign("alice", "111111111111", "ReadOnlyAccess")
    assert write(prune=True).removed == ()


@pytest.mark.long
def test_one_without_its_profile_is_reported(config_file: Path, program: Path) -> None:
    """The user deleted the profile; --prune removes the other one. A new profile gets it back."""
    write(credential_process=True, **ONLY)
    text = config_file.read_text()
    start, end = (text.index(f"[profile {name}]") for name in (READ_ONLY, READ_ONLY_PROCESS))
    config_file.write_text(text[:start] + text[end:])
    others = {"accounts": ("sandbox",)}
    assert write(**others).stale == (READ_ONLY_PROCESS,)
    assert write(prune=True, **ONLY).removed == ()
    config_file.write_text(text[:start] + text[end:])
    assert write(prune=True, **others).removed == (READ_ONLY_PROCESS,)


@pytest.mark.long
@pytest.mark.parametrize(
    "changed",
    ["[profile other]\noutput = json\n", "credential_process = mine\n", "# Not managed: "],
)
def test_one_that_was_changed_by_hand_stays(config_file: Path, program: Path, changed: str) -> None:
    """It is reported if the option is given."""
    write(credential_process=True, **ONLY)
    text = config_file.read_text()
    at = text.index(f"[profile {READ_ONLY_PROCESS}]")
    if changed.startswith("["):
        text = text[:at] + changed.replace("other", READ_ONLY_PROCESS)
    elif changed.startswith("#"):
        text = text[:at] + text[at:].replace("# Managed by sso-plugin", changed)
    else:
        text = text[:at] + text[at:].replace("credential_process = ", changed[:-1])
    config_file.write_text(text)
    assert write(region="eu-west-1", **ONLY).skipped == {}
    before = config_file.read_bytes()
    plan = write(region="eu-west-1", credential_process=True, **ONLY)
    assert plan.skipped == {READ_ONLY_PROCESS: BY_HAND_REASON}
    assert config_file.read_bytes() == before


@pytest.mark.long
def test_a_region_and_an_output_format_of_the_user_stay(config_file: Path, program: Path) -> None:
    """As in all managed profiles, which stay managed."""
    write(credential_process=True, region="eu-central-1", **ONLY)
    text = config_file.read_text()
    at = text.index(f"[profile {READ_ONLY_PROCESS}]")
    config_file.write_text(
        text[:at] + text[at:].replace("eu-central-1", "us-east-1\noutput = text")
    )
    assert write(region="eu-west-1", **ONLY).changed == (READ_ONLY,)
    values = profiles_in(config_file)[READ_ONLY_PROCESS]
    assert (values["region"], values["output"]) == ("us-east-1", "text")


@pytest.mark.long
def test_a_role_has_the_name(
    config_file: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The profile of the role comes first, unless the other one exists."""
    both = (role("a", "1", "R"), role("a", "1", "R-process"))
    roles_are(monkeypatch, *both)
    plan = write(credential_process=True)
    assert plan.added == ("a-R", "a-R-process", "a-R-process-process")
    assert plan.skipped == {"a-R-process": "it is for a role of this name"}


@pytest.mark.long
def test_a_new_role_does_not_take_the_name(
    world: World, config_file: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs that use the profile would get another role."""
    roles_are(monkeypatch, role("a", "1", "R"))
    write(credential_process=True)
    roles_are(monkeypatch, role("a", "1", "R"), role("a", "1", "R-process"))
    plan = write()
    assert plan.added == ()
    assert plan.skipped == {"a-R-process": "it serves another profile (credential_process)"}
    assert plan.without_profile == (role("a", "1", "R-process"),)
    assert write(prune=True).removed == ()


@pytest.mark.long
def test_control_characters_are_not_copied(world: World, program: Path) -> None:
    """An output format with a second line is the user's own; the profile is written without it."""
    world.configure(session_section(world))
    write(**ONLY)
    text = world.config_file.read_text()
    world.config_file.write_text(f"{text}output = json\n  more\n")
    assert is_readable(world.config_file)
    assert write(credential_process=True, **ONLY).added == (READ_ONLY_PROCESS,)
    assert profiles_in(world.config_file)[READ_ONLY_PROCESS].keys() == {"credential_process"}


def test_the_name_of_the_program_is_used_if_it_is_on_path(program: Path) -> None:
    """So the config file can be shared by machines with other paths."""
    assert process_command("dev") == "sso-plugin credential-process --profile dev"


@pytest.mark.parametrize("sign", ["pyvenv.cfg", "conda-meta"])
def test_a_program_of_an_environment_is_named_by_its_path(program: Path, sign: str) -> None:
    """Other programs run without this environment. Spaces are quoted."""
    (program.parent.parent / sign).touch()
    command = process_command("dev")
    assert command == f"'{program}' credential-process --profile dev"


def test_a_program_beside_python_is_named_by_its_path(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PATH does not have it, because the environment is not active."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("sys.executable", str(program.with_name("python")))
    assert shlex.split(process_command("dev"))[0] == str(program)


@pytest.mark.long
def test_without_a_program_python_runs_the_module(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From each folder: a module of the same name in the current folder is not imported."""
    world.sign_in()
    without_program(monkeypatch)
    if sys.version_info >= (3, 11):
        for name in ("sso_plugin", "json"):
            (tmp_path / f"{name}.py").write_text("raise SystemExit('wrong module')\n")
    done = subprocess.run(
        ["/bin/sh", "-c", process_command("dev")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["AccountId"] == "111111111111"


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1))
def test_every_name_is_quoted(name: str) -> None:
    """The command is split into the same words that were joined."""
    assert shlex.split(process_command(name))[-3:] == ["credential-process", "--profile", name]


@pytest.mark.long
@pytest.mark.parametrize("name", ["my profile", "it's", 'a "b"', "$HOME", "`id`", "a;b", "*", "ü"])
def test_a_shell_reads_the_same_name(program: Path, name: str) -> None:
    """Most SDKs run the command in a shell."""
    program.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    found = subprocess.check_output(["/bin/sh", "-c", process_command(name)], encoding="utf-8")
    assert found == f"credential-process|--profile|{name}|"


def test_on_windows_double_quotes_are_used() -> None:
    """The command prompt, and botocore there, know no other quotes."""
    words = compat_shell_split(process_command("my profile", "win32"), platform="win32")
    assert words[-1] == "my profile"
