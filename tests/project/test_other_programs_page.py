"""docs/other-programs.md: its commands exist, and its paths are those of the service."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from sso_plugin.cli.app import app
from sso_plugin.commands.credentials_choice import CredentialsChoice
from sso_plugin.commands.serve.service import prepare, serving

if TYPE_CHECKING:
    from world import World

PAGE = (Path(__file__).parents[2] / "docs/other-programs.md").read_text(encoding="utf-8")
BLOCKS = "".join(re.findall(r"^```(?:sh|ini)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = re.findall(r"sso-plugin ((?:serve|exec) [^>&\n]*)", BLOCKS)


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_has_valid_options(line: str) -> None:
    """They are parsed, and not run."""
    name, *words = shlex.split(line)
    command = app.get_command(click.Context(app), name)
    assert command
    params = command.make_context(name, words).params
    assert params["profile"] or params["account"]


def test_the_variables_are_those_of_the_service(world: World) -> None:
    """Each is in the table, and the paths in the unit are right."""
    world.sign_in()
    (world.home / ".aws/credentials").write_text("[default]\naws_access_key_id = x\n")
    with serving(prepare(CredentialsChoice("dev"))) as service:
        port = service.url.split(":")[2].split("/")[0]
        names = re.findall(r"`(AWS_\w+)`", "".join(re.findall(r"^\| `AWS_.*$", PAGE, re.MULTILINE)))
        assert sorted(names) == sorted(service.values)
        unit = dict(re.findall(r"^Environment=(\w+)=(\S+)$", PAGE, re.MULTILINE))
        for name, value in unit.items():
            assert (
                value.replace("%h", str(world.home)).replace("8999", port) == (service.values[name])
            )
