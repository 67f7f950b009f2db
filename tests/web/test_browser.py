"""The browser of the person: real programs, started as `BROWSER` or the system names them."""

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

from browsers import Browser
from command import Terminal, run

from sso_plugin.web.browser import start_browser

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

PLACES = ("CI", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "container")


@pytest.fixture(autouse=True)
def _no_place(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """Be at no place in particular, with a portal that is asked every second."""
    for name in PLACES:
        monkeypatch.delenv(name, raising=False)
    world.emulator.settings.poll_interval = 1


START = """
import sys, threading
from sso_plugin.web.browser import start_browser
print(start_browser("http://127.0.0.1:9/%s%action", threading.Event()))
"""


def start(**changes: str) -> bool:
    """Start a browser in a process of its own, and return whether that says it was started."""
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


WAYS = ["{} %s", "{}", "{} %s &", "{} --new-window %s", "/missing/browser:{}", "lynx:{} %s"]
"""How a program may stand in BROWSER."""


@pytest.mark.parametrize("way", WAYS)
def test_what_a_browser_prints_is_not_the_scripts_output(tmp_path: Path, way: str) -> None:
    """Neither on standard output nor on standard error, however it is started."""
    browser = Browser(tmp_path)
    assert start(BROWSER=way.format(browser.path))
    [note] = browser.wait_for_notes()
    assert note["argv"][-1] == "http://127.0.0.1:9/%s%action"


KNOWN = ["firefox", "google-chrome", "xdg-open", "x-www-browser", "opera"]
"""Browsers that Python finds in PATH; one of each kind."""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems open pages by a call")
@pytest.mark.parametrize("name", KNOWN)
def test_what_a_known_browser_prints_is_not_the_scripts_output(tmp_path: Path, name: str) -> None:
    """Those that are found in PATH where there is a display."""
    browser = Browser(tmp_path / "bin", name)
    assert start(PATH=str(tmp_path / "bin"), DISPLAY=":0", BROWSER="")
    assert len(browser.wait_for_notes()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems open pages by a call")
@pytest.mark.parametrize("name", ["firefox", "browser"])
def test_a_command_without_a_placeholder_keeps_its_options(tmp_path: Path, name: str) -> None:
    """Python takes it for the name of one program."""
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


@pytest.mark.parametrize("flow", ["browser", "device"])
@pytest.mark.parametrize("way", ["{} %s", "{}", "{} %s &"])
def test_the_json_of_credential_process_holds_credentials_only(
    world: World, tmp_path: Path, way: str, flow: str
) -> None:
    """Also where it has a person log in, whose browser prints a line."""
    world.configure(world.emulator.profile() + f"sso_login = {flow}\n")
    browser = Browser(tmp_path, emulator=world.emulator.url)
    assert fetch_by_script(BROWSER=way.format(browser.path))["AccessKeyId"].startswith("ASIA")
    assert browser.notes


@pytest.mark.skipif(sys.platform != "linux", reason="other systems open pages by a call")
@pytest.mark.parametrize("name", ["firefox", "google-chrome", "xdg-open"])
def test_the_json_is_clean_with_the_browser_of_the_system(
    world: World, tmp_path: Path, name: str
) -> None:
    """Chromium prints that it opens a tab in an existing session."""
    world.configure(world.emulator.profile() + "sso_login = browser\n")
    browser = Browser(tmp_path / "bin", name, emulator=world.emulator.url)
    found = fetch_by_script(PATH=str(tmp_path / "bin"), DISPLAY=":0")
    assert found["AccessKeyId"].startswith("ASIA")
    assert browser.notes


@pytest.mark.parametrize("flow", ["browser", "device"])
def test_the_arguments_of_a_browser_hold_no_secret(world: World, tmp_path: Path, flow: str) -> None:
    """Neither the state nor the code, which other users could use; the page has them."""
    browser = Browser(tmp_path, emulator=world.emulator.url)
    script = (
        "import sso_plugin, sso_plugin.web.capabilities as s; s._why_no_browser = lambda *_: None; "
        f"sso_plugin.login('dev', flow={flow!r})"
    )
    done = world.run(script, BROWSER=f"{browser.path} %s")
    assert done.returncode == 0, done.stderr
    started, opened = browser.notes
    [address] = started["argv"]
    page = opened["page"]
    name = "state" if flow == "browser" else "user_code"
    [secret] = parse_qs(urlsplit(page).query)[name]
    assert len(secret) >= 9
    assert secret not in address
    assert address.startswith("http://127.0.0.1:")
    assert page in done.stderr


def test_beyond_an_ssh_connection_the_page_is_opened_without_the_code(
    world: World, tmp_path: Path
) -> None:
    """Its browser may not reach this machine; the code is shown to be typed."""
    browser = Browser(tmp_path, emulator=world.emulator.url)
    done = run("login", SSH_CONNECTION="192.0.2.1 5 192.0.2.2 22", BROWSER=f"{browser.path} %s")
    assert done.returncode == 0, done.stderr
    assert browser.notes[0]["argv"] == [f"{world.emulator.url}/device"]
    assert f"  {world.emulator.url}/device?user_code=" in done.stderr
    assert "and approve the code " in done.stderr


def test_the_arguments_of_a_browser_do_not_sign_in_to_the_console(
    world: World, tmp_path: Path
) -> None:
    """The address with the token is fetched from this machine."""
    world.sign_in()
    browser = Browser(tmp_path, emulator=world.emulator.url)
    script = (
        "import sso_plugin.web.capabilities as s; s._why_no_browser = lambda *_: None\n"
        "from sso_plugin.cli import main; main(['console', '--profile', 'dev'])"
    )
    done = world.run(script, BROWSER=f"{browser.path} %s")
    assert (done.stdout, done.stderr) == ("", "Opening the console in the browser ...\n")
    started, opened = browser.wait_for_notes(2)
    assert "SigninToken" not in str(started)
    assert "SigninToken=" in opened["page"]


TEXT = ["browsh", "elinks", "links", "links2", "lynx", "w3m", "www-browser"]


@pytest.mark.parametrize("way", ["{name}", "{name} %s", "{path}", "{path} %s", "{link} %s"])
@pytest.mark.parametrize("name", TEXT)
def test_a_text_browser_is_not_started(tmp_path: Path, name: str, way: str) -> None:
    """By its name or path or another name for it, in BROWSER or found by Python."""
    browser, link = Browser(tmp_path / "bin", name), tmp_path / "mine"
    link.symlink_to(browser.path)
    value = way.format(name=name, path=browser.path, link=link)
    assert not start(PATH=str(tmp_path / "bin"), BROWSER=value)
    assert browser.notes == []


def test_a_text_browser_that_python_finds_is_not_started(tmp_path: Path) -> None:
    """On a machine without a display, Python would take it."""
    browser = Browser(tmp_path / "bin", "w3m")
    assert not start(PATH=str(tmp_path / "bin"), BROWSER="")
    assert browser.notes == []


@pytest.mark.parametrize("first", ["missing", "not-executable", "fails"])
def test_the_next_browser_is_tried(tmp_path: Path, first: str) -> None:
    """BROWSER is a list; so is what Python finds."""
    broken, browser = Browser(tmp_path / "broken", status=3), Browser(tmp_path / "good")
    if first == "missing":
        broken.path.unlink()
    elif first == "not-executable":
        broken.path.chmod(0o644)
    assert start(BROWSER=f"{broken.path} %s{os.pathsep}{browser.path} %s")
    assert len(browser.wait_for_notes()) == 1


@pytest.mark.parametrize("value", [" ", ": ", "'", "%", "no-such-browser"])
def test_a_value_that_names_no_browser_is_not_an_error(tmp_path: Path, value: str) -> None:
    """It is as if there were no browser; nothing is raised."""
    assert not start(BROWSER=value, PATH=str(tmp_path))


def test_macos_opens_a_page_by_its_own_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started as a command, so that nothing of its output gets into the data of a script."""
    browser = Browser(tmp_path, name="open")
    monkeypatch.setattr("sso_plugin.web.browser._OPEN_OF_MACOS", str(browser.path))
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.delenv("BROWSER", raising=False)
    assert start_browser("http://127.0.0.1:9/page")
    assert browser.wait_for_notes()[0]["argv"] == ["http://127.0.0.1:9/page"]


@pytest.mark.parametrize("broken", ["missing", "fails"])
def test_a_browser_that_cannot_be_started_is_reported(
    world: World, tmp_path: Path, broken: str
) -> None:
    """With what to do instead; the login goes on."""
    browser = Browser(tmp_path, status=3)
    if broken == "missing":
        browser.path.unlink()
    value = f"{browser.path} %s"
    with Terminal("login", "--profile", "dev", "--flow", "browser", BROWSER=value) as terminal:
        url = terminal.read_until(r"  (http://\S+/authorize\?\S+)\n")[1]
        terminal.read_until(
            "sso-plugin: No browser could be started. Open the page above in a browser on this "
            "machine, or run: sso-plugin login --profile dev --flow device\n"
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


def test_a_device_login_names_any_browser_instead(world: World, tmp_path: Path) -> None:
    """It is a device login already."""
    browser = Browser(tmp_path, status=3)
    with Terminal("login", "--flow", "device", BROWSER=f"{browser.path} %s") as terminal:
        code = terminal.read_until(r"approve the code (\w{4}-\w{4})")[1]
        terminal.read_until(
            "sso-plugin: No browser could be started. Open the page above in any browser.\n"
        )
        world.emulator.approve(code, "alice")
        assert terminal.finish() == 0


@pytest.mark.parametrize("way", ["{} %s", "{}"])
def test_a_login_does_not_wait_for_the_browser_to_be_closed(
    world: World, tmp_path: Path, way: str
) -> None:
    """A browser that was not running before stays in the foreground."""
    browser = Browser(tmp_path, emulator=world.emulator.url, stays=600)
    try:
        done = run("login", "--flow", "browser", BROWSER=way.format(browser.path))
        assert done.returncode == 0, done.stderr
    finally:
        for note in browser.notes[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(note["pid"], signal.SIGKILL)
