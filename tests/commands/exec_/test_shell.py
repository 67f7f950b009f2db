"""The shell that ``exec`` starts, in a terminal."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING
from urllib.error import URLError

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")
from command import Terminal, install_command
from pages import get_credentials
from world import wait_until

from sso_plugin.commands.exec_.shell import find_shell

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

BASH = shutil.which("bash") or "bash"
PROMPT = r"\[(.*?)\]> $"


@pytest.fixture
def home(world: World) -> World:
    """Return a home with a prompt for bash, of a user who is signed in."""
    world.sign_in()
    (world.home / ".bashrc").write_text("PS1='[$SSO_PLUGIN_PROFILE$SSO_PLUGIN_ACCOUNT]> '\n")
    return world


def start(*words: str, path: Path | None = None) -> Terminal:
    """Start a shell in which ``sso-plugin`` is in that folder."""
    folders = filter(None, (str(path or ""), os.environ["PATH"]))
    return Terminal("exec", *words, SHELL=BASH, PATH=os.pathsep.join(folders))


def test_the_shell_of_the_user_is_started(home: World) -> None:
    """With the name of the profile for its prompt; its exit code is that of exec."""
    with start("-p", "dev") as terminal:
        assert terminal.read_until(PROMPT)[1] == "dev"
        said = terminal.lines[0]
        terminal.press("exit 7\n")
        assert terminal.finish() == 7
    assert said == 'This shell has the credentials of the profile "dev". To leave it: exit'


@pytest.mark.long
def test_a_role_is_in_the_prompt_and_no_profile(home: World, tmp_path: Path) -> None:
    """An exec inside of it says where it is, and has its own credentials and region."""
    install_command(tmp_path)
    home.configure(home.emulator.profile() + "[profile plain]\nsso_session = corp\n")
    with start("--account", "staging", "--region", "eu-west-3", path=tmp_path) as terminal:
        assert terminal.read_until(PROMPT)[1] == "staging"
        terminal.press("echo region:$AWS_REGION:; sso-plugin whoami --json\n")
        terminal.read_until(r'"account_id": "222222222222"[^]]*\[staging\]> $')
        assert "region:eu-west-3:" in terminal.text
        terminal.press("sso-plugin exec --account production --role ReadOnlyAccess\n")
        terminal.read_until(r"\[production\]> $")
        inner = " ".join(terminal.text.split())
        assert (
            "This shell has the credentials of the role ReadOnlyAccess in the account production. "
            "It runs inside a shell with those of the role AdministratorAccess in the account "
            "staging. To leave it: exit"
        ) in inner
        terminal.press("echo inner:$AWS_REGION:\n")
        terminal.read_until(r"inner::\n\[production\]> $")
        terminal.press("exit\n")
        terminal.read_until(r"\[staging\]> $")
        terminal.press("exit\n")
        assert terminal.finish() == 0


@pytest.mark.long
def test_ctrl_c_and_ctrl_z_are_for_the_jobs_of_the_shell(home: World) -> None:
    """The shell and exec go on."""
    with start("-p", "dev") as terminal:
        terminal.read_until(PROMPT)
        # The job prints, so that the shell is no longer in the foreground.
        terminal.press("sh -c 'echo begin-$((1+1)); exec sleep 600'\n")
        terminal.read_until("begin-2\n")
        terminal.press_ctrl_c()
        terminal.read_until(r"\^C\n\[dev\]> $")
        terminal.press("sh -c 'echo begin-$((1+2)); exec sleep 600'\n")
        terminal.read_until("begin-3\n")
        terminal.press("\x1a")
        terminal.read_until(r"Stopped[^\n]*\n\[dev\]> $")
        terminal.press("kill %1; exit 3\n")
        terminal.read_until("stopped jobs|exit")
        terminal.press("exit 3\n")
        assert terminal.finish() == 3


@pytest.mark.long
def test_a_shell_that_suspends_itself_suspends_exec(home: World, tmp_path: Path) -> None:
    """The shell around it resumes both."""
    install_command(tmp_path)
    with start("--account", "staging", path=tmp_path) as terminal:
        terminal.read_until(r"\[staging\]> $")
        terminal.press("sso-plugin exec -p dev\n")
        terminal.read_until(r"\[dev\]> $")
        terminal.press("suspend\n")
        terminal.read_until(r"Stopped[^\n]*\n\[staging\]> $")
        terminal.press("fg\n")
        terminal.press("echo again-$((40+2))\n")
        terminal.read_until(r"again-42\n\[dev\]> $")
        terminal.press("exit\n")
        terminal.read_until(r"exit\n\[staging\]> $")
        terminal.press("exit\n")
        assert terminal.finish() == 0


@pytest.mark.long
@pytest.mark.parametrize("shell", ["dash", "zsh", "fish"])
def test_other_shells_are_interactive(home: World, shell: str) -> None:
    """They run commands, and end with their exit code."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    # Otherwise fish makes completions in the background when it is first started.
    (home.home / ".local/share/fish/generated_completions").mkdir(parents=True)
    with Terminal("exec", "-p", "dev", SHELL=program) as terminal:
        terminal.read_until(r"To leave it: exit\n[^$%#>]*[$%#>] ")
        terminal.press("echo $SSO_PLUGIN_PROFILE-shell; exit 5\n")
        assert terminal.finish() == 5
    assert "dev-shell\n" in terminal.text


@pytest.mark.long
def test_a_terminal_that_is_closed_ends_all(home: World) -> None:
    """The shell, and the endpoint."""
    with start("-p", "dev") as terminal:
        terminal.read_until(PROMPT)
        terminal.press("echo url:$AWS_CONTAINER_CREDENTIALS_FULL_URI:\n")
        url = terminal.read_until(r"url:(http://[^:]*:\d+[^:]*):\n")[1]
        terminal.close()
        wait_until(lambda: not terminal.is_running())
    with pytest.raises(URLError, match="refused"):
        get_credentials(url)


class TestFindShell:
    """Which shell it is."""

    def test_shell_comes_first(self) -> None:
        """If it can be run."""
        assert find_shell({"SHELL": BASH, "PATH": os.environ["PATH"]}) == BASH

    def test_a_shell_that_does_not_exist_is_ignored(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The shell that runs the command is used, otherwise sh."""
        environ = {"SHELL": "/nowhere/fish", "PATH": os.environ["PATH"]}
        monkeypatch.setattr("shellingham.detect_shell", lambda: ("bash", BASH))
        assert find_shell(environ) == BASH

        def fail() -> None:
            raise RuntimeError

        monkeypatch.setattr("shellingham.detect_shell", fail)
        assert find_shell(environ) == "sh"
        assert find_shell({"COMSPEC": "C:\\cmd.exe"}, "win32") == "C:\\cmd.exe"
