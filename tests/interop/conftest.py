"""Fixtures of the tests with a browser: the browser, and a login that waits for approval."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import pytest
from interop.login_command import LoginCommand
from interop.webdriver import Browser, BrowserMissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world import World


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return a browser; without one these tests fail."""
    try:
        browser = Browser(tmp_path_factory.mktemp("browser"))
    except BrowserMissingError:
        pytest.fail(
            "These tests need Chromium and chromedriver: run `make interop`.", pytrace=False
        )
    with browser:
        yield browser


@pytest.fixture
def start_login(world: World) -> Iterator[Callable[..., LoginCommand]]:
    """Return a function that starts ``sso-plugin login``; it is killed after the test."""
    world.emulator.settings.poll_interval = 1
    with ExitStack() as stack:
        yield partial(LoginCommand.start, stack)
