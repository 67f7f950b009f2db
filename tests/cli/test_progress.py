"""The progress bar: on standard error, and on terminals only."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")
from command import Terminal, run

if TYPE_CHECKING:
    from world import World


def lines_of_json(text: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in text.splitlines()]


class TestBar:
    """In the commands that list accounts and roles."""

    @pytest.mark.long
    def test_the_bar_leaves_nothing_between_lines_of_json(self, world: World) -> None:
        """Each line on the terminal is valid JSON."""
        world.sign_in()
        with Terminal("roles", "--json", columns=200) as terminal:
            assert terminal.finish() == 0
        found = [json.loads(line) for line in terminal.lines if line.startswith("{")]
        assert len(found) == 4

    @pytest.mark.long
    def test_the_bar_is_shown_while_the_list_goes_to_a_file(self, world: World) -> None:
        """It is on standard error."""
        world.sign_in()
        world.emulator.faults.add("ListAccountRoles", kind="hang")
        with Terminal("roles", "--json", stdout=subprocess.PIPE) as terminal:
            terminal.read_until(r"Accounts .*\d/3")
            world.emulator.faults.clear()
            assert terminal.finish() == 0
            assert len(lines_of_json(terminal.piped())) == 4

    @pytest.mark.long
    def test_a_signal_leaves_the_cursor(self, world: World) -> None:
        """The bar stays, because nothing runs after the signal."""
        world.sign_in()
        world.emulator.faults.add("ListAccountRoles", kind="hang")
        with Terminal("roles") as terminal:
            terminal.read_until(r"Accounts .*0/3[^h]*\x1b\[\?25h", raw=True)
            terminal.send_signal(signal.SIGTERM)
            assert terminal.finish() == -signal.SIGTERM
        world.emulator.faults.clear()
        assert terminal.screen.rindex("\x1b[?25h") > terminal.screen.rindex("\x1b[?25l")

    @pytest.mark.long
    def test_the_bar_starts_after_the_login(self, world: World) -> None:
        """It is not on the screen while the user approves a code."""
        remote = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}
        with Terminal("configure", "--dry-run", columns=120, stdout=None, **remote) as terminal:
            code = terminal.read_until(r"enter the code (\w{4}-\w{4})")[1]
            terminal.read_until("Waiting for the approval")
            assert "Accounts" not in terminal.text
            assert "\x1b[?25l" not in terminal.screen
            world.emulator.approve(code, "alice")
            assert terminal.finish() == 0
        assert re.search(r"Accounts .*/3", terminal.text)
        # The bar is erased, and the cursor is shown again.
        assert terminal.screen.rindex("\x1b[?25h") > terminal.screen.rindex("\x1b[?25l")

    @pytest.mark.long
    def test_no_bar_is_shown_in_a_pipe(self, world: World) -> None:
        """Standard error stays empty."""
        world.sign_in()
        assert run("roles").stderr == ""
