"""Fixtures of the tests with other programs: a browser, a login that waits, Node.js."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from interop.login_command import LoginCommand
from interop.webdriver import Browser, BrowserMissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world import World

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def node() -> str:
    """Return the path of Node.js; without it these tests fail."""
    program = shutil.which("node")
    if program is None or not (HERE / "node_modules").is_dir():
        pytest.fail(
            "These tests need Node.js and what npm installs: run `make interop`.", pytrace=False
        )
    return program


@pytest.fixture(scope="session")
def aws_cli() -> str:
    """Return the path of version 2 of the AWS CLI; without it these tests fail."""
    for path in (shutil.which("aws"), "/usr/bin/aws"):
        if path and Path(path).exists():
            command = [path, "--version"]
            if "aws-cli/2." in subprocess.check_output(command, text=True, timeout=60):
                return path
    pytest.fail("These tests need version 2 of the AWS CLI: run `make interop`.", pytrace=False)


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
