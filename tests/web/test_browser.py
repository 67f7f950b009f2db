"""Real programs, started as the browser that `BROWSER` or the system names."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")

from browsers import Browser, set_browser
from command import Terminal, run
from long_tests import long

from sso_plugin.web.browser import start_browser, start_firefox

if TYPE_CHECKING:
    from pathlib import Path

    from world import World


REMOTE_VARIABLES = ("CI", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "container")


@pytest.fixture(autouse=True)
def _at_a_desktop(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """Remove the variables of SSH, containers and CI; poll the portal every second."""
    for name in REMOTE_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    world.emulator.settings.poll_interval = 1


START = """
import sys, threading
from sso_plugin.web.browser import start_browser
print(start_browser("http://127.0.0.1:9/%s%action", threading.Event()))
"""


def start(**changes: str) -> bool:
    """Start a browser in a new process, and return whether it was started."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", START],
        env={**environment, **changes},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout == "True\n"


VALUES = ["{} %s", "{}", "{} %s &", "{} --new-window %s", "/missing/browser:{}", "lynx:{} %s"]
"""Forms that the value of BROWSER can have."""


@pytest.mark.long
@pytest.mark.one_quick_case
@pytest.mark.parametrize("value", [VALUES[0], VALUES[2], *long(*VALUES[1:2], *VALUES[3:])])
def test_what_a_browser_prints_is_not_the_scripts_output(tmp_path: Path, value: str) -> None:
    """Neither on standard output nor on standard error."""
    browser = Browser(tmp_path)
    assert start(BROWSER=value.format(browser.path))
    [note] = browser.wait_for_notes()
    assert note["argv"][-1] == "http://127.0.0.1:9/%s%action"


KNOWN = ["google-chrome", "xdg-open", *long("firefox", "x-www-browser", "opera")]
"""Browsers that Python finds in PATH, one of each class of `webbrowser`."""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="other systems open pages by a call")
@pytest.mark.parametrize("name", KNOWN)
def test_what_a_browser_in_path_prints_is_not_the_scripts_output(tmp_path: Path, name: str) -> None:
    """Python finds it there if there is a display."""
    browser = Browser(tmp_path / "bin", name)
    assert start(PATH=str(tmp_path / "bin"), DISPLAY=":0", BROWSER="")
    assert len(browser.wait_for_notes()) == 1


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="other systems open pages by a call")
@pytest.mark.parametrize("name", ["firefox", "browser"])
def test_a_command_without_a_placeholder_keeps_its_options(tmp_path: Path, name: str) -> None:
    """Python's `webbrowser` takes it for the name of one program."""
    browser = Browser(tmp_path / "bin", name)
    assert start(PATH=str(tmp_path / "bin"), DISPLAY=":0", BROWSER=f"{name} --private-window")
    [note] = browser.wait_for_notes()
    assert note["argv"] == ["--private-window", "http://127.0.0.1:9/%s%action"]


def fetch_by_script(**changes: str) -> dict[str, Any]:
    done = run("credential-process", "--profile", "dev", **changes)
    assert done.returncode == 0, done.stderr
    assert "Gtk-WARNING" not in done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.long
@pytest.mark.parametrize("flow", ["browser", *long("device")])
@pytest.mark.parametrize("way", ["{} %s", *long("{}", "{} %s &")])
def test_credential_process_prints_only_json(
    world: World, tmp_path: Path, way: str, flow: str
) -> None:
    """Even if it asks for a login, and the browser prints a line."""
    world.configure(world.emulator.profile() + f"sso_login = {flow}\n")
    browser = Browser(tmp_path, emulator=world.emulator.url)
    assert fetch_by_script(BROWSER=way.format(browser.path))["AccessKeyId"].startswith("ASIA")
    assert browser.notes


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="other systems open pages by a call")
@pytest.mark.parametrize("name", ["google-chrome", *long("firefox", "xdg-open")])
def test_credential_process_prints_only_json_with_a_browser_in_path(
    world: World, tmp_path: Path, name: str
) -> None:
    """Chromium prints that it opens a tab in an existing session."""
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    browser = Browser(tmp_path / "bin", name, emulator=world.emulator.url)
    found = fetch_by_script(PATH=str(tmp_path / "bin"), DISPLAY=":0")
    assert found["AccessKeyId"].startswith("ASIA")
    assert browser.notes


@pytest.mark.long
@pytest.mark.parametrize("flow", ["browser", *long("device")])
def test_the_arguments_of_a_browser_hold_no_secret(world: World, tmp_path: Path, flow: str) -> None:
    """Neither the state nor the code, which other users could use. The page has them."""
    browser = Browser(tmp_path, emulator=world.emulator.url)
    script = (
        "import sso_plugin, sso_plugin.web.capabilities as c; c._why_no_browser = lambda *_: None; "
        f"sso_plugin.login('dev', flow={flow!r})"
    )
    done = world.run(script, BROWSER=f"{browser.path} %s")
    assert done.returncode == 0, done.stderr
    started, opened = browser.wait_for_notes(2)
    [address] = started["argv"]
    page = opened["page"]
    name = "state" if flow == "browser" else "user_code"
    [secret] = parse_qs(urlsplit(page).query)[name]
    assert len(secret) >= 9
    assert secret not in address
    assert address.startswith("http://127.0.0.1:")
    assert page in done.stderr


@pytest.mark.long
def test_over_ssh_the_page_is_opened_without_the_code(world: World, tmp_path: Path) -> None:
    """The browser may be unable to reach this machine, so the user types the code."""
    browser = Browser(tmp_path, emulator=world.emulator.url)
    done = run("login", SSH_CONNECTION="192.0.2.1 5 192.0.2.2 22", BROWSER=f"{browser.path} %s")
    assert done.returncode == 0, done.stderr
    assert browser.notes[0]["argv"] == [f"{world.emulator.url}/device"]
    assert f"  {world.emulator.url}/device?user_code=" in done.stderr
    assert "and enter the code " in done.stderr


@pytest.mark.long
def test_the_arguments_of_a_browser_do_not_sign_in_to_the_console(
    world: World, tmp_path: Path
) -> None:
    """The browser gets the address with the token by a redirect."""
    world.sign_in()
    browser = Browser(tmp_path, emulator=world.emulator.url)
    script = (
        "import sso_plugin.web.capabilities as c; c._why_no_browser = lambda *_: None\n"
        "from sso_plugin.cli import main; main(['console', '--profile', 'dev'])"
    )
    done = world.run(script, BROWSER=f"{browser.path} %s")
    assert (done.stdout, done.stderr) == ("", "Opening the console in the browser ...\n")
    started, opened = browser.wait_for_notes(2)
    assert "SigninToken" not in str(started)
    assert "SigninToken=" in opened["page"]


TEXT_BROWSERS = ["browsh", "elinks", "links", "links2", "lynx", "w3m", "www-browser"]


@pytest.mark.parametrize("way", ["{name}", "{name} %s", "{path}", "{path} %s", "{link} %s"])
@pytest.mark.parametrize("name", TEXT_BROWSERS)
def test_a_text_browser_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, way: str
) -> None:
    """Whether BROWSER has its name, its path, or a link to it."""
    browser, link = Browser(tmp_path / "bin", name), tmp_path / "mine"
    link.symlink_to(browser.path)
    value = way.format(name=name, path=browser.path, link=link)
    set_browser(monkeypatch, value, PATH=str(tmp_path / "bin"))
    assert not start_browser("http://127.0.0.1:9/")
    assert browser.notes == []


@pytest.mark.long
def test_a_text_browser_that_python_finds_is_not_started(tmp_path: Path) -> None:
    """Python would start it on a machine without a display."""
    browser = Browser(tmp_path / "bin", "w3m")
    assert not start(PATH=str(tmp_path / "bin"), BROWSER="")
    assert browser.notes == []


@pytest.mark.long
@pytest.mark.parametrize("first", ["fails", *long("missing", "not-executable")])
def test_the_next_browser_is_tried(tmp_path: Path, first: str) -> None:
    """BROWSER is a list."""
    broken, browser = Browser(tmp_path / "broken", status=3), Browser(tmp_path / "good")
    if first == "missing":
        broken.path.unlink()
    elif first == "not-executable":
        broken.path.chmod(0o644)
    assert start(BROWSER=f"{broken.path} %s{os.pathsep}{browser.path} %s")
    assert len(browser.wait_for_notes()) == 1


@pytest.mark.parametrize("value", [" ", ": ", "'", "%", "no-such-browser"])
def test_an_invalid_value_of_browser_is_not_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """The result is the same as without a browser."""
    set_browser(monkeypatch, value, PATH=str(tmp_path))
    assert not start_browser("http://127.0.0.1:9/")


def test_macos_opens_a_page_by_the_command_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is started as a command, so that its output is not mixed with that of the script."""
    browser = Browser(tmp_path, name="open")
    monkeypatch.setattr("sso_plugin.web.browser._MACOS_OPEN", str(browser.path))
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.delenv("BROWSER", raising=False)
    assert start_browser("http://127.0.0.1:9/page")
    assert browser.wait_for_notes()[0]["argv"] == ["http://127.0.0.1:9/page"]


@pytest.mark.long
@pytest.mark.parametrize("broken", ["missing", *long("fails")])
def test_a_browser_that_cannot_be_started_is_reported(
    world: World, tmp_path: Path, broken: str
) -> None:
    """The message says what to do instead, and the login continues."""
    browser = Browser(tmp_path, status=3)
    if broken == "missing":
        browser.path.unlink()
    value = f"{browser.path} %s"
    with Terminal("login", "--profile", "dev", "--flow", "browser", BROWSER=value) as terminal:
        url = terminal.read_until(r"  (http://\S+/authorize\?\S+)\n")[1]
        terminal.read_until(
            "sso-plugin: warning: No browser could be started. Open the page above in a browser on "
            r"this machine, or run:\n +sso-plugin login --profile dev --flow device\n"
        )
        assert world.run(APPROVE.format(world.emulator.url, url)).returncode == 0
        assert terminal.finish() == 0


APPROVE = """
import json, urllib.request
body = json.dumps({{"url": {1!r}}}).encode()
request = urllib.request.Request("{0}/_emulator/authorize", body,
                                 {{"Content-Type": "application/json"}})
urllib.request.urlopen(json.load(urllib.request.urlopen(request))["location"])
"""


@pytest.mark.long
def test_a_device_login_without_a_browser_can_be_approved_in_any_browser(
    world: World, tmp_path: Path
) -> None:
    """The message says so, and names no other flow."""
    browser = Browser(tmp_path, status=3)
    with Terminal("login", "--flow", "device", BROWSER=f"{browser.path} %s") as terminal:
        code = terminal.read_until(r"enter the code (\w{4}-\w{4})")[1]
        terminal.read_until(
            "sso-plugin: warning: No browser could be started. "
            "Open the page above in any browser.\n"
        )
        world.emulator.approve(code, "alice")
        assert terminal.finish() == 0


@pytest.mark.long
@pytest.mark.parametrize("way", ["{} %s", *long("{}")])
def test_a_login_does_not_wait_for_the_browser_to_be_closed(
    world: World, tmp_path: Path, way: str
) -> None:
    """A browser that was not running before stays open in the foreground."""
    browser = Browser(tmp_path, emulator=world.emulator.url, stays=600)
    try:
        done = run("login", "--flow", "browser", BROWSER=way.format(browser.path))
        assert done.returncode == 0, done.stderr
    finally:
        for note in browser.notes[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(note["pid"], signal.SIGKILL)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("firefox", "{path}", []),
        ("firefox", "{path} -P work %s", ["-P", "work"]),
        ("firefox-esr", "", []),
        ("librewolf", "chromium %s", []),
    ],
)
def test_firefox_is_the_one_in_browser_or_in_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: list[str]
) -> None:
    """Another browser in BROWSER cannot open a page in a container."""
    firefox = Browser(tmp_path, name)
    set_browser(monkeypatch, value.format(path=firefox.path), PATH=str(tmp_path))
    assert start_firefox("ext+container:name=x&url=y")
    assert firefox.wait_for_notes()[0]["argv"] == [*words, "ext+container:name=x&url=y"]


def test_without_firefox_none_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS, the system may know where it is."""
    set_browser(monkeypatch, "chromium", PATH=str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert not start_firefox("x")
