"""The group of commands: its help, its exit codes, and what it imports."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import click
import pytest
from command import run

import sso_plugin
from sso_plugin.cli import main
from sso_plugin.cli.app import COMMANDS, app
from sso_plugin.commands.aws_variables import IN_EXEC, UNDO, record

if TYPE_CHECKING:
    from world import World


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_has_help(capfd: pytest.CaptureFixture[str], name: str, option: str) -> None:
    """It goes to standard output, with an example and the exit codes."""
    assert main([name, option]) == 0
    printed = capfd.readouterr()
    assert printed.err == ""
    assert printed.out.startswith(f"Usage: sso-plugin {name} ")
    assert f"For example:\n    sso-plugin {name}" in printed.out
    assert "Exit codes: " in printed.out
    assert "--debug" in printed.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_help_text(name: str) -> None:
    """An option without one cannot be found."""
    with click.Context(app) as ctx:
        command = app.get_command(ctx, name)
        assert command
        options = [each for each in command.params if isinstance(each, click.Option)]
    assert [each.name for each in options if not each.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_use_existing_options(name: str) -> None:
    """Each option in an example exists."""
    with click.Context(app) as ctx:
        command = app.get_command(ctx, name)
        assert command
        epilog = str(command.epilog)
        known = {option for each in command.params for option in each.opts}
    examples = re.findall(rf"sso-plugin {name}\b([^|#>\n]*)", epilog)
    assert examples
    for example in examples:
        words = shlex.split(example.partition(" -- ")[0].rstrip("\\"))
        assert {word for word in words if word.startswith("-")} <= known


@pytest.mark.long
def test_the_list_of_commands_imports_no_command(world: World) -> None:
    """It imports no command, no rich and no botocore."""
    code = (
        "import sys; from sso_plugin.cli import main; main(['--help'])\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = world.run(code)
    loaded = set(done.stderr.split())
    assert {"botocore", "rich", "sso_plugin.api.logins", "sso_plugin.cli.login"} & loaded == set()
    assert [name for name in COMMANDS if f"\n  {name} " not in done.stdout] == []


@pytest.mark.long
def test_the_help_of_status_lists_its_exit_codes(world: World) -> None:
    """They differ from those of other commands."""
    text = " ".join(run("status", "--help").stdout.split())
    assert "0 usable, 1 renewable" in text
    assert "2 login needed" in text


@pytest.mark.long
def test_the_version_is_printed(world: World) -> None:
    """It is the version of the package."""
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"sso-plugin {sso_plugin.__version__}\n")


@pytest.mark.long
def test_help_works_on_a_narrow_terminal(world: World) -> None:
    """It does not fail with 20 columns."""
    assert run("login", "--help", COLUMNS="20").returncode == 0


@pytest.mark.parametrize("variable", [IN_EXEC, UNDO])
def test_a_command_about_logins_reads_the_files_of_the_user(
    world: World,
    variable: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In a shell of ``exec``, and in one that uses a service that has ended."""
    world.sign_in()
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere/config")
    own = {"AWS_CONFIG_FILE": str(world.config_file)}
    monkeypatch.setenv(variable, record(own, {"AWS_CONFIG_FILE": "/nowhere/config"}))
    assert main(["status", "--profile", "dev"]) == 0
    assert "sso-session  corp" in capsys.readouterr().out
