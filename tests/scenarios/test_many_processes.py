"""One renewal for all: processes that need the same thing at once, and bad neighbours."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from crowd import crowd

import sso_plugin
from sso_plugin.storage import cache

if TYPE_CHECKING:
    from world import World

PAST = "2020-01-01T00:00:00Z"
HELPERS = Path(__file__).parents[1] / "helpers"


def test_twenty_processes_share_one_single_use_refresh_token(world: World) -> None:
    """On stock botocore 19 of them die; here 20 succeed, by one call of each kind."""
    world.emulator.settings.refresh_tokens = "rotate"
    world.sign_in(expiresAt=PAST)
    lines = crowd(20)
    assert [line.rsplit("/", 1)[-1] for line in lines] == ["alice"] * 20
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (1, 1)


@pytest.mark.long
def test_a_hundred_processes_on_a_warm_cache_ask_nobody(world: World) -> None:
    """They find the credentials of the first."""
    world.sign_in()
    crowd(1)
    world.emulator.requests.clear()
    lines = crowd(100)
    assert [line.rsplit("/", 1)[-1] for line in lines] == ["alice"] * 100
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (0, 0)


def test_threads_of_many_processes_share_it_too(world: World) -> None:
    """Eight processes with eight threads, each with a session of its own."""
    world.sign_in(expiresAt=PAST)
    lines = crowd(8, threads=8)
    assert [line.rsplit("/", 1)[-1] for line in lines] == ["alice"] * 64
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (1, 1)


def test_profiles_of_one_login_share_its_token(world: World) -> None:
    """Two roles are two calls for credentials, and one renewal of the token."""
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
from sso_plugin.storage.file_cache import role_cache, token_cache
with {role: role_cache, token: token_cache}[sys.argv[1]]().locked(sys.argv[2]):
    print("held", flush=True)
    time.sleep(120)
""".replace("{role: role_cache, token: token_cache}", "{'role': role_cache, 'token': token_cache}")


def hold(kind: str, key: str) -> subprocess.Popen[str]:
    """Start a process that holds the lock of a key, and wait until it does."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, kind, key],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def arn() -> str:
    sso_plugin.enable()
    session: Any = boto3.Session(profile_name="dev")
    return str(session.client("sts").get_caller_identity()["Arn"])


def keys_of(world: World) -> dict[str, str]:
    """Find the names of the two locks, by using them once."""
    world.sign_in()
    arn()
    [role] = world.role_files()
    role.unlink()
    return {"role": role.stem, "token": world.token_file().stem}


def test_a_holder_that_hangs_is_passed_by(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped while it asks for a role, it keeps its lock; the others wait for a bounded time."""
    key = keys_of(world)["role"]
    world.sign_in(expiresAt=PAST)
    monkeypatch.setattr(cache, "LOCK_TIMEOUT", 0.5)
    holder = hold("role", key)
    holder.send_signal(signal.SIGSTOP)
    try:
        assert arn().endswith("/alice")
    finally:
        holder.kill()
        holder.communicate()


@pytest.mark.parametrize("kind", ["role", "token"])
def test_a_holder_that_is_killed_frees_the_lock(world: World, kind: str) -> None:
    """Whoever waits goes on at once, long before the timeout."""
    key = keys_of(world)[kind]
    world.sign_in(expiresAt=PAST)
    holder = hold(kind, key)
    arns: list[str] = []
    waiter = threading.Thread(target=lambda: arns.append(arn()))
    waiter.start()
    waiter.join(1)
    assert arns == []
    holder.kill()
    holder.communicate()
    waiter.join(10)
    assert [one.rsplit("/", 1)[-1] for one in arns] == ["alice"]


def test_a_stranger_who_renews_meanwhile_is_no_trouble(world: World) -> None:
    """Twelve processes of ours and eight of stock botocore share a single-use refresh token.

    Stock botocore takes no lock and loses most of its own; ours look again and use what is there.
    """
    world.emulator.settings.refresh_tokens = "rotate"
    world.sign_in(expiresAt=PAST)
    script = """
import boto3
try:
    boto3.Session(profile_name="dev").client("sts").get_caller_identity()
except Exception:
    pass
"""
    strangers = [
        threading.Thread(target=world.run, args=(script,), kwargs={"SSO_PLUGIN": "off"})
        for _ in range(8)
    ]
    for stranger in strangers:
        stranger.start()
    lines = crowd(12)
    for stranger in strangers:
        stranger.join()
    assert [line.rsplit("/", 1)[-1] for line in lines] == ["alice"] * 12


def test_a_read_only_home_serves_each_process_for_itself(world: World) -> None:
    """Nothing can be written, so nothing can be shared; everything works."""
    if os.geteuid() == 0:
        # Root writes anywhere: a file in the place of the folders has the same effect.
        token = world.sign_in()
        assert token
        (world.home / ".aws/cli").write_text("")
    else:
        world.sign_in()
        (world.home / ".aws").chmod(0o500)
    assert [line.rsplit("/", 1)[-1] for line in crowd(3)] == ["alice"] * 3
    assert json.loads(world.token_file().read_text())["accessToken"]


def test_a_killed_writer_never_leaves_half_a_file(tmp_path: Path) -> None:
    """Three hundred SIGKILLs at random moments; ``make kill`` does ten thousand."""
    process = subprocess.run(
        [sys.executable, HELPERS / "kill.py", tmp_path, "300", "1"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (process.stdout, process.stderr) == ("300 kills, 900 reads, every one whole\n", "")


@pytest.mark.long
def test_chaos() -> None:
    """Forty processes on one home for a minute, with all that can go wrong: see `chaos`."""
    process = subprocess.run(
        [sys.executable, HELPERS / "chaos.py"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "SSO_PLUGIN": "on"},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    known = (
        "Cannot renew the credentials, ",
        "Cannot renew the access token, using the current one: ",
    )
    assert [line for line in process.stderr.splitlines() if not line.startswith(known)] == []
