"""A portal that wants something else to be opened than a page of Identity Center."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from browsers import Browser
from hostile import DEVICE, HostilePortal
from quicklogin import login

from sso_plugin.printable import one_line
from sso_plugin.web.capabilities import Capabilities

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world import World

    from sso_plugin import LoginPrompt


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """Set BROWSER to a real program."""
    browser = Browser(tmp_path)
    monkeypatch.setenv("BROWSER", f"{browser.path} %s")
    monkeypatch.setattr("webbrowser._tryorder", None)  # it reads the variable only once
    return browser


HERE, ELSEWHERE = None, "this is an SSH connection"


@contextlib.contextmanager
def lying(
    world: World, monkeypatch: pytest.MonkeyPatch, url: str, place: str | None
) -> Iterator[str]:
    """Have the portal name that page, and the person be at that place; give the portal's URL."""
    found = Capabilities(no_browser=place, has_terminal=True, browser_is_set=True)
    monkeypatch.setattr(Capabilities, "detect", classmethod(lambda _: found))
    portal = HostilePortal.before(world, monkeypatch)
    page = url.replace("PORTAL", portal.url)
    lies = {"verificationUriComplete": page, "verificationUri": page}
    portal.change[DEVICE] = lambda answer: {**answer, **lies}
    try:
        yield page
    finally:
        portal.shutdown()
        portal.server_close()


def log_in(world: World) -> LoginPrompt:
    """Log in by a code, which the person approves in a browser of their own choice."""
    prompts: list[LoginPrompt] = []

    def show(prompt: LoginPrompt) -> None:
        prompts.append(prompt)
        world.emulator.approve(str(prompt.user_code), "alice")

    assert login("dev", flow="device", show=show).state == "usable"
    [prompt] = prompts
    return prompt


ATTACKS = [
    "--utility-cmd-prefix=touch /tmp/x",
    "--utility-cmd-prefix=touch",
    "-https://corp.awsapps.com/",
    "file:///etc/passwd",
    "javascript:alert(document.domain)//",
    "\\\\host\\share\\program.exe",
    "smb://host/share",
    "https://evil.example/",
    "https://evil.s3.amazonaws.com/",
    "https://corp.awsapps.com.evil.example/",
    "https://corp.awsapps.com@evil.example/",
    "https://evil.example/\\@corp.awsapps.com/",
    "http://corp.awsapps.com/",
    "http://127.0.0.1:1/",
    "https://[corp.awsapps.com/",
    "https://corp.awsapps.com/\x1b]0;owned\x07\r\n\x9b31m\u202e",
]


@pytest.mark.parametrize("place", [HERE, ELSEWHERE], ids=["here", "elsewhere"])
@pytest.mark.parametrize("url", ATTACKS)
def test_nothing_else_is_opened(
    world: World,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    url: str,
    place: str | None,
) -> None:
    """It is shown, cleaned, with a warning; the login is completed when it is approved."""
    with lying(world, monkeypatch, url, place):
        prompt = log_in(world)
    assert browser.notes == []
    assert prompt.url == one_line(url)
    assert prompt.url.isprintable()
    [warning] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert warning.getMessage().startswith("The page above was not opened: it is not an https")


def test_the_callers_own_way_to_open_is_protected_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be the webbrowser module's."""
    opened: list[str] = []
    with lying(world, monkeypatch, "file:///etc/passwd", HERE):
        login(
            "dev",
            flow="device",
            show=lambda prompt: world.emulator.approve(str(prompt.user_code), "alice"),
            open_browser=opened.append,
        )
    assert opened == []


@pytest.mark.parametrize("place", [HERE, ELSEWHERE], ids=["here", "elsewhere"])
def test_a_page_of_the_endpoint_is_opened(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch, place: str | None
) -> None:
    """By an address on this machine, or as it is where that may be out of reach."""
    with lying(world, monkeypatch, "PORTAL/device", place) as page:
        log_in(world)
    [note] = browser.notes
    assert (note["argv"] == [page]) == (place == ELSEWHERE)


def test_no_shell_gets_an_address_that_it_could_take_apart(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BROWSER may be a command for a shell; beyond an SSH connection it gets the page's address."""
    monkeypatch.setenv("BROWSER", f"sh -c '{browser.path} %s'")
    with lying(world, monkeypatch, "https://corp.awsapps.com/$(touch)&(id);x", ELSEWHERE):
        log_in(world)
    assert browser.notes == []
