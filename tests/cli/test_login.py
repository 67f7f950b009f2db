"""``sso-plugin login`` in a real pseudo-terminal."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")

from browsers import browser
from caches import KEY
from command import Terminal, run

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

    from sso_plugin.emulator import Emulator


@pytest.fixture(autouse=True)
def _short_poll_interval(sso_emulator: Emulator) -> None:
    """Let the command poll once a second whether the login is approved."""
    sso_emulator.settings.poll_interval = 1


def leftovers(world: World) -> list[str]:
    """Return the files that a login leaves, except lock files and the registration."""
    files = [*world.home.rglob("*.json"), *world.home.rglob("*.tmp")]
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    return [file.name for file, text in texts.items() if "accessToken" in text or not text]


@pytest.mark.long
def test_a_device_login_on_a_terminal(world: World) -> None:
    """It shows the page and the code, waits, and reports the end of the login."""
    with Terminal("login", "--profile", "dev", "--flow", "device", "--no-browser") as terminal:
        code = terminal.read_until(r"enter the code (\w{4}-\w{4})")[1]
        terminal.read_until("Waiting for the approval")
        world.emulator.approve(code, "alice")
        assert terminal.finish() == 0
    assert terminal.lines[0] == 'The profile "dev" needs a login: it has no access token.'
    assert f"  {world.emulator.url}/device?user_code={code}" in terminal.lines
    assert re.fullmatch(
        r"Logged in until .{16} \S+ at the latest; the portal may end it earlier\.",
        terminal.lines[-1],
    )
    assert json.loads(world.token_file().read_text(encoding="utf-8"))["refreshToken"]


@pytest.mark.long
def test_a_browser_login_on_a_terminal(world: World, tmp_path: Path) -> None:
    """It opens the browser in BROWSER, which sends the code to the command."""
    with Terminal("login", "--flow", "browser", BROWSER=browser(world, tmp_path)) as terminal:
        assert terminal.finish() == 0
    assert (
        "Opening your browser. If it does not open, visit this page in a browser on this machine:"
        in terminal.lines
    )
    assert (
        "To use a browser on another machine: sso-plugin login --sso-session corp --flow device"
        in terminal.lines
    )
    assert terminal.lines[-1].startswith("Logged in until ")
    assert world.token_file().exists()


@pytest.mark.long
def test_a_valid_login_is_kept(world: World) -> None:
    """The message names --force."""
    world.sign_in()
    done = run("login", "--profile", "dev")
    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(
        r"Already logged in until .{16} \S+ at the latest; the portal may end it earlier\. "
        r"Use --force to log in again\.\n",
        done.stderr,
    )
    assert world.count("RegisterClient") == 0


@pytest.mark.long
def test_force_replaces_a_valid_login(world: World, tmp_path: Path) -> None:
    """The token is a new one."""
    before = world.sign_in().access_token
    done = run("login", "--force", "--flow", "browser", BROWSER=browser(world, tmp_path))
    assert done.returncode == 0
    assert "needs a login: a new login was requested." in done.stderr
    assert json.loads(world.token_file().read_text(encoding="utf-8"))["accessToken"] != before


@pytest.mark.long
def test_no_browser_only_prints_the_link(world: World, tmp_path: Path) -> None:
    """The browser in BROWSER is not opened."""
    value = browser(world, tmp_path)
    with Terminal("login", "--flow", "browser", "--no-browser", BROWSER=value) as terminal:
        url = terminal.read_until(r"  (http://\S+/authorize\?\S+)\n")[1]
        terminal.read_until("Waiting for the approval")
        urllib.request.urlopen(world.emulator.authorize(url, "alice"), timeout=60).close()
        assert terminal.finish() == 0


@pytest.mark.long
@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("words", "changes", "columns", "is_shown"),
    [
        ((), {}, 80, True),
        (("--no-qr",), {}, 80, False),
        ((), {"NO_COLOR": "1"}, 80, False),
        ((), {"TERM": "dumb"}, 80, False),
        ((), {"PYTHONIOENCODING": "ascii"}, 80, False),
        ((), {}, 30, False),
    ],
)
def test_a_terminal_shows_a_qr_code(
    world: World, words: tuple[str, ...], changes: dict[str, str], columns: int, *, is_shown: bool
) -> None:
    """Of the complete link. Only where a phone can read it, and unless ``--no-qr`` is given."""
    command = ("login", "--flow", "device", "--no-browser", *words)
    with Terminal(*command, columns=columns, stdout=None, **changes) as terminal:
        terminal.read_until("Waiting for the approval")
        assert ("scan this QR code" in terminal.text) == is_shown
        assert ("\u2588" in terminal.text) == is_shown


@pytest.mark.long
def test_a_token_file_is_named_only_with_debug(world: World, tmp_path: Path) -> None:
    """A user cannot do anything with its name."""
    value = browser(world, tmp_path)
    name = world.token_file().name
    done = run("login", "--flow", "browser", BROWSER=value)
    assert (done.returncode, name in done.stderr) == (0, False)
    world.token_file().unlink()
    done = run("login", "--flow", "browser", "--debug", BROWSER=value)
    assert f"There is no access token in {world.token_file()}" in done.stderr


@pytest.mark.long
def test_the_link_is_one_line_on_a_narrow_terminal(world: World) -> None:
    """The terminal wraps it, so it can be copied as one line."""
    with Terminal("login", "--flow", "device", "--no-browser", columns=20) as terminal:
        code = terminal.read_until(r"enter the code\s+(\w{4}-\w{4})")[1]
        terminal.read_until(r"Waiting for the\s+approval")
        assert f"  {world.emulator.url}/device?user_code={code}" in terminal.lines
        world.emulator.approve(code, "alice")
        assert terminal.finish() == 0


@pytest.mark.long
@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("changes", "colored"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
    ids=["a terminal", "NO_COLOR", "TERM=dumb"],
)
def test_colors_follow_the_environment(
    world: World, changes: dict[str, str], *, colored: bool
) -> None:
    """NO_COLOR and TERM=dumb disable them."""
    world.sign_in()
    with Terminal("login", "--profile", "gone", columns=80, stdout=None, **changes) as terminal:
        assert terminal.finish() == 1
    assert bool(re.search(r"\x1b\[[\d;]*3\d", terminal.screen)) == colored


@pytest.mark.long
def test_a_pipe_gets_no_colors(world: World) -> None:
    """Nor other control sequences."""
    done = run("login", "--profile", "gone")
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.long
@pytest.mark.parametrize("flow", ["browser", "device"])
def test_ctrl_c_ends_a_login(world: World, flow: str) -> None:
    """In both flows, with one line and without a traceback."""
    with Terminal("login", "--flow", flow, "--no-browser") as terminal:
        terminal.read_until("Waiting for the approval")
        terminal.press_ctrl_c()
        assert terminal.finish() == 130
    assert terminal.lines[-1] == "sso-plugin: stopped"
    assert "Traceback" not in terminal.screen
    assert leftovers(world) == []


@pytest.mark.long
def test_a_login_works_after_an_interrupted_one(world: World, tmp_path: Path) -> None:
    """Nothing of the first one is in the way."""
    with Terminal("login", "--flow", "browser", "--no-browser") as terminal:
        terminal.read_until("Waiting for the approval")
        terminal.press_ctrl_c()
        terminal.finish()
    done = run("login", "--flow", "browser", BROWSER=browser(world, tmp_path))
    assert done.returncode == 0


@pytest.mark.long
def test_a_browser_login_that_is_denied_fails(world: World, tmp_path: Path) -> None:
    """The message says so."""
    done = run("login", "--flow", "browser", BROWSER=browser(world, tmp_path, "refuse"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == (
        'sso-plugin: The sso-session "corp" was not logged in: it was denied in the browser. '
        "Run: sso-plugin login --sso-session corp"
    )


@pytest.mark.long
def test_a_device_login_that_is_denied_fails(world: World) -> None:
    """The message says so."""
    with Terminal("login", "-p", "dev", "--flow", "device", "--no-browser") as terminal:
        world.emulator.deny(terminal.read_until(r"enter the code (\w{4}-\w{4})")[1])
        assert terminal.finish() == 1
    assert terminal.lines[-1] == (
        'sso-plugin: The profile "dev" was not logged in: it was denied in the browser. '
        "Run: sso-plugin login --profile dev"
    )


@pytest.mark.long
def test_a_login_works_without_a_terminal(world: World, tmp_path: Path) -> None:
    """Messages are on standard error; nothing is on standard output."""
    done = run("login", "--flow", "browser", BROWSER=browser(world, tmp_path))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-1].startswith("Logged in until ")


@pytest.mark.long
@pytest.mark.one_quick_case
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
def test_ctrl_c_ends_a_request(world: World, words: str, operation: str) -> None:
    """One line and exit code 130."""
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
    """Wait until the emulator delays a request."""
    deadline = time.monotonic() + 60
    while world.emulator.faults.pending():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.long
def test_a_login_without_the_store_is_on_this_machine_only(world: World, tmp_path: Path) -> None:
    """It is not lost. The command in the message sends it to the store."""
    store = {"SSO_PLUGIN_STORE": "redis://127.0.0.1:1", "SSO_PLUGIN_STORE_KEY": KEY}
    opener, words = browser(world, tmp_path), ("--profile", "dev", "--force", "--flow", "browser")
    done = run("login", *words, BROWSER=opener, **store)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "Only this machine is logged in. When the store can be used, run on this machine: "
        "sso-plugin login --profile dev"
    )
    assert world.token_file().exists()
