"""A browser login in a real browser: consent, and the redirect to our page."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from interop import token_file
from interop.webdriver import WebDriverError

if TYPE_CHECKING:
    from collections.abc import Callable

    from interop.login_command import LoginCommand
    from interop.webdriver import Browser
    from world import World

LOGGED_IN = (0, "Logged in.")
APPROVE, DENY, USER = "button[value=approve]", "button[value=deny]", "#user"
MESSAGE = "p"


@pytest.fixture
def login(start_login: Callable[..., LoginCommand]) -> LoginCommand:
    """Return a login that waits for the redirect."""
    return start_login("--flow", "browser")


def approve(browser: Browser, login: LoginCommand) -> None:
    browser.open(login.page)
    browser.click(APPROVE)
    browser.expect(MESSAGE, 'You approved the login for the profile "dev". You can close this tab.')


def test_a_user_approves(world: World, browser: Browser, login: LoginCommand) -> None:
    """The browser is redirected to our page, and the token file is written."""
    approve(browser, login)

    assert browser.address.startswith(f"{login.callback}?code=")
    assert login.finish() == LOGGED_IN
    assert token_file.read(world)["accessToken"]
    assert token_file.read(world)["refreshToken"]


def test_a_user_is_chosen(world: World, browser: Browser, login: LoginCommand) -> None:
    """The token belongs to the chosen user."""
    browser.open(login.page)
    browser.choose(USER, "bob")
    browser.click(APPROVE)

    assert login.finish() == LOGGED_IN
    assert token_file.owner(world) == "bob"


def test_a_user_denies(world: World, browser: Browser, login: LoginCommand) -> None:
    """The page and the command report it. The command fails, and there is no token."""
    browser.open(login.page)
    browser.click(DENY)

    browser.expect(
        MESSAGE, 'The login for the profile "dev" was not approved. You can close this tab.'
    )
    status, message = login.finish()
    assert status == 1
    assert "it was denied in the browser" in message
    assert not world.token_file().exists()
    assert world.count("CreateToken") == 0


@pytest.mark.parametrize("again", ["reload", "back"])
def test_the_response_is_used_once(
    world: World, browser: Browser, login: LoginCommand, again: str
) -> None:
    """Reloading our page, or a second consent, changes nothing.

    The command may have ended by then, so an error of the browser is ignored.
    """
    approve(browser, login)
    with suppress(WebDriverError):
        if again == "reload":
            browser.reload()
        else:
            browser.back()
            browser.click(APPROVE)

    assert login.finish() == LOGGED_IN
    assert world.count("CreateToken") == 1
    assert token_file.owner(world) == "alice"


def test_a_second_login_needs_a_second_consent(
    world: World,
    browser: Browser,
    login: LoginCommand,
    start_login: Callable[..., LoginCommand],
) -> None:
    """Its token replaces the first one."""
    approve(browser, login)
    assert login.finish() == LOGGED_IN
    first = token_file.read(world)

    second = start_login("--flow", "browser", "--force")
    approve(browser, second)

    assert second.finish() == LOGGED_IN
    assert token_file.read(world)["accessToken"] != first["accessToken"]
    assert world.count("RegisterClient") == 1


@pytest.mark.parametrize("state", ["&state=guessed", "&state=", ""])
def test_a_forged_response_is_ignored(
    world: World, browser: Browser, login: LoginCommand, state: str
) -> None:
    """An attacker cannot log you in as another user by a link. The login keeps waiting."""
    forged = f"{login.callback}?code=forged{state}"
    ignored = "This response does not belong to the current login. It was ignored."
    browser.open(forged)
    browser.expect(MESSAGE, ignored)
    browser.reload()
    browser.expect(MESSAGE, ignored)
    assert world.count("CreateToken") == 0

    approve(browser, login)
    assert login.finish() == LOGGED_IN


def test_a_response_for_another_login_is_ignored(
    world: World,
    browser: Browser,
    login: LoginCommand,
    start_login: Callable[..., LoginCommand],
) -> None:
    """Two logins wait at once. The code for one of them is not valid for the other."""
    other = start_login("--flow", "browser")
    granted = urlsplit(world.emulator.authorize(other.page, "bob")).query
    assert parse_qs(granted)["code"]
    browser.open(f"{login.callback}?{granted}")
    browser.expect(MESSAGE, "This response does not belong to the current login. It was ignored.")

    approve(browser, login)
    assert login.finish() == LOGGED_IN
    assert token_file.owner(world) == "alice"


def test_other_addresses_show_nothing(browser: Browser, login: LoginCommand) -> None:
    """A browser requests icons by itself. The login keeps waiting."""
    browser.open(login.callback.replace("/oauth/callback", "/favicon.ico"))
    browser.expect(MESSAGE, "This page does not exist.")

    approve(browser, login)
    assert login.finish() == LOGGED_IN


@pytest.mark.parametrize("width", [320, 1280])
def test_the_pages_fit_the_window(browser: Browser, login: LoginCommand, width: int) -> None:
    """On a phone and on a desktop, without scrolling sideways."""
    with browser.screen(width):
        browser.open(login.page)
        assert browser.page_width() == width
        approve(browser, login)
        assert browser.page_width() == width
    assert login.finish() == LOGGED_IN
