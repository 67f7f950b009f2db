"""Processes that need the same credentials at once share one request."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from crowd import crowd
from scenario import user
from sealed import PLAIN_AND_SEALED
from world import start, wait_until

from sso_plugin.storage import cache, waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World

PAST = "2020-01-01T00:00:00Z"

pytestmark = pytest.mark.usefixtures("enabled")
HELPERS = Path(__file__).parents[1] / "helpers"


@PLAIN_AND_SEALED
@pytest.mark.long
@pytest.mark.parametrize("number", [5, pytest.param(20, marks=pytest.mark.long)])
def test_processes_share_one_single_use_refresh_token(world: World, number: int) -> None:
    """All succeed, with one request of each kind. On stock botocore all but one fail."""
    world.emulator.settings.refresh_tokens = "rotate"
    world.sign_in(expiresAt=PAST)
    lines = crowd(number)
    assert [line.rsplit("/", 1)[-1] for line in lines] == ["alice"] * number
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (1, 1)


@pytest.mark.long
def test_a_hundred_processes_with_a_warm_cache_send_no_request(world: World) -> None:
    """They use the credentials that one process has cached."""
    world.sign_in()
    crowd(1)
    world.emulator.requests.clear()
    lines = crowd(100)
    assert [line.rsplit("/", 1)[-1] for line in lines] == ["alice"] * 100
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (0, 0)


@pytest.mark.long
@pytest.mark.parametrize("number", [3, pytest.param(8, marks=pytest.mark.long)])
def test_threads_of_several_processes_share_requests(world: World, number: int) -> None:
    """Each process has as many threads as there are processes, and a session per thread."""
    world.sign_in(expiresAt=PAST)
    lines = crowd(number, threads=number)
    assert [line.rsplit("/", 1)[-1] for line in lines] == ["alice"] * number**2
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (1, 1)


@PLAIN_AND_SEALED
@pytest.mark.long
def test_profiles_of_one_login_share_its_token(world: World) -> None:
    """Two roles need two requests for credentials, and one renewal of the token."""
    other = world.emulator.profile("other", role_name="ReadOnlyAccess").split("\n\n", 1)[1]
    world.configure(world.emulator.profile() + other)
    world.sign_in(expiresAt=PAST)
    results: list[list[str]] = []
    runs = [
        threading.Thread(target=lambda name=name: results.append(crowd(5, profile=name)))
        for name in ("dev", "other")
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [line.rsplit("/", 1)[-1] for lines in results for line in lines] == ["alice"] * 10
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (1, 2)


HOLDER = """
import sys, time
from caches import role_cache, token_cache
with {"role": role_cache, "token": token_cache}[sys.argv[1]]().locked(sys.argv[2]):
    print("held", flush=True)
    time.sleep(120)
"""


@contextlib.contextmanager
def held(kind: str, key: str) -> Iterator[subprocess.Popen[str]]:
    """Start a process that holds the lock of a key; it ends with the context."""
    holder = start(HOLDER, kind, key)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
    finally:
        holder.kill()
        holder.communicate()


def keys_of(world: World) -> dict[str, str]:
    """Return the keys of the two locks, after one call."""
    world.sign_in()
    user()
    [role] = world.role_files()
    role.unlink()
    return {"role": role.stem, "token": world.token_file().stem}


@pytest.mark.long
def test_a_lock_whose_holder_hangs_is_skipped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other processes wait for a limited time."""
    key = keys_of(world)["role"]
    world.sign_in(expiresAt=PAST)
    monkeypatch.setattr(cache, "LOCK_TIMEOUT", 0.5)
    with held("role", key) as holder:
        holder.send_signal(signal.SIGSTOP)
        assert user() == "alice"


@pytest.mark.long
@pytest.mark.parametrize("kind", ["role", "token"])
def test_a_holder_that_is_killed_frees_the_lock(world: World, kind: str) -> None:
    """A waiting process continues at once, long before the timeout."""
    key = keys_of(world)[kind]
    world.sign_in(expiresAt=PAST)
    users: list[str] = []
    waiter = threading.Thread(target=lambda: users.append(user()))
    with held(kind, key):
        waiter.start()
        wait_until(lambda: waiting.is_waiting(waiter))
        assert users == []
    waiter.join(60)
    assert users == ["alice"]


@pytest.mark.long
def test_renewals_by_stock_botocore_do_not_disturb(world: World) -> None:
    """Twelve processes of ours and eight of stock botocore share a single-use refresh token.

    Stock botocore uses no lock, and most of its processes fail. Ours read the file again.
    """
    world.emulator.settings.refresh_tokens = "rotate"
    world.sign_in(expiresAt=PAST)
    others_script = """
import boto3
try:
    boto3.Session(profile_name="dev").client("sts").get_caller_identity()
except Exception:
    pass
"""
    others = [
        threading.Thread(target=world.run, args=(others_script,), kwargs={"SSO_PLUGIN": "off"})
        for _ in range(8)
    ]
    for each in others:
        each.start()
    # A process of stock may stand still between the response and its write.
    done = world.run("""
import sys
import crowd
from sso_plugin.credentials import token_renewal
token_renewal._REREAD_DELAYS += (0.5,) * 40
sys.argv = ["crowd.py", "12", "1", "dev"]
crowd.main()
""")
    for each in others:
        each.join()
    lines = done.stdout.splitlines()
    assert done.stderr == ""
    assert [line.rsplit("/", 1)[-1] for line in lines] == ["alice"] * 12


@pytest.mark.long
def test_with_a_read_only_home_each_process_works_alone(world: World) -> None:
    """Nothing can be written, so nothing is shared."""
    world.sign_in()
    if os.geteuid() == 0:
        # Root can write anywhere. A file in place of the folder has the same effect.
        (world.home / ".aws/cli").write_text("")
    else:
        (world.home / ".aws").chmod(0o500)
    assert [line.rsplit("/", 1)[-1] for line in crowd(3)] == ["alice"] * 3
    assert json.loads(world.token_file().read_text())["accessToken"]


@pytest.mark.long
@pytest.mark.parametrize("kills", [50, pytest.param(300, marks=pytest.mark.long)])
def test_a_killed_process_never_leaves_half_a_file(tmp_path: Path, kills: int) -> None:
    """SIGKILL at random moments; ``make kill`` sends it ten thousand times."""
    process = subprocess.run(
        [sys.executable, HELPERS / "kill.py", tmp_path, str(kills), "1"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    expected = f"{kills} kills, {3 * kills} reads, all documents whole\n"
    assert (process.stdout, process.stderr) == (expected, "")


@pytest.mark.long
def test_a_crowd_of_scripts_survives_all_failures() -> None:
    """Forty processes for a minute, while everything fails in turn: see `chaos`."""
    process = subprocess.run(
        [sys.executable, HELPERS / "chaos.py"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "SSO_PLUGIN": "on"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    known = (
        "Cannot renew the credentials, ",
        "Cannot renew the access token, using the current one: ",
    )
    assert [line for line in process.stderr.splitlines() if not line.startswith(known)] == []
