"""``sso_login = wait``: jobs without a login wait, and continue after a login by any means."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from sealed import PLAIN_AND_SEALED
from waiting_jobs import Job, configure_wait
from world import wait_until

from sso_plugin.storage.locks import holder_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world import World

    StartJob = Callable[[], Job]

pytestmark = pytest.mark.long

LOGIN_COMMAND = "sso-plugin login --profile dev"


@pytest.fixture
def start() -> Iterator[StartJob]:
    """Return a function that starts a job. Those that still run at the end are killed."""
    jobs: list[Job] = []

    def start() -> Job:
        jobs.append(Job())
        return jobs[-1]

    yield start
    for job in jobs:
        job.kill()


def users(jobs: list[Job]) -> list[str]:
    return [job.result().rpartition("/")[2] for job in jobs]


def asking_process(world: World) -> int | None:
    """Return the id of the process that polls the portal."""
    locks = list((world.home / ".aws/sso-plugin").glob("wait-*.lock"))
    return holder_of(locks[0]) if locks else None


def has_code(world: World) -> bool:
    """Return whether the jobs share a code that can be approved."""
    [file] = (world.home / ".aws/sso-plugin").glob("wait-*.json")
    return "deviceCode" in file.read_text()


def has_polled(world: World) -> bool:
    """Return whether the portal was asked for the token of the code."""
    return world.count("CreateToken") > 0


@PLAIN_AND_SEALED
def test_twenty_jobs_continue_when_the_code_is_approved(world: World, start: StartJob) -> None:
    """With one notification and one login; no call fails."""
    notifications = configure_wait(world)
    jobs = [start().call() for _ in range(20)]
    wait_until(lambda: notifications.received, 180)
    code = notifications.wait()["USER_CODE"]
    world.emulator.approve(code, "alice")
    assert users(jobs) == ["alice"] * 20
    assert len(notifications.received) == 1
    assert world.count("StartDeviceAuthorization") == 1
    assert world.count("GetRoleCredentials") == 2
    shown = [job.end() for job in jobs]
    assert sum(code in each for each in shown) == 1
    assert {each.count("needs a login") for each in shown} <= {0, 1}


def test_a_login_by_another_program_wakes_all_jobs(world: World, start: StartJob) -> None:
    """The file that the AWS CLI writes is enough."""
    configure_wait(world)
    jobs = [start().call() for _ in range(5)]
    wait_until(lambda: has_polled(world))
    world.sign_in()
    assert users(jobs) == ["alice"] * 5


@PLAIN_AND_SEALED
@pytest.mark.skipif(not os.path.exists("/proc/locks"), reason="the process is found by its lock")  # noqa: PTH110
def test_another_job_takes_over_from_one_that_was_killed(world: World, start: StartJob) -> None:
    """With the same code, and without another notification."""
    notifications = configure_wait(world)
    jobs = [start().call() for _ in range(4)]
    code = notifications.wait()["USER_CODE"]
    wait_until(lambda: has_polled(world))
    killed = next(job for job in jobs if job.process.pid == asking_process(world))
    killed.kill()
    jobs.remove(killed)
    wait_until(lambda: asking_process(world) in [job.process.pid for job in jobs])
    world.emulator.approve(code, "alice")
    assert users(jobs) == ["alice"] * 3
    assert len(notifications.received) == 1
    assert world.count("StartDeviceAuthorization") == 1


def test_a_code_that_was_denied_is_not_replaced(world: World, start: StartJob) -> None:
    """A person who gets one code after the other learns to approve any. A new job asks neither."""
    notifications = configure_wait(world)
    jobs = [start().call(), start().call()]
    world.emulator.deny(notifications.wait()["USER_CODE"])
    wait_until(lambda: not has_code(world))
    jobs.append(start().call())
    world.sign_in()
    assert users(jobs) == ["alice"] * 3
    assert len(notifications.received) == 1
    assert world.count("StartDeviceAuthorization") == 1


def test_an_expired_code_is_not_replaced(world: World, start: StartJob) -> None:
    """A login that a person starts ends the wait."""
    notifications = configure_wait(world)
    job = start().call()
    notifications.wait()
    world.emulator.clock.advance(3600)
    wait_until(lambda: not has_code(world))
    world.emulator.clock.advance(-3600)
    other = start().call()
    world.sign_in()
    assert users([job, other]) == ["alice"] * 2
    assert len(notifications.received) == 1
    shown = job.end()
    assert "Still waiting for a login." in shown
    assert LOGIN_COMMAND in shown


def test_a_code_that_another_user_approves_is_refused(world: World, start: StartJob) -> None:
    """The user of the login that has ended is known. The jobs wait for that user."""
    world.emulator.assign("bob", "111111111111", "AdministratorAccess")
    notifications = configure_wait(world)
    world.sign_in()
    assert users([start().call()]) == ["alice"]
    wait_until(lambda: list((world.home / ".aws/sso-plugin").glob("notes-*.json")))
    world.role_files()[0].unlink()
    world.change_token(expiresAt="2026-01-31T22:15:00Z", refreshToken=None)
    job = start().call()
    world.emulator.approve(notifications.wait()["USER_CODE"], "bob")
    wait_until(lambda: not has_code(world))
    world.sign_in()
    assert users([job]) == ["alice"]
    assert 'approved by "bob", but the last login was by "alice"' in job.end()


def test_ctrl_c_ends_a_waiting_job(world: World, start: StartJob) -> None:
    """At once, like any call. The other jobs go on waiting."""
    notifications = configure_wait(world)
    stopped, other = start().call(), start().call()
    code = notifications.wait()["USER_CODE"]
    for job in (stopped, other):
        assert job.process.stderr is not None
        assert "needs a login" in job.process.stderr.readline()
    stopped.process.send_signal(signal.SIGINT)
    assert stopped.result() == "KeyboardInterrupt: "
    world.emulator.approve(code, "alice")
    assert users([other]) == ["alice"]


def test_a_signal_ends_a_waiting_job(world: World, start: StartJob) -> None:
    """As without the plugin: nothing catches it."""
    notifications = configure_wait(world)
    job = start().call()
    notifications.wait()
    job.process.terminate()
    assert job.process.wait(60) == -signal.SIGTERM


BESIDE_A_WAITING_THREAD = """
import os, sys, threading
import boto3, sso_plugin
sso_plugin.enable()
def call(name):
    arn = boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Arn"]
    print(name, arn.rpartition("/")[2], flush=True)
thread = threading.Thread(target=call, args=("thread",), daemon=True)
thread.start()
sys.stdin.readline()
"""


def run_beside_a_waiting_thread(world: World, code: str) -> subprocess.Popen[str]:
    """Start a process with a thread that waits for a login. The code runs after one line."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", BESIDE_A_WAITING_THREAD + code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_until(lambda: has_polled(world))
    return process


def test_a_program_ends_beside_a_waiting_thread(world: World) -> None:
    """Its daemon thread is not waited for."""
    configure_wait(world)
    process = run_beside_a_waiting_thread(world, "print('end', flush=True)")
    out, _ = process.communicate("\n", timeout=60)
    assert (out, process.returncode) == ("end\n", 0)


def test_a_fork_beside_a_waiting_thread_waits_for_itself(world: World) -> None:
    """Its own call needs a login too, and the parent goes on asking."""
    notifications = configure_wait(world)
    code = """
child = os.fork()
if child == 0:
    call("child")
    os._exit(0)
thread.join()
os.waitpid(child, 0)
"""
    process = run_beside_a_waiting_thread(world, code)
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    world.emulator.approve(notifications.wait()["USER_CODE"], "alice")
    out, _ = process.communicate(timeout=60)
    assert sorted(out.splitlines()) == ["child alice", "thread alice"]
    assert len(notifications.received) == 1


def test_a_job_waits_for_a_limited_time(world: World, start: StartJob) -> None:
    """Then the call fails as without ``wait``, and says so."""
    configure_wait(world, sso_login_timeout="2")
    error = start().call().result()
    assert error.startswith('LoginRequired: The profile "dev" needs a login: ')
    assert "and there was no login until " in error
    assert error.endswith(f"Run: {LOGIN_COMMAND}")


@PLAIN_AND_SEALED
def test_a_rejected_token_is_waited_for_without_a_lock_of_the_role(
    world: World, start: StartJob
) -> None:
    """A login was revoked: the token file looks valid. All jobs wait and continue together."""
    notifications = configure_wait(world)
    world.sign_in(refreshToken=None)
    world.emulator.revoke("alice")
    jobs = [start().call() for _ in range(4)]
    world.emulator.approve(notifications.wait()["USER_CODE"], "alice")
    assert users(jobs) == ["alice"] * 4
    assert len(notifications.received) == 1
