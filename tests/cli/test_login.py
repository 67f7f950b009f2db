"""The login of a person at a terminal: the real command, in a real pseudo-terminal."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")

from browsers import browser
from command import Terminal, run

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

    from sso_plugin.emulator import Emulator


@pytest.fixture(autouse=True)
def _impatient(sso_emulator: Emulator) -> None:
    """Let the command ask every second whether the person has approved."""
    sso_emulator.settings.poll_interval = 1


def leftovers(world: World) -> list[str]:
    """Name what a login leaves, without lock files and the registration."""
    files = [*world.home.rglob("*.json"), *world.home.rglob("*.tmp")]
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    return [file.name for file, text in texts.items() if "accessToken" in text or not text]


def test_a_person_logs_in_by_reading_the_code_from_the_screen(world: World) -> None:
    """The device flow, as over SSH: the page and its code, the wait, the end."""
    with Terminal("login", "--profile", "dev", "--flow", "device", "--no-browser") as terminal:
        code = terminal.read_until(r"approve the code (\w{4}-\w{4})")[1]
        terminal.read_until("Waiting for the approval")
        world.emulator.approve(code, "alice")
        assert terminal.finish() == 0
    assert terminal.lines[0].startswith('The profile "dev" needs a login: there is no token in ')
    assert f"  {world.emulator.url}/device?user_code={code}" in terminal.lines
    assert re.fullmatch(r"Logged in until \d{4}-\d\d-\d\d \d\d:\d\d \S+\.", terminal.lines[-1])
    assert json.loads(world.token_file().read_text(encoding="utf-8"))["refreshToken"]


def test_a_person_logs_in_with_a_browser(world: World, tmp_path: Path) -> None:
    """It is the one in BROWSER, and it comes back to the command by itself."""
    with Terminal("login", "--flow", "browser", BROWSER=browser(world, tmp_path)) as terminal:
        assert terminal.finish() == 0
    assert "Open this page:" in terminal.lines
    assert terminal.lines[-1].startswith("Logged in until ")
    assert world.token_file().exists()


def test_a_login_that_is_not_needed_says_so(world: World) -> None:
    """Nobody is asked, and the way to be asked is named."""
    world.sign_in()
    done = run("login", "--profile", "dev")
    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(
        r"Already logged in until .{16} \S+; --force logs in again\.\n", done.stderr
    )
    assert world.count("RegisterClient") == 0


def test_force_logs_in_although_it_is_not_needed(world: World, tmp_path: Path) -> None:
    """New entitlements need a new token."""
    before = world.sign_in().access_token
    done = run("login", "--force", "--flow", "browser", BROWSER=browser(world, tmp_path))
    assert done.returncode == 0
    assert "needs a login: a new login was requested." in done.stderr
    assert json.loads(world.token_file().read_text(encoding="utf-8"))["accessToken"] != before


def test_without_a_browser_the_address_is_printed(world: World, tmp_path: Path) -> None:
    """With --no-browser nothing is opened, not even the one in BROWSER."""
    value = browser(world, tmp_path)
    with Terminal("login", "--flow", "browser", "--no-browser", BROWSER=value) as terminal:
        url = terminal.read_until(r"  (http://\S+/authorize\?\S+)\n")[1]
        terminal.read_until("Waiting for the approval")
        urllib.request.urlopen(world.emulator.authorize(url, "alice"), timeout=10).close()
        assert terminal.finish() == 0


def test_the_address_can_be_copied_from_a_narrow_terminal(world: World) -> None:
    """The terminal breaks its line, not the command: it stays one line to the mouse."""
    with Terminal("login", "--flow", "device", "--no-browser", columns=20) as terminal:
        code = terminal.read_until(r"approve the code (\w{4}-\w{4})")[1]
        assert f"  {world.emulator.url}/device?user_code={code}" in terminal.lines
        world.emulator.approve(code, "alice")
        assert terminal.finish() == 0


@pytest.mark.parametrize(
    ("changes", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
    ids=["a terminal", "NO_COLOR", "TERM=dumb"],
)
def test_colours_are_for_those_who_want_them(
    world: World, changes: dict[str, str], *, coloured: bool
) -> None:
    """See https://no-color.org; a dumb terminal would print the orders."""
    world.sign_in()
    with Terminal("login", "--profile", "gone", columns=80, stdout=None, **changes) as terminal:
        assert terminal.finish() == 1
    assert bool(re.search(r"\x1b\[[\d;]*3\d", terminal.screen)) == coloured


def test_what_is_piped_has_no_colours(world: World) -> None:
    """Neither stream, whatever the terminal could do."""
    done = run("login", "--profile", "gone")
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("flow", ["browser", "device"])
def test_ctrl_c_ends_a_login(world: World, flow: str) -> None:
    """One line, code 130, no token, no half-written file, no traceback."""
    with Terminal("login", "--flow", flow, "--no-browser") as terminal:
        terminal.read_until("Waiting for the approval")
        terminal.press_ctrl_c()
        assert terminal.finish() == 130
    assert terminal.lines[-1] == "sso-plugin: stopped"
    assert "Traceback" not in terminal.screen
    assert leftovers(world) == []


def test_after_ctrl_c_a_login_can_be_begun_again(world: World, tmp_path: Path) -> None:
    """Nothing that was left stands in its way."""
    with Terminal("login", "--flow", "browser", "--no-browser") as terminal:
        terminal.read_until("Waiting for the approval")
        terminal.press_ctrl_c()
        terminal.finish()
    done = run("login", "--flow", "browser", BROWSER=browser(world, tmp_path))
    assert done.returncode == 0


def test_a_login_that_is_denied_in_the_browser_fails(world: World, tmp_path: Path) -> None:
    """With what to do next."""
    done = run("login", "--flow", "browser", BROWSER=browser(world, tmp_path, "refuse"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == (
        'sso-plugin: The sso-session "corp" was not logged in: it was denied in the browser. '
        "Run: sso-plugin login --sso-session corp"
    )


def test_a_device_login_that_is_denied_fails(world: World) -> None:
    """The same, on another machine."""
    with Terminal("login", "-p", "dev", "--flow", "device", "--no-browser") as terminal:
        world.emulator.deny(terminal.read_until(r"approve the code (\w{4}-\w{4})")[1])
        assert terminal.finish() == 1
    assert terminal.lines[-1] == (
        'sso-plugin: The profile "dev" was not logged in: it was denied in the browser. '
        "Run: sso-plugin login --profile dev"
    )


def test_a_login_goes_on_without_a_terminal(world: World, tmp_path: Path) -> None:
    """Everything is on standard error; standard output stays free for data."""
    done = run("login", "--flow", "browser", BROWSER=browser(world, tmp_path))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-1].startswith("Logged in until ")


@pytest.mark.parametrize(
    ("words", "operation"),
    [
        ("accounts", "ListAccounts"),
        ("roles", "ListAccounts"),
        ("whoami --profile dev", "GetCallerIdentity"),
        ("env --profile dev", "GetRoleCredentials"),
        ("credential-process --profile dev", "GetRoleCredentials"),
        ("logout", "Logout"),
    ],
)
def test_ctrl_c_ends_every_wait(world: World, words: str, operation: str) -> None:
    """One line and code 130, whoever does not answer."""
    world.sign_in()
    world.emulator.faults.add(operation, latency=20, times=1)
    with Terminal(*words.split()) as terminal:
        wait_for_fault(world)
        terminal.press_ctrl_c()
        assert terminal.finish() == 130
    assert terminal.lines[-1] == "sso-plugin: stopped"
    assert "Traceback" not in terminal.screen
    world.emulator.faults.clear()


def wait_for_fault(world: World) -> None:
    """Wait until the fault holds a request up."""
    deadline = time.monotonic() + 20
    while world.emulator.faults.pending():
        assert time.monotonic() < deadline
        time.sleep(0.05)
