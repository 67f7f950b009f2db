"""``sso-plugin console``: the browser, or the link."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from pages import open_page
from world import wait_until

from sso_plugin.cli import main
from sso_plugin.web.capabilities import Capabilities

if TYPE_CHECKING:
    from pathlib import Path

    from world import World


@pytest.fixture(autouse=True)
def _signed_in(world: World) -> None:
    """Sign a user in; the emulator also has the sign-in of the console."""
    world.sign_in()


def set_no_browser(monkeypatch: pytest.MonkeyPatch, no_browser: str | None) -> None:
    monkeypatch.setattr(
        "sso_plugin.cli.console.Capabilities.detect",
        lambda: Capabilities(no_browser=no_browser, has_terminal=False),
    )


def test_print_writes_only_the_link_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another program can read it."""
    set_no_browser(monkeypatch, None)
    assert main(["console", "-p", "dev", "--print", "--destination", "s3", "--duration", "8h"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "AdministratorAccess" in open_page(captured.out.strip())


def test_the_link_is_printed_if_no_browser_can_be_opened(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the reason and a warning."""
    set_no_browser(monkeypatch, "this is an SSH connection")
    assert main(["console", "-p", "dev"]) == 0
    captured = capsys.readouterr()
    assert captured.err == (
        "No browser can be opened: this is an SSH connection. Open this link; treat it like a "
        "password:\n"
    )
    assert "AdministratorAccess" in open_page(captured.out.strip())


@pytest.mark.long
def test_a_browser_is_opened(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The link is not printed."""
    set_no_browser(monkeypatch, None)
    pages: list[str] = []
    # As on a machine without a browser that is installed as a command.
    monkeypatch.setattr("sso_plugin.web.browser._names", list)
    monkeypatch.setattr("webbrowser.open", lambda url: pages.append(open_page(url)))
    assert main(["console", "-p", "dev"]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "Opening the console in the browser ...\n")
    assert "AdministratorAccess" in pages[0]


def test_the_link_is_printed_if_the_browser_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that the user can open it."""
    set_no_browser(monkeypatch, None)
    # As on a machine without a browser that is installed as a command.
    monkeypatch.setattr("sso_plugin.web.browser._names", list)
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    assert main(["console", "-p", "dev"]) == 0
    captured = capsys.readouterr()
    assert (
        "The browser did not open the link. Open this link; treat it like a password:"
        in captured.err
    )
    assert "SigninToken=" in captured.out


@pytest.mark.parametrize("duration", ["14m", "13h", "x", "900x", "-1", "1e3"])
def test_an_invalid_duration_is_a_usage_error(
    duration: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message contains the range."""
    assert main(["console", "-p", "dev", f"--duration={duration}"]) == 2
    assert f'"{duration}" is not a duration from 15m to 12h.' in capsys.readouterr().err


@pytest.mark.parametrize(
    "page", ["https://evil.example/", "https://console.amazonaws.cn/s3/home", "S 3"]
)
def test_a_page_elsewhere_is_a_usage_error(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A foreign host, another partition, and text that is no page."""
    assert main(["console", "-p", "dev", "--destination", page]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("See: sso-plugin console --help\n")


def test_a_portal_link_is_only_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a message: it can be shared."""
    set_no_browser(monkeypatch, None)
    assert main(["console", "-p", "dev", "--portal-link"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "/#/console?account_id=111111111111&role_name=" in captured.out


@pytest.mark.parametrize(
    "other", [["--duration", "1h"], ["--logout-first"], ["--firefox-container"]]
)
def test_a_portal_link_has_no_console_session(
    other: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """So options for one are a usage error."""
    assert main(["console", "-p", "dev", "--portal-link", *other]) == 2
    assert f"--portal-link cannot be combined with {other[0]}." in capsys.readouterr().err


def test_logout_first_goes_on_to_the_sign_in(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both requests are sent by the browser."""
    assert main(["console", "-p", "dev", "--print", "--logout-first"]) == 0
    assert "AdministratorAccess" in open_page(capsys.readouterr().out.strip())
    operations = [each.operation for each in world.emulator.requests.entries()]
    assert operations[-2:] == ["ConsoleLogout", "ConsoleLogin"]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["-p", "dev", "--firefox-container"], "dev"),
        (["-p", "dev", "--firefox-container", "my team"], "my team"),
        (
            ["--account", "staging", "--role", "AdministratorAccess", "--firefox-container"],
            "staging AdministratorAccess",
        ),
    ],
)
def test_firefox_opens_the_link_in_a_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], name: str
) -> None:
    """Its arguments hold no secret: the URL in them is one of this machine, and works once."""
    set_no_browser(monkeypatch, None)
    firefox = tmp_path / "firefox"
    firefox.write_text(FIREFOX.format(python=sys.executable, seen=str(tmp_path / "seen")))
    firefox.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(firefox))
    assert main(["console", *words]) == 0
    wait_until((tmp_path / "seen").exists)
    link, page = (tmp_path / "seen").read_text().splitlines()
    found = dict(part.split("=") for part in link.removeprefix("ext+container:").split("&"))
    assert unquote(found["name"]) == name
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]+", unquote(found["url"]))
    assert "Signed in as" in page


FIREFOX = """#!{python}
import os, sys, urllib.parse, urllib.request
link = sys.argv[-1]
page = urllib.request.urlopen(urllib.parse.unquote(link.partition("url=")[2])).read().decode()
with open({seen!r} + ".new", "w") as file:
    print(link, " ".join(page.split()), sep="\\n", file=file)
os.rename({seen!r} + ".new", {seen!r})
"""


def test_without_firefox_the_link_for_it_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """With the container in it."""
    set_no_browser(monkeypatch, None)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("BROWSER", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert main(["console", "-p", "dev", "--firefox-container"]) == 0
    captured = capsys.readouterr()
    assert "Firefox with a container extension did not open the link." in captured.err
    assert captured.out.startswith("ext+container:name=dev&url=http%3A%2F%2F127.0.0.1")
