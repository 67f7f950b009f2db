"""Processes wait for the lock of a token: how long, and what ends the wait."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from caches import token_cache
from scenario import log_in, user
from sealed import PLAIN_AND_SEALED
from world import start, wait_until

from sso_plugin import PortalError
from sso_plugin.credentials import token_source
from sso_plugin.storage import waiting

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

PAST = "2020-01-01T00:00:00Z"

pytestmark = pytest.mark.usefixtures("enabled")

STOPS_ONCE = """
import os, signal, sys
from pathlib import Path
import boto3, sso_plugin
from sso_plugin.portal.client import Portal
from sso_plugin.storage import cache
sso_plugin.enable()
cache.LOCK_TIMEOUT = float(sys.argv[2])
real = Portal.create_token
def stopped(*args, **kwargs):
    answer = real(*args, **kwargs)
    Path(sys.argv[1]).write_text(str(os.getpid()))
    os.kill(os.getpid(), signal.SIGSTOP)
    return answer
Portal.create_token = stopped
try:
    arn = boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Arn"]
    print(arn.rsplit("/", 1)[1])
except Exception as exc:
    print(exc)
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("world", "timeout", "seconds", "number"),
    [
        ("plain", 1, 2, 3),
        ("sealed", 1, 2, 8),
        ("plain", 30, 15, 8),
        ("plain", 30, 40, 8),
    ],
    indirect=["world"],
)
def test_a_stopped_holder_of_the_lock_causes_no_login(
    world: World, tmp_path: Path, timeout: float, seconds: float, number: int
) -> None:
    """It stops between CreateToken and the write. No other process sends the refresh token."""
    world.emulator.settings.refresh_tokens = "rotate-strict"
    world.sign_in(expiresAt=PAST)
    stopped = tmp_path / "stopped"
    processes = [start(STOPS_ONCE, stopped, timeout) for _ in range(number)]
    wait_until(lambda: stopped.exists() and stopped.read_text(), 120)
    # Longer than other locks are waited for: this one is not skipped.
    time.sleep(seconds)
    os.kill(int(stopped.read_text()), signal.SIGCONT)
    printed = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert printed == ["alice"] * len(processes)
    assert world.count("CreateToken") == 1


@pytest.mark.long
def test_a_lock_that_another_process_keeps_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error can be retried, and names the lock, its holder and a command. It is no outage."""
    monkeypatch.setattr(token_source, "RENEWAL_LOCK_TIMEOUT", 0.3)
    world.sign_in(expiresAt=PAST)
    key = world.token_file().stem
    with token_cache().locked(key):
        with pytest.raises(PortalError) as caught:
            user()
        lock = world.token_file().with_suffix(".lock")
        assert str(caught.value) == (
            f'The profile "dev" cannot renew its access token: another process still holds {lock} '
            f"(process {os.getpid()}). Try again later, stop that process, or run: "
            "sso-plugin login --profile dev --force"
        )
        assert caught.value.retryable
        assert world.count("CreateToken") == 0
        # The command in the message does not wait for the lock.
        log_in(world, "alice")
        assert user() == "alice"
    assert not list((world.home / ".aws/sso-plugin").glob("outage-*.json"))


@PLAIN_AND_SEALED
def test_a_login_ends_the_wait_for_the_lock(world: World) -> None:
    """Although another process still holds it."""
    world.sign_in(expiresAt=PAST)
    users: list[str] = []
    thread = threading.Thread(target=lambda: users.append(user()))
    with token_cache().locked(world.token_file().stem):
        thread.start()
        wait_until(lambda: waiting.is_waiting(thread))
        log_in(world, "alice")
        thread.join(60)
        assert users == ["alice"]


@pytest.mark.long
def test_ctrl_c_ends_the_wait_for_a_lock(world: World) -> None:
    """At once."""
    world.sign_in(expiresAt=PAST)
    script = """
import threading, time
import boto3, sso_plugin
from sso_plugin.storage import waiting
sso_plugin.enable()
def report():
    while not waiting.is_waiting(threading.main_thread()):
        time.sleep(0.01)
    print("waiting", flush=True)
threading.Thread(target=report, daemon=True).start()
credentials = boto3.Session(profile_name="dev").get_credentials()
try:
    credentials.get_frozen_credentials()
except KeyboardInterrupt:
    print("interrupted")
"""
    with token_cache().locked(world.token_file().stem):
        process = start(script)
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[0] == "interrupted\n"
    assert world.count("CreateToken") == 0


@pytest.mark.long
def test_without_a_folder_for_locks_a_token_is_renewed_as_on_stock(world: World) -> None:
    """It is not the same as a lock that another process holds."""
    world.sign_in(expiresAt=PAST)
    done = world.run("""
from sso_plugin.storage.folder import OpenFolder
def no(*_, **__): raise PermissionError(13, 'Permission denied')
OpenFolder.following = no
import boto3, sso_plugin
sso_plugin.enable()
sts = boto3.Session(profile_name="dev").client("sts")
print(sts.get_caller_identity()["Arn"].rsplit("/", 1)[1])
""")
    assert done.stdout == "alice\n"
    # The warning is about the new token, which other processes cannot read.
    [line] = done.stderr.splitlines()
    assert "memory of this process only" in line
    assert world.count("CreateToken") == 1


def make_both_due(world: World) -> None:
    """Make the token expired, and role credentials due for a renewal in the background."""
    world.sign_in()
    user()
    world.change_token(expiresAt=PAST)
    world.make_credentials_due()


@pytest.mark.long
def test_the_end_of_a_script_does_not_wait_for_a_lock(world: World) -> None:
    """A renewal in the background that waits for a lock has sent no request yet."""
    make_both_due(world)
    script = """
import boto3, sso_plugin, time
from sso_plugin.credentials import background; from sso_plugin.storage import waiting
sso_plugin.enable()
boto3.Session(profile_name="dev").get_credentials().get_frozen_credentials()
[instance] = background._instances
while not (instance._thread and waiting.is_waiting(instance._thread)):
    time.sleep(0.01)
wait = background.wait
background.wait = lambda futures, seconds: print("waited") or wait(futures, seconds)
"""
    with token_cache().locked(world.token_file().stem):
        done = world.run(script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


ENDING = """
import atexit, sys, threading, time
from pathlib import Path
import boto3, sso_plugin
from sso_plugin.credentials import background; from sso_plugin.storage import waiting
sso_plugin.enable()
ending, released = map(Path, sys.argv[1:])
def last():  # runs after the hook of sso_plugin, which is registered later
    ending.touch()
    while not released.exists():
        time.sleep(0.01)
    for thread in threading.enumerate():
        if thread.name == "sso-plugin-renewal":
            thread.join()
atexit.register(last)
boto3.Session(profile_name="dev").get_credentials().get_frozen_credentials()
# The end of a script waits three seconds for a renewal that does not wait for the lock yet.
[instance] = background._instances
while not (instance._thread and waiting.is_waiting(instance._thread)):
    time.sleep(0.01)
"""


@PLAIN_AND_SEALED
@pytest.mark.long
def test_a_renewal_that_outlasts_its_script_sends_no_refresh_token(
    world: World, tmp_path: Path
) -> None:
    """The process may end before it writes the new one."""
    make_both_due(world)
    ending, released = tmp_path / "ending", tmp_path / "released"
    command = [sys.executable, "-c", ENDING, str(ending), str(released)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as script:
        with token_cache().locked(world.token_file().stem):
            wait_until(ending.exists)
        released.touch()
        assert script.communicate(timeout=60)[1] == ""
    assert (script.returncode, world.count("CreateToken")) == (0, 0)
    for file in world.role_files():
        file.unlink()
    assert (user(), world.count("CreateToken")) == ("alice", 1)
