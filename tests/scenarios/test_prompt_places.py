"""Where the prompt of a script is shown: real terminals, and real process groups."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")

from jobs import Ended, run_job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World

pytestmark = pytest.mark.long

SCRIPT = """
import boto3, sso_plugin
sso_plugin.enable()
try:
    print(boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Arn"])
except Exception as exc:
    print(f"{type(exc).__name__}: {exc}")
"""
NEEDS_A_LOGIN = 'The profile "dev" needs a login: it has no access token.'


@pytest.fixture(autouse=True)
def _no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine be one without a browser."""
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    monkeypatch.delenv("BROWSER", raising=False)


@pytest.fixture
def user(world: World) -> Iterator[None]:
    """Approve each code as soon as it is shown."""
    world.emulator.settings.poll_interval = 0
    stop = threading.Event()

    def approve() -> None:
        while not stop.wait(0.05):
            for device in world.emulator.state.devices.pending():
                world.emulator.approve(device.user_code, "alice")

    thread = threading.Thread(target=approve)
    thread.start()
    yield
    stop.set()
    thread.join()


def run(world: World, login: str, **options: object) -> Ended:
    world.configure(world.emulator.profile() + f"sso_login = {login}\n")
    return run_job(world.home, SCRIPT, **options)  # type: ignore[arg-type]


def check_prompt(text: str) -> None:
    """Check that a text has the whole prompt, and the end of the login."""
    assert text.startswith(NEEDS_A_LOGIN)
    assert re.search(r"^and enter the code \w{4}-\w{4}$", text, re.MULTILINE)
    assert text.splitlines()[-1].startswith("Logged in until ")


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("login", ["auto", "device"])
def test_a_job_in_the_foreground_asks_on_the_terminal(world: World, login: str) -> None:
    """On stderr, which is the terminal."""
    ended = run(world, login, foreground=True)
    assert ended.out.endswith("/alice\n")
    check_prompt(ended.screen)


@pytest.mark.usefixtures("user")
def test_auto_asks_on_the_terminal_if_stderr_is_a_file(world: World) -> None:
    """As in ``script 2>log`` or ``script 2>&1 | tee log``."""
    ended = run(world, "auto", foreground=True, stderr="file")
    assert ended.out.endswith("/alice\n")
    check_prompt(ended.screen)
    assert ended.err == ""


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("foreground", [True, False])
def test_device_asks_on_stderr_even_if_it_is_a_file(world: World, *, foreground: bool) -> None:
    """The user has chosen that."""
    ended = run(world, "device", foreground=foreground, stderr="file")
    assert ended.out.endswith("/alice\n")
    check_prompt(ended.err)
    assert ended.screen == ""


@pytest.mark.parametrize("stderr", ["terminal", "file"])
def test_auto_leaves_the_terminal_alone_in_the_background(world: World, stderr: str) -> None:
    """As in ``script &``. The job is not stopped either."""
    ended = run(world, "auto", stderr=stderr)
    assert not ended.was_stopped
    assert (ended.screen, ended.err) == ("", "")
    assert ended.out == (
        f"LoginRequired: {NEEDS_A_LOGIN} sso_login = auto cannot ask for it here: this is a "
        "background job, and no browser because this is an SSH connection. Run: sso-plugin login "
        "--profile dev\n"
    )


@pytest.mark.usefixtures("user")
def test_device_is_not_stopped_in_the_background(world: World) -> None:
    """The terminal stops other background jobs that write to it, by ``stty tostop``."""
    ended = run(world, "device")
    assert not ended.was_stopped
    assert ended.out.endswith("/alice\n")
    check_prompt(ended.screen)


def test_the_terminal_of_these_tests_stops_background_jobs(world: World) -> None:
    """So the tests above show what they claim."""
    assert run_job(world.home, "print('x', file=open('/dev/tty', 'w'))").was_stopped


@pytest.mark.usefixtures("user")
def test_device_asks_where_there_is_no_terminal(world: World) -> None:
    """As in cron, which mails stderr, or in a CI job."""
    ended = run(world, "device", stderr="file", terminal=False)
    assert ended.out.endswith("/alice\n")
    check_prompt(ended.err)


def test_auto_fails_where_there_is_no_terminal(world: World) -> None:
    """No person reads there."""
    ended = run(world, "auto", stderr="file", terminal=False)
    assert "cannot ask for it here: there is no terminal, and no browser because" in ended.out
    assert ended.err == ""


def test_device_waits_no_longer_than_its_code_is_valid(world: World) -> None:
    """The failure is reported where the prompt is, and raised."""
    world.emulator.settings.poll_interval = 1
    world.emulator.settings.device_code = 2
    ended = run(world, "device", stderr="file", terminal=False)
    assert ended.out == (
        'LoginFailed: The profile "dev" was not logged in: it was not approved in time. Run: '
        "sso-plugin login --profile dev\n"
    )
    assert ended.err.splitlines()[-1] == "The login failed: it was not approved in time."


@pytest.mark.parametrize("login", ["device", "browser"])
def test_a_prompt_needs_a_stderr(world: World, login: str) -> None:
    """As with ``2>&-``, where nothing can be shown."""
    ended = run(world, login, stderr="closed", terminal=False)
    assert ended.out == (
        f"LoginRequired: {NEEDS_A_LOGIN} sso_login = {login} cannot ask for it here: there is no "
        "standard error. Run: sso-plugin login --profile dev\n"
    )
