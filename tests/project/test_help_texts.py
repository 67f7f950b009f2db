"""The help of every command: its words, its width, and its examples."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from sso_plugin.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_SAID = (
    r"any ?more",
    r"any longer",
    r"(any|no|some)body",
    r"else",
    r"told",
    r"(what|who|when|where)ever",
    r"mends?",
    r"anew",
    r"please",
    r"simply",
)
"""Words that are not plain, or have more than one meaning here."""


def commands(group: click.Group, words: str = "") -> Iterator[str]:
    """Yield the words of each command, of the group itself first."""
    yield words
    with click.Context(group) as ctx:
        for name in group.list_commands(ctx):
            found = group.get_command(ctx, name)
            if isinstance(found, click.Group):
                yield from commands(found, f"{words} {name}")
            else:
                yield f"{words} {name}"


ALL = list(commands(app))


def help_of(words: str, columns: int) -> list[str]:
    done = CliRunner().invoke(app, [*words.split(), "--help"], env={"COLUMNS": str(columns)})
    assert done.exit_code == 0
    return done.output.splitlines()


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("words", ALL)
def test_no_line_is_wider_than_the_terminal(words: str, columns: int) -> None:
    """Except those that have one word, names of options, and examples, which are not broken."""
    lines = help_of(words, columns)
    begin = lines.index("  For example:")
    examples = range(begin, begin + lines[begin:].index(""))
    wide = [
        line
        for number, line in enumerate(lines)
        if len(line) > min(columns, 100) - 2 and number not in examples and len(line.split()) > 1
    ]
    # Four spaces: an example in the text of a command.
    assert [line for line in wide if not line.startswith(("    ", "  -"))] == []
    texts = lines[lines.index("") :]
    assert [line for line in texts if re.search(r"\w-$|\.\.\.$", line)] == []


@pytest.mark.parametrize("words", ALL)
def test_the_words_are_plain(words: str) -> None:
    """See the house style in CONTRIBUTING.md."""
    text = " ".join(help_of(words, 100))
    assert [word for word in NOT_SAID if re.search(rf"\b{word}\b", text, re.IGNORECASE)] == []


@pytest.mark.parametrize("words", ALL)
def test_there_is_an_example(words: str) -> None:
    """It begins with the command itself."""
    lines = help_of(words, 100)
    example = lines[lines.index("  For example:") + 1]
    assert example.startswith(f"    sso-plugin{words}")


@pytest.mark.parametrize("words", ALL)
def test_each_option_with_a_known_value_is_completed(words: str) -> None:
    """As in other commands that have the option."""
    command: click.Command = app
    for name in words.split():
        assert isinstance(command, click.Group)
        with click.Context(command) as ctx:
            found = command.get_command(ctx, name)
        assert found
        command = found
    for option in command.params:
        if option.opts[0] in ("--profile", "--sso-session", "--region", "--sso-region", "--role"):
            assert option._custom_shell_complete, option.name
