"""Commands that set variables, for each shell, and the detection of the shell."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from command import environment

from sso_plugin.commands.env.shells import SHELLS, assignments, detect_shell, load_command
from sso_plugin.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator


NASTY = [
    "plain",
    "with space",
    "it's",
    'quo"te',
    "back\\slash",
    "end\\",
    "$HOME `id` $(id) !1 ; & | < > * ? ~ # %",
    "new\nline",
    "\u2019typographic\u2018",
    "-n",
    "=ls",
    "a:=ls",
]


# How each shell is started, and how it runs commands from standard input.
READERS = {
    "bash": ["bash", "-c", 'eval "$(cat)"; printf %s "$VALUE"'],
    "zsh": ["zsh", "-fc", 'eval "$(cat)"; printf %s "$VALUE"'],
    "fish": ["fish", "--no-config", "-c", 'source -; printf %s "$VALUE"'],
    "nushell": ["nu", "--stdin", "-c", "$in | from json | load-env; print -n $env.VALUE"],
    "powershell": [
        "pwsh",
        "-NoProfile",
        "-Command",
        "$input | Out-String | Invoke-Expression; [Console]::Out.Write($Env:VALUE)",
    ],
}


@pytest.mark.parametrize("value", NASTY)
@pytest.mark.parametrize("shell", READERS)
def test_a_value_is_set_unchanged(shell: str, value: str) -> None:
    """Read by the shell itself, where it is installed."""
    command = READERS[shell]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    lines = assignments({"VALUE": value}, shell)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    assert done.stdout == value


@pytest.mark.parametrize(
    ("shell", "lines"),
    [
        ("bash", "export A='it'\"'\"'s'\nunset B"),
        ("zsh", "export A='it'\"'\"'s'\nunset B"),
        ("fish", "set -gx A 'it\\'s';\nset -e B;"),
        ("powershell", "$Env:A = 'it''s'\nRemove-Item -ErrorAction SilentlyContinue Env:B"),
        ("cmd", 'set "A=it\'s"\nset "B="'),
        ("nushell", '{\n  "A": "it\'s",\n  "B": null\n}'),
    ],
)
def test_each_shell_has_its_own_commands(shell: str, lines: str) -> None:
    """Also for shells that are not installed."""
    assert assignments({"A": "it's", "B": None}, shell) == lines


@pytest.mark.parametrize("value", ["50%", "hi!", "a & b", "a|b", "a>b", "a^b", "new\nline"])
def test_a_value_that_cmd_would_change_is_an_error(value: str) -> None:
    """It has no reliable quotes for these characters."""
    problem = "The value of A has characters that cannot be written for cmd"
    with pytest.raises(ConfigError, match=rf"{problem}\. Use --format json\."):
        assignments({"A": value}, "cmd")


def test_typographic_quotes_are_doubled_for_powershell() -> None:
    """It reads them as quotes."""
    lines = assignments({"A": "a\u2019; evil"}, "powershell")
    assert lines == "$Env:A = 'a\u2019\u2019; evil'"


DETECT = "from sso_plugin.commands.env.shells import detect_shell; print(detect_shell())"

NO_PROCESS = 2**30


class TestDetection:
    """The shell, if no option names it."""

    @pytest.mark.parametrize(
        ("parent", "variable", "platform", "shell"),
        [
            ("fish", "/bin/bash", "linux", "fish"),
            ("-fish", "/bin/bash", "linux", "fish"),
            ("zsh", "", "linux", "zsh"),
            ("pwsh", "/bin/bash", "linux", "powershell"),
            ("nu", "/bin/bash", "linux", "nushell"),
            ("sh", "/usr/bin/fish", "linux", "bash"),
            ("make", "/usr/bin/fish", "linux", "fish"),
            ("make", "/bin/dash", "linux", "bash"),
            (None, "/bin/zsh", "darwin", "zsh"),
            (None, "", "win32", "powershell"),
            (None, "", "linux", "bash"),
        ],
    )
    def test_the_parent_process_comes_before_the_environment(
        self,
        monkeypatch: pytest.MonkeyPatch,
        parent: str | None,
        variable: str,
        platform: str,
        shell: str,
    ) -> None:
        """Also a login shell, whose name starts with a dash. POSIX shells use the lines of bash."""
        monkeypatch.setenv("SHELL", variable)
        with process_named(parent) as number:
            assert detect_shell(os.environ, platform, number) == shell
        assert os.environ["SHELL"] == variable

    @pytest.mark.one_quick_case
    @pytest.mark.parametrize(
        ("words", "shell"),
        [
            (["bash", "--norc"], "bash"),
            (["dash"], "bash"),
            (["zsh", "-f"], "zsh"),
            (["fish", "--no-config"], "fish"),
            (["pwsh", "-NoProfile"], "powershell"),
        ],
        ids=str,
    )
    def test_a_real_shell_is_detected(self, words: list[str], shell: str) -> None:
        """The parent of the command is the shell that reads its output."""
        if shutil.which(words[0]) is None:
            pytest.skip(f"{words[0]} is not installed")
        script = f"{sys.executable} -c '{DETECT}'; exit 0"
        done = subprocess.run(
            [*words, "-c", script],
            env=environment(SHELL="/bin/other"),
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"{shell}\n"

    @pytest.mark.parametrize("shell", SHELLS)
    def test_each_shell_has_a_load_command(self, shell: str) -> None:
        """It contains the call of ``sso-plugin env``."""
        assert "sso-plugin env" in load_command(shell)


@contextlib.contextmanager
def process_named(name: str | None) -> Iterator[int]:
    """Start a process with a name, and yield its id; without a name, an id without a process."""
    if name is None:
        yield NO_PROCESS
        return
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [name], executable=shutil.which("cat"), stdin=pipe, stdout=pipe
    ) as process:
        assert process.stdin
        assert process.stdout
        # It has its name before it copies a byte.
        process.stdin.write(b"x")
        process.stdin.flush()
        assert process.stdout.read(1) == b"x"
        yield process.pid
