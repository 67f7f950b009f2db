"""The warning before a login ends: once per process in the log, once for all by the command."""

from __future__ import annotations

import json
import shlex
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from quick_login import login
from renewal import wait_for_background
from roles import key_of
from tokens import source_of
from world import start, wait_until

import sso_plugin
from sso_plugin.credentials.background import Background
from sso_plugin.credentials.token_file import TokenFile
from sso_plugin.timestamps import format_timestamp, parse_timestamp, utc_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from world import World

    from sso_plugin import LoginNeeded

HOUR = 3600.0


def within(hours: float) -> str:
    return format_timestamp(time.time() + hours * HOUR)


def set_options(world: World, *lines: str) -> None:
    """Add keys to the sso-session, which is the first section."""
    first, blank, rest = world.emulator.profile().partition("\n\n")
    world.configure("\n".join((first, *lines)) + blank + rest)


def fetch(world: World) -> None:
    """Fetch role credentials as a program does that has none in its cache."""
    for file in world.role_files():
        file.unlink()
    key_of()
    wait_for_background()


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


@pytest.fixture
def events() -> Iterator[list[LoginNeeded]]:
    """Return what the callback of a program gets."""
    found: list[LoginNeeded] = []
    remove = sso_plugin.on_login_needed(found.append)
    yield found
    remove()


def test_one_warning_in_a_long_run(
    world: World, caplog: pytest.LogCaptureFixture, events: list[LoginNeeded]
) -> None:
    """The token is renewed meanwhile, and the registration of its client ends soon."""
    ends = within(1)
    world.sign_in(registrationExpiresAt=ends, expiresAt="2020-01-01T00:00:00Z")
    world.emulator.settings.access_token = 60
    for _ in range(3):
        fetch(world)
        world.age_token(HOUR)
    assert world.count("CreateToken") == 3
    until = utc_time(parse_timestamp(ends))
    assert warnings(caplog) == [
        f'The profile "dev" needs a login soon: its login ends at {until}. '
        "Run: sso-plugin login --profile dev --force"
    ]
    [event] = events
    assert (event.kind, event.profile_name, event.user_code) == ("ending", "dev", None)
    assert format_timestamp(event.deadline or 0) == ends


def test_a_login_that_ends_later_is_not_announced(
    world: World, caplog: pytest.LogCaptureFixture, events: list[LoginNeeded]
) -> None:
    """Nor is the end of a token that is renewed."""
    world.sign_in(registrationExpiresAt=within(2.2), expiresAt=within(0.5))
    fetch(world)
    assert (warnings(caplog), events) == ([], [])


@pytest.mark.parametrize(("before", "is_announced"), [("0", False), ("5m", False), ("4h", True)])
def test_the_time_can_be_set(
    world: World, caplog: pytest.LogCaptureFixture, before: str, *, is_announced: bool
) -> None:
    """0 turns it off."""
    set_options(world, f"sso_warn_before = {before}")
    world.sign_in(registrationExpiresAt=within(3), expiresAt=within(1))
    fetch(world)
    assert bool(warnings(caplog)) == is_announced


def test_a_token_of_a_legacy_profile_cannot_be_renewed(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Its login ends with the token."""
    world.configure(world.emulator.profile(legacy=True))
    ends = within(1)
    world.sign_in(name=world.emulator.start_url, expiresAt=ends, refreshToken=None)
    fetch(world)
    assert [utc_time(parse_timestamp(ends)) in warning for warning in warnings(caplog)] == [True]


@pytest.mark.parametrize(("hours", "is_announced"), [(11, True), (13, False)])
def test_credentials_that_outlast_the_login_are_announced_at_once(
    world: World, caplog: pytest.LogCaptureFixture, hours: float, *, is_announced: bool
) -> None:
    """The program does not look at the token again before it needs the next ones."""
    world.emulator.settings.role_credentials = 12 * HOUR
    world.sign_in(registrationExpiresAt=within(hours))
    fetch(world)
    assert bool(warnings(caplog)) == is_announced


def test_a_bearer_token_is_announced(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Also if there are no role credentials."""
    world.sign_in(refreshToken=None, expiresAt=within(1))
    for _ in range(3):
        source_of().fetch()
        wait_for_background()
    assert len(warnings(caplog)) == 1


def test_a_new_login_is_announced_again(
    world: World, caplog: pytest.LogCaptureFixture, events: list[LoginNeeded]
) -> None:
    """It has another end."""
    for _ in range(2):
        world.sign_in(registrationExpiresAt=within(1), expiresAt=within(0.5))
        fetch(world)
    assert (len(warnings(caplog)), len(events)) == (2, 2)


def test_a_new_login_has_a_later_end(world: World) -> None:
    """A registration that ends soon is not used again."""
    world.emulator.settings.registration = 20 * HOUR

    def log_in() -> str:
        approve = world.emulator.approve
        show = lambda prompt: approve(str(prompt.user_code))  # noqa: E731
        login("dev", flow="device", force=True, show=show, open_browser=None)
        return str(json.loads(world.token_file().read_text())["registrationExpiresAt"])

    first = log_in()
    world.emulator.settings.registration = 90 * 24 * HOUR
    assert log_in() > first


NOTIFY = """
import os, sys
open(f"{sys.argv[1]}/{os.getpid()}", "w").write(os.environ["SSO_PLUGIN_MESSAGE"])
"""

USING = """
import logging, sys
import boto3, sso_plugin
logging.basicConfig(stream=sys.stdout, format="%(message)s")
sso_plugin.enable()
session = boto3.Session(profile_name="dev")
session.get_credentials().get_frozen_credentials()
from sso_plugin.credentials import background
for each in list(background._instances):
    each.wait(60)
"""
"""A program that runs a little longer: one that ends does not wait for a lock."""


@pytest.mark.long
def test_many_processes_send_one_notification(world: World, tmp_path: Path) -> None:
    """Each has the warning in its own log."""
    sent = tmp_path / "sent"
    sent.mkdir()
    program = tmp_path / "notify.py"
    program.write_text(NOTIFY)
    command = shlex.join([sys.executable, str(program), str(sent)])
    # One with credentials in its cache does not look at the token.
    set_options(world, "sso_cache = memory", f"sso_notify = {command}")
    world.sign_in(registrationExpiresAt=within(1), expiresAt=within(0.5))
    processes = [start(USING) for _ in range(5)]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert ["needs a login soon" in output for output in outputs] == [True] * 5, outputs
    wait_until(lambda: list(sent.iterdir()))
    [file] = sent.iterdir()
    wait_until(lambda: file.read_text().startswith('The profile "dev" needs a login soon: '))


def test_a_slow_callback_delays_no_call(world: World) -> None:
    """It is called in the background, where no lock is held."""
    go_on, called = threading.Event(), threading.Event()

    def wait(_: LoginNeeded) -> None:
        called.set()
        assert go_on.wait(60)

    remove = sso_plugin.on_login_needed(wait)
    try:
        world.sign_in(registrationExpiresAt=within(1), expiresAt=within(0.5))
        key_of()
        assert called.wait(60)
        for file in world.role_files():
            file.unlink()
        key_of()
    finally:
        go_on.set()
        remove()
    wait_for_background()


def fail(*_: object, **__: object) -> None:
    raise OSError("disk")


def start_no_thread(_: Background) -> None:
    return None


@pytest.mark.parametrize(
    ("target", "name", "replacement"),
    [(TokenFile, "origin_of", fail), (Background, "start", start_no_thread)],
)
def test_a_failure_breaks_no_call(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    target: type,
    name: str,
    replacement: Callable[..., object],
) -> None:
    """The login has not ended yet."""
    world.sign_in(refreshToken=None, expiresAt=within(1))
    monkeypatch.setattr(target, name, replacement)
    source_of().fetch()
    wait_for_background()
    assert warnings(caplog) == []


def test_a_token_that_was_replaced_meanwhile_is_not_announced(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A person has just logged in."""
    world.sign_in(refreshToken=None, expiresAt=within(1))
    source = source_of()
    token = source.file.load()
    assert token is not None
    world.sign_in()
    source.warn_before_end(token)
    wait_for_background()
    assert warnings(caplog) == []
