"""``sso-plugin`` without a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command import Terminal

from sso_plugin.cli import main

if TYPE_CHECKING:
    from world import World

LAST = "All commands: sso-plugin --help\n"


def test_without_a_config_the_next_step_is_configure(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not an error."""
    world.config_file.unlink()
    assert main([]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"There is no login in {world.config_file}.\n"
    assert printed.err == f"Next step: sso-plugin configure\n{LAST}"


def test_a_pipe_gets_a_line_for_each_login(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Login, state, until when, profiles."""
    assert main([]) == 0
    printed = capsys.readouterr()
    assert printed.out == "corp\tlogin needed\t\tdev\n"
    assert printed.err == f"Next step: sso-plugin login corp\n{LAST}"


def test_a_file_that_cannot_be_read_is_an_error(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command that writes a new one would not help."""
    world.config_file.unlink()
    world.config_file.mkdir()
    assert main([]) == 1
    assert capsys.readouterr().err.startswith(
        f"sso-plugin: {world.config_file} cannot be read: Is a directory."
    )


@pytest.mark.long
def test_a_terminal_gets_a_table(world: World) -> None:
    """With an example of use."""
    world.sign_in()
    profiles = "".join(f"[profile p{number}]\nsso_session = corp\n" for number in range(5))
    sessions = "".join(f"[sso-session s{number}]\n" for number in range(20))
    world.configure(world.emulator.profile() + profiles + sessions)
    with Terminal(columns=120) as terminal:
        assert terminal.finish() == 0
    assert terminal.lines[0] == f"Logins in {world.config_file}:"
    assert terminal.lines[2].split() == ["login", "state", "until", "profiles"]
    assert terminal.lines[3].startswith("corp   usable      2")
    assert "\x1b[32musable" in terminal.screen
    assert terminal.lines[3].rstrip().endswith("dev, p0, p1 and 3 more")
    assert "and 11 more: sso-plugin status --all" in terminal.lines
    step = "Next step: sso-plugin exec --profile dev -- python your_script.py"
    assert step in terminal.lines


@pytest.mark.long
def test_it_imports_no_botocore_and_sends_nothing(world: World) -> None:
    """So it is fast, and can be run at any time."""
    world.sign_in()
    code = (
        "import sys; from sso_plugin.cli import main; main([])\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = world.run(code)
    assert "corp\tusable" in done.stdout
    assert {"botocore", "asyncio", "sso_plugin.errors"} & set(done.stderr.split()) == set()
    assert len(list(world.emulator.requests)) == 0


def test_a_config_that_cannot_be_read_is_a_failure(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message has the line."""
    world.configure("[profile dev]\nx\n")
    assert main([]) == 1
    assert capsys.readouterr().err == (
        f"sso-plugin: botocore cannot read {world.config_file}, so no script can: line 2 is neither"
        " a section nor a value. Fix it with an editor.\n"
    )
