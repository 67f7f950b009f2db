"""A browser login as a person does it: consent in a real browser, which then comes back to us."""

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
SAID = "p"


@pytest.fixture
def login(start_login: Callable[..., LoginCommand]) -> LoginCommand:
    """Give a login that waits for the browser to come back."""
    return start_login("--flow", "browser")


def approve(browser: Browser, login: LoginCommand) -> None:
    browser.open(login.page)
    browser.click(APPROVE)
    browser.expect(SAID, "Approved. You can close this window and go back to the terminal.")


def test_a_person_approves(world: World, browser: Browser, login: LoginCommand) -> None:
    """The consent leads back to our own page, and the token file is there."""
    approve(browser, login)

    assert browser.address.startswith(f"{login.callback}?code=")
    assert login.finish() == LOGGED_IN
    assert token_file.read(world)["accessToken"]
    assert token_file.read(world)["refreshToken"]


def test_a_person_chooses_who_they_are(world: World, browser: Browser, login: LoginCommand) -> None:
    """The token is that of the chosen user."""
    browser.open(login.page)
    browser.choose(USER, "bob")
    browser.click(APPROVE)

    assert login.finish() == LOGGED_IN
    assert token_file.owner(world) == "bob"


def test_a_person_denies(world: World, browser: Browser, login: LoginCommand) -> None:
    """The page says so, and the command, which fails; there is no token."""
    browser.open(login.page)
    browser.click(DENY)

    browser.expect(SAID, "The login was not approved. You can close this window.")
    status, said = login.finish()
    assert status == 1
    assert "it was denied in the browser" in said
    assert not world.token_file().exists()
    assert world.count("CreateToken") == 0


@pytest.mark.parametrize("again", ["reload", "back"])
def test_the_answer_is_taken_once(
    world: World, browser: Browser, login: LoginCommand, again: str
) -> None:
    """Whoever reloads our page, or goes back and consents once more, changes nothing.

    By then there may be nobody any more to take the answer: what the browser makes of that
    is its own affair.
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


def test_the_next_login_asks_again(
    world: World,
    browser: Browser,
    login: LoginCommand,
    start_login: Callable[..., LoginCommand],
) -> None:
    """A second consent after the first is as good, and its token takes the place of the other."""
    approve(browser, login)
    assert login.finish() == LOGGED_IN
    first = token_file.read(world)

    second = start_login("--flow", "browser", "--force")
    approve(browser, second)

    assert second.finish() == LOGGED_IN
    assert token_file.read(world)["accessToken"] != first["accessToken"]
    assert world.count("RegisterClient") == 1


@pytest.mark.parametrize("state", ["&state=guessed", "&state=", ""])
def test_a_made_up_answer_is_ignored(
    world: World, browser: Browser, login: LoginCommand, state: str
) -> None:
    """Nobody can log a person in as somebody else by an address; the login goes on waiting."""
    made_up = f"{login.callback}?code=made-up{state}"
    ignored = "This answer does not belong to the login that is waiting. It was ignored."
    browser.open(made_up)
    browser.expect(SAID, ignored)
    browser.reload()
    browser.expect(SAID, ignored)
    assert world.count("CreateToken") == 0

    approve(browser, login)
    assert login.finish() == LOGGED_IN


def test_an_answer_of_another_login_is_ignored(
    world: World,
    browser: Browser,
    login: LoginCommand,
    start_login: Callable[..., LoginCommand],
) -> None:
    """Two logins wait at once: a code that was made out to the one is no good to the other."""
    other = start_login("--flow", "browser")
    granted = urlsplit(world.emulator.authorize(other.page, "bob")).query
    assert parse_qs(granted)["code"]
    browser.open(f"{login.callback}?{granted}")
    browser.expect(
        SAID, "This answer does not belong to the login that is waiting. It was ignored."
    )

    approve(browser, login)
    assert login.finish() == LOGGED_IN
    assert token_file.owner(world) == "alice"


def test_other_addresses_are_empty(browser: Browser, login: LoginCommand) -> None:
    """What a browser asks for by itself, such as an icon, disturbs nothing."""
    browser.open(login.callback.replace("/oauth/callback", "/favicon.ico"))
    browser.expect(SAID, "There is nothing here.")

    approve(browser, login)
    assert login.finish() == LOGGED_IN


@pytest.mark.parametrize("width", [320, 1280])
def test_the_pages_fit_the_window(browser: Browser, login: LoginCommand, width: int) -> None:
    """On a telephone as on a desk, nobody has to scroll sideways or to zoom."""
    with browser.screen(width):
        browser.open(login.page)
        assert browser.page_width() == width
        approve(browser, login)
        assert browser.page_width() == width
    assert login.finish() == LOGGED_IN
