"""``sso-plugin completion``: prints a script for each shell."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from command import run

if TYPE_CHECKING:
    from world import World


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
def test_an_unknown_shell_is_a_usage_error(world: World) -> None:
    """The message lists the known ones."""
    done = run("completion", "csh")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'csh' is not one of 'bash', 'zsh', 'fish'" in done.stderr
