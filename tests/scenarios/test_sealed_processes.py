"""Many processes and threads with sealed files: one key, one request, whole documents."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from caches import KEY
from issued import exposed
from scenario import log_in
from sealed import PAST, configure, expire, key_id, own_folder, token_file, users
from waiting_jobs import Job, Notifications

if TYPE_CHECKING:
    from issued import Issued
    from world import World

pytestmark = [pytest.mark.usefixtures("enabled"), pytest.mark.long]

HELPERS = Path(__file__).parents[1] / "helpers"


def keys_in_use(world: World) -> set[str]:
    """Return the ids of the keys that sealed the files of a home."""
    return {key_id(file) for file in (own_folder(world) / "sealed").rglob("*.json")}


def keys_in(file: Path) -> list[str]:
    lines = file.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("number", [20])
def test_processes_create_one_key_and_share_one_renewal(
    sealed: World, issued: Issued, number: int
) -> None:
    """The process that renews a plain login seals it. Its refresh token works once."""
    sealed.emulator.settings.refresh_tokens = "rotate-strict"
    key_file = sealed.home / "key"
    configure(sealed, sso_key=f"file:{key_file}")
    sealed.sign_in(expiresAt=PAST)
    assert users(number) == ["alice"] * number
    assert (sealed.count("CreateToken"), sealed.count("GetRoleCredentials")) == (1, 1)
    assert len(keys_in(key_file)) == len(keys_in_use(sealed)) == 1
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert exposed(sealed.home, issued) == []


def test_jobs_that_wait_create_one_key(sealed: World, issued: Issued) -> None:
    """Before the first login: the key seals the code that they share."""
    key_file = sealed.home / "key"
    notifications = Notifications(sealed.home)
    configure(sealed, sso_key="file:~/key", sso_login="wait", sso_notify=notifications.command)
    jobs = [Job().call() for _ in range(6)]
    sealed.emulator.approve(notifications.wait()["USER_CODE"], "alice")
    assert [job.result().rpartition("/")[2] for job in jobs] == ["alice"] * 6
    for job in jobs:
        job.end()
    assert (len(keys_in(key_file)), len(keys_in_use(sealed))) == (1, 1)
    assert sealed.count("StartDeviceAuthorization") == 1
    assert exposed(sealed.home, issued) == []


def test_threads_of_several_processes_share_requests(sealed: World) -> None:
    """Each with its own session; token and roles are sealed."""
    sealed.emulator.settings.refresh_tokens = "rotate-strict"
    log_in(sealed, "alice")
    expire(sealed)
    sealed.emulator.requests.clear()
    assert users(4, threads=4) == ["alice"] * 16
    assert (sealed.count("CreateToken"), sealed.count("GetRoleCredentials")) == (1, 1)


def test_warm_processes_send_no_request(sealed: World) -> None:
    """They open the sealed credentials that one process has fetched."""
    log_in(sealed, "alice")
    users(1)
    sealed.emulator.requests.clear()
    assert users(10) == ["alice"] * 10
    assert (sealed.count("CreateToken"), sealed.count("GetRoleCredentials")) == (0, 0)


FORK = """
import os, threading
import boto3, sso_plugin
sso_plugin.enable()
session = boto3.Session(profile_name="dev")
def call(used=None):
    sts = (used or boto3.Session(profile_name="dev")).client("sts")
    return sts.get_caller_identity()["Arn"].rpartition("/")[2]
call(session)
threads = [threading.Thread(target=call) for _ in range(3)]
for each in threads:
    each.start()
children = []
for number in range(4):
    child = os.fork()
    if child == 0:
        os.write(1, (call(session if number % 2 else None) + "\\n").encode())
        os._exit(0)
    children.append(child)
for each in threads:
    each.join()
codes = [os.waitpid(child, 0)[1] for child in children]
os.write(1, f"{codes} {call()}\\n".encode())
"""


def test_a_fork_beside_threads_opens_sealed_files(sealed: World) -> None:
    """No lock of the parent's threads is held in the child."""
    log_in(sealed, "alice")
    done = sealed.run(f"import warnings; warnings.simplefilter('ignore'){FORK}")
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["alice"] * 4 + ["[0, 0, 0, 0] alice"]
    assert sealed.count("GetRoleCredentials") == 1


@pytest.mark.parametrize("kills", [150])
def test_a_killed_process_never_leaves_half_a_sealed_file(tmp_path: Path, kills: int) -> None:
    """SIGKILL at random moments: readers open the old or the new document."""
    process = subprocess.run(
        [sys.executable, HELPERS / "kill.py", tmp_path, str(kills), "1", "sealed"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "SSO_PLUGIN_KEY": KEY},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    expected = f"{kills} kills, {3 * kills} reads, all documents whole\n"
    assert (process.stdout, process.stderr) == (expected, "")


KILLED_AT_ANY_TIME = """
import os, random, signal, sys, threading, time
import boto3, sso_plugin
sso_plugin.enable()
delay = float(sys.argv[1])
session = boto3.Session(profile_name="dev")
session.client("sts")
timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGKILL))
timer.daemon = True
timer.start()
session.get_credentials().get_frozen_credentials()
"""


def test_processes_that_are_killed_leave_nothing_in_clear_text(
    sealed: World, issued: Issued
) -> None:
    """During the move to sealed files. The refresh token can be used again here."""
    sealed.sign_in(expiresAt=PAST)
    for step in range(5):
        process = subprocess.run(
            [sys.executable, "-c", KILLED_AT_ANY_TIME, str(0.01 + step * 0.03)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
            timeout=60,
        )
        assert process.returncode in (0, -9)
    assert users(2) == ["alice"] * 2
    assert token_file(sealed).exists()
    assert exposed(sealed.home, issued) == []
