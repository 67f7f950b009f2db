"""``sso-plugin completion``: the scripts, and completion in a real bash."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from command import ENTRY, environment, run

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

BASH = shutil.which("bash") or "bash"

# What bash does when the user presses the Tab key after these words.
PRESS_TAB = """
eval "$(sso-plugin completion bash)"
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_sso_plugin_completion sso-plugin
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Return a PATH that contains the command."""
    script = tmp_path / "bin/sso-plugin"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\n{ENTRY}\n", encoding="utf-8")
    script.chmod(0o755)
    return f"{script.parent}:{environment()['PATH']}"


def press_tab(words: str, path: str) -> list[str]:
    done = subprocess.run(
        [BASH, "--norc", "-c", PRESS_TAB.format(words=words)],
        env=environment(PATH=path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.one_quick_case
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(world: World, shell: str) -> None:
    """The shell can parse it, where it is installed."""
    done = run("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"_SSO_PLUGIN_COMPLETE={shell}_complete" in done.stdout
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=done.stdout, text=True, check=True)


@pytest.mark.long
def test_bash_completes_commands(world: World, path: str) -> None:
    """All commands that start with the text."""
    assert press_tab("sso-plugin log", path) == ["login", "logout"]


@pytest.mark.long
def test_bash_completes_options(world: World, path: str) -> None:
    """The options of the command."""
    assert press_tab("sso-plugin login --f", path) == ["--flow", "--force"]


@pytest.mark.long
def test_bash_completes_profiles_and_sessions(world: World, path: str) -> None:
    """The names in the config file."""
    assert press_tab("sso-plugin login --profile d", path) == ["dev"]
    assert press_tab("sso-plugin status --sso-session ''", path) == ["corp"]


@pytest.mark.long
@pytest.mark.parametrize("command", ["login", "env", "credential-process"])
def test_every_command_is_offered(world: World, path: str, command: str) -> None:
    """The same commands as in the help."""
    assert command in press_tab("sso-plugin ''", path)


@pytest.mark.long
def test_completion_is_empty_for_an_invalid_config(world: World, path: str) -> None:
    """No error is printed while the user types."""
    world.configure("[broken\n")
    assert press_tab("sso-plugin login --profile d", path) == []


@pytest.mark.long
def test_an_unknown_shell_is_a_usage_error(world: World) -> None:
    """The message lists the known ones."""
    done = run("completion", "csh")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'csh' is not one of 'bash', 'zsh', 'fish'" in done.stderr
