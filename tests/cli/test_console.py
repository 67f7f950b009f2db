"""``sso-plugin console``: the browser, or the link."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pages import open_page

from sso_plugin.cli import main
from sso_plugin.web.capabilities import Capabilities

if TYPE_CHECKING:
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
