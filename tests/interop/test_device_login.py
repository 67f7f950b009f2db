"""A device login: the command in a terminal, the page in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from interop import token_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from interop.login_command import LoginCommand
    from interop.webdriver import Browser
    from world import World

LOGGED_IN = (0, "Logged in.")
APPROVE, DENY = "button[value=approve]", "button[value=deny]"
CODE, USER = "#user_code", "#user"


@pytest.fixture
def login(start_login: Callable[..., LoginCommand]) -> LoginCommand:
    """Return a login that waits for the approval of its code."""
    return start_login("--flow", "device")


def test_a_user_approves(world: World, browser: Browser, login: LoginCommand) -> None:
    """The page shows the code of the terminal. After one click the token file is written."""
    browser.open(login.page)
    assert browser.value(CODE) == login.code
    browser.click(APPROVE)

    browser.expect("h1", "Approved")
    assert login.finish() == LOGGED_IN
    assert world.token_file().exists()


def test_a_user_is_chosen(world: World, browser: Browser, login: LoginCommand) -> None:
    """The token belongs to the chosen user."""
    browser.open(login.page)
    browser.choose(USER, "bob")
    browser.click(APPROVE)
    browser.expect("h1", "Approved")

    assert login.finish() == LOGGED_IN
    assert token_file.owner(world) == "bob"


def test_a_user_denies(world: World, browser: Browser, login: LoginCommand) -> None:
    """The command reports it and fails. There is no token."""
    browser.open(login.page)
    browser.click(DENY)

    browser.expect("h1", "Denied")
    status, message = login.finish()
    assert status == 1
    assert "it was denied in the browser" in message
    assert not world.token_file().exists()


def test_a_user_types_the_code(world: World, browser: Browser, login: LoginCommand) -> None:
    """In lower case, without the hyphen, and with the enter key."""
    browser.open(f"{world.emulator.url}/")
    browser.type(CODE, login.code.lower().replace("-", "") + "\n")

    browser.expect("[role=status]", f"Approved: {login.code}. You can close this page.")
    assert login.finish() == LOGGED_IN


def test_a_wrong_code_can_be_corrected(browser: Browser, login: LoginCommand) -> None:
    """The page reports the problem and keeps the input. The login keeps waiting."""
    browser.open(login.page)
    browser.clear(CODE)
    browser.type(CODE, "WRNG-CODE")
    browser.click(APPROVE)
    browser.expect("[role=alert]", "This code is unknown.")
    assert browser.value(CODE) == "WRNG-CODE"

    browser.clear(CODE)
    browser.type(CODE, login.code)
    browser.click(APPROVE)
    browser.expect("h1", "Approved")
    assert login.finish() == LOGGED_IN


def test_an_empty_form_is_not_sent(world: World, browser: Browser) -> None:
    """The browser requires the code, so the first click sends nothing."""
    browser.open(f"{world.emulator.url}/device")
    browser.click(APPROVE)
    browser.type(CODE, "nonsense")
    browser.click(APPROVE)

    browser.expect("[role=alert]", "This code is unknown.")
    assert world.count("DeviceDecision") == 1


@pytest.mark.parametrize("again", ["reload", "back"])
def test_a_code_can_be_decided_once(
    world: World, browser: Browser, login: LoginCommand, again: str
) -> None:
    """Reloading the page, or denying afterwards, changes nothing. The page reports it."""
    browser.open(login.page)
    browser.click(APPROVE)
    browser.expect("h1", "Approved")
    if again == "reload":
        browser.reload()
    else:
        browser.back()
        browser.click(DENY)

    browser.expect("[role=alert]", "This code has already been used.")
    assert login.finish() == LOGGED_IN
    assert world.count("DeviceDecision") == 2


def test_every_control_has_a_name(world: World, browser: Browser) -> None:
    """The accessible name, for screen readers."""
    browser.open(f"{world.emulator.url}/device")
    names = [browser.name_for_screen_readers(control) for control in (CODE, USER, APPROVE, DENY)]
    assert names == ["Code", "Sign in as", "Approve", "Deny"]
