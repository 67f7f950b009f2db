"""The help: every command has one, with an example and its exit codes."""

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

if TYPE_CHECKING:
    from world import World


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_has_help(capfd: pytest.CaptureFixture[str], name: str, option: str) -> None:
    """On standard output, since it was asked for."""
    assert main([name, option]) == 0
    printed = capfd.readouterr()
    assert printed.err == ""
    assert printed.out.startswith(f"Usage: sso-plugin {name} ")
    assert f"For example:\n    sso-plugin {name}" in printed.out
    assert "Exit codes: " in printed.out
    assert "--debug" in printed.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name: str) -> None:
    """One that is not is one that nobody finds."""
    with click.Context(app) as ctx:
        command = app.get_command(ctx, name)
        assert command
        options = [each for each in command.params if isinstance(each, click.Option)]
    assert [each.name for each in options if not each.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_can_be_parsed(name: str) -> None:
    """They name no option that there is not."""
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


def test_the_list_of_commands_costs_no_import(world: World) -> None:
    """Of any of them, nor of botocore."""
    code = (
        "import sys; from sso_plugin.cli import main; main(['--help'])\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = world.run(code)
    loaded = set(done.stderr.split())
    assert {"botocore", "rich", "sso_plugin.api.logins", "sso_plugin.cli.login"} & loaded == set()
    assert [name for name in COMMANDS if f"\n  {name} " not in done.stdout] == []


def test_the_exit_codes_of_status_are_its_own(world: World) -> None:
    """And written down."""
    text = " ".join(run("status", "--help").stdout.split())
    assert "0 usable, 1 renewable" in text
    assert "2 login needed" in text


def test_the_version_is_printed(world: World) -> None:
    """That of the package."""
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"sso-plugin {sso_plugin.__version__}\n")


def test_help_fits_a_narrow_terminal(world: World) -> None:
    """It is not clever, it only must not fail."""
    assert run("login", "--help", COLUMNS="20").returncode == 0
