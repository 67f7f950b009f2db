"""Formats with values: each is read by the programs that use it."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from command import environment

from sso_plugin.commands.env.environment import Environment
from sso_plugin.commands.env.formats import FORMATS, PROCESS, SHELL_FORMATS, text_of, values_text
from sso_plugin.errors import ConfigError

VALUES: dict[str, str | None] = {"A": "AKID/x+==", "B": None, "C": "2026-01-31T15:15:00Z"}

POSIX = [["bash", "--norc"], ["dash"], ["zsh", "-f"]]


def test_a_variable_without_a_value_is_left_out() -> None:
    """These formats cannot unset it."""
    assert values_text(VALUES, "env-no-export") == "A=AKID/x+==\nC=2026-01-31T15:15:00Z"
    assert values_text(VALUES, "dotenv") == "A=AKID/x+==\nC=2026-01-31T15:15:00Z"
    assert json.loads(values_text(VALUES, "json")) == {
        "A": "AKID/x+==",
        "C": "2026-01-31T15:15:00Z",
    }


@pytest.mark.parametrize("words", POSIX, ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("value", "format_name"),
    [
        ("AKID/x+==", "env-no-export"),
        ("/home/Alice Ärger/#1 (x) & co; %", "dotenv"),
        ('say "hi" !!', "dotenv"),
    ],
)
def test_a_shell_reads_the_lines(words: list[str], value: str, format_name: str) -> None:
    """By ``set -a`` and a dot, as many scripts do."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    script = f"set -a; {values_text({'VALUE': value}, format_name)}\nprintenv VALUE"
    done = subprocess.run(
        [*words, "-c", script], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{value}\n"


@pytest.mark.parametrize(
    ("value", "format_name"),
    [
        ("with space", "env-no-export"),
        ("$HOME", "env-no-export"),
        ("=ls", "env-no-export"),
        ("a:=ls", "env-no-export"),
        ("it's", "dotenv"),
        ("${HOME}", "dotenv"),
        ("back\\slash", "dotenv"),
        ("`id`", "dotenv"),
        ("new\nline", "dotenv"),
    ],
)
def test_a_value_that_a_reader_could_change_is_an_error(value: str, format_name: str) -> None:
    """JSON can write every value."""
    problem = f"The value of A has characters that cannot be written for {format_name}"
    with pytest.raises(ConfigError, match=problem):
        values_text({"A": value}, format_name)
    assert json.loads(values_text({"A": value}, "json")) == {"A": value}


def test_each_format_has_a_text() -> None:
    """Those of a shell have the switch, the others only values."""
    environment = Environment({"A": None, "B": "x"}, {"B": "x"}, {"AccessKeyId": "AKID"}, None)
    texts = {name: text_of(environment, SHELL_FORMATS.get(name), name) for name in FORMATS}
    assert json.loads(texts.pop(PROCESS)) == {"Version": 1, "AccessKeyId": "AKID"}
    assert json.loads(texts.pop("json")) == {"B": "x"}
    assert texts == {
        "env": "unset A\nexport B=x",
        "env-no-export": "B=x",
        "powershell": "Remove-Item -ErrorAction SilentlyContinue Env:A\n$Env:B = 'x'",
        "windows-cmd": 'set "A="\nset "B=x"',
        "fish": "set -e A;\nset -gx B 'x';",
        "dotenv": "B=x",
    }
