"""The command ``env``: keys as lines for a shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from command import ENTRY, environment, run

from sso_plugin.commands.shells import SHELLS, assignments, detect_shell, recipe

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

BASH = shutil.which("bash") or "bash"

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
]

STATIC = "[profile static]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = made/up+\n"

# How each shell is told to read lines from standard input, and what it is installed as.
READERS = {
    "bash": ["bash", "-c", 'eval "$(cat)"; printf %s "$VALUE"'],
    "zsh": ["zsh", "-fc", 'eval "$(cat)"; printf %s "$VALUE"'],
    "fish": ["fish", "--no-config", "-c", 'source -; printf %s "$VALUE"'],
    "powershell": [
        "pwsh",
        "-NoProfile",
        "-Command",
        "$input | Out-String | Invoke-Expression; [Console]::Out.Write($Env:VALUE)",
    ],
}


@pytest.mark.parametrize("value", NASTY)
@pytest.mark.parametrize("shell", SHELLS)
def test_a_value_arrives_as_it_is(shell: str, value: str) -> None:
    """Whatever it holds; asked of the shell itself, where it is installed."""
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
    ],
)
def test_each_shell_has_its_own_lines(shell: str, lines: str) -> None:
    """Also where it is not installed."""
    assert assignments({"A": "it's", "B": None}, shell) == lines


def test_powershell_quotes_are_doubled_whatever_their_shape() -> None:
    """It takes the typographic ones for quotes as well."""
    lines = assignments({"A": "a\u2019; evil"}, "powershell")
    assert lines == "$Env:A = 'a\u2019\u2019; evil'"


class TestTheShell:
    """Which one it is, if nobody says."""

    @pytest.mark.parametrize(
        ("caller", "variable", "platform", "shell"),
        [
            ("fish", "/bin/bash", "linux", "fish"),
            ("zsh", "", "linux", "zsh"),
            ("pwsh", "/bin/bash", "linux", "powershell"),
            ("make", "/usr/bin/fish", "linux", "fish"),
            ("make", "/bin/dash", "linux", "bash"),
            (None, "/bin/zsh", "darwin", "zsh"),
            (None, "", "win32", "powershell"),
            (None, "", "linux", "bash"),
        ],
    )
    def test_it_is_the_caller_or_the_one_in_the_environment(
        self, tmp_path: Path, caller: str | None, variable: str, platform: str, shell: str
    ) -> None:
        """The caller, where the system tells; a POSIX shell understands what bash does."""
        if caller:
            (tmp_path / "7").mkdir()
            (tmp_path / "7/comm").write_text(f"{caller}\n", encoding="utf-8")
        assert detect_shell({"SHELL": variable}, platform, 7, tmp_path) == shell

    @pytest.mark.parametrize("shell", SHELLS)
    def test_each_has_a_recipe(self, shell: str) -> None:
        """What makes it read the lines."""
        assert "sso-plugin env" in recipe(shell)


class TestTheKeys:
    """What the lines set."""

    def test_a_program_started_by_the_shell_has_them(self, world: World) -> None:
        """The whole way: eval, then a call by keys that come from nothing but the environment."""
        world.sign_in()
        code = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
        script = f'eval "$("$PYTHON" -c "$ENTRY" env --profile dev)"; "$PYTHON" -c "{code}"'
        done = subprocess.run(
            [BASH, "-c", script],
            env=environment(PYTHON=sys.executable, ENTRY=ENTRY, SSO_PLUGIN="off"),
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.endswith("/alice\n")

    def test_they_come_with_their_expiration_and_the_region(self, world: World) -> None:
        """In this order; the person is told on standard error that they are frozen."""
        world.sign_in()
        done = run("env", "--profile", "dev", "--shell", "bash")
        names = re.findall(r"^export (\w+)=", done.stdout, re.MULTILINE)
        assert names == [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_CREDENTIAL_EXPIRATION",
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
        ]
        assert re.fullmatch(
            r"These keys expire at .{16} \S+ and do not renew themselves; "
            r"`sso-plugin exec` renews\.\n",
            done.stderr,
        )

    def test_keys_without_a_token_take_an_old_token_away(self, world: World) -> None:
        """Or the two would not fit."""
        world.configure(STATIC)
        done = run("env", "--profile", "static", "--shell", "bash")
        assert done.stdout == (
            "export AWS_ACCESS_KEY_ID=AKIDEXAMPLE\n"
            "export AWS_SECRET_ACCESS_KEY=made/up+\n"
            "unset AWS_SESSION_TOKEN\n"
            "unset AWS_CREDENTIAL_EXPIRATION\n"
        )
        assert done.stderr == "These keys do not expire.\n"

    def test_they_are_those_of_the_profile_and_not_of_the_environment(self, world: World) -> None:
        """A second call renews what the first has set."""
        world.sign_in()
        done = run(
            "env",
            AWS_PROFILE="dev",
            AWS_ACCESS_KEY_ID="AKIDOLD",
            AWS_SECRET_ACCESS_KEY="old",
        )
        assert "AKIDOLD" not in done.stdout
        assert "AWS_SESSION_TOKEN" in done.stdout

    def test_a_profile_without_credentials_is_an_error(self, world: World) -> None:
        """With what to add."""
        world.configure("[profile empty]\nregion = us-east-1\n")
        done = run("env", "--profile", "empty")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            'sso-plugin: The profile "empty" gives no credentials: add sso_session, '
            "sso_account_id and sso_role_name to it.\n"
        )


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")
def test_on_a_terminal_it_says_how_to_set_them(world: World) -> None:
    """What is printed there is set nowhere."""
    from command import Terminal

    world.sign_in()
    with Terminal("env", "--profile", "dev", "--shell", "fish") as terminal:
        assert terminal.finish() == 0
    assert terminal.lines[-1] == "To set them here: sso-plugin env ... | source"
