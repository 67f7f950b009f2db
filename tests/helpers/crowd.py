"""Many real processes that do one thing at the same time: `crowd`.

As a program, this imports boto3 once, forks, and releases all children together. Each thread prints
one line: the result of its call, or its error.

    python crowd.py NUMBER THREADS PROFILE
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import boto3

import sso_plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["crowd", "run_process", "run_together", "use"]


def crowd(number: int, *, threads: int = 1, profile: str = "dev") -> list[str]:
    """Release several processes together, and return the line of each thread."""
    process = subprocess.run(
        [sys.executable, __file__, str(number), str(threads), profile],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert process.stderr == ""
    return process.stdout.splitlines()


def use(profile: str, results: list[str]) -> None:
    """Make one call with a new session."""
    try:
        session = boto3.Session(profile_name=profile)
        results.append(session.client("sts").get_caller_identity()["Arn"])
    except Exception as exc:  # noqa: BLE001 - the test checks the line
        results.append(f"{type(exc).__name__}: {exc}")


def run_process(profile: str, threads: int) -> None:
    """Run one process of the crowd, with several threads."""
    results: list[str] = []
    workers = [threading.Thread(target=use, args=(profile, results)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    os.write(1, "".join(f"{result}\n" for result in results).encode())


def run_together(calls: Iterable[Callable[[], object]]) -> None:
    """Fork a process for each call, release all together, and wait for them."""
    # The children read the gate. The read ends when the parent closes the other end.
    closed, gate = os.pipe()
    children = []
    for call in calls:
        child = os.fork()
        if child == 0:
            os.close(gate)
            os.read(closed, 1)
            call()
            os._exit(0)
        children.append(child)
    os.close(gate)
    for child in children:
        os.waitpid(child, 0)


def main() -> None:
    """Run the processes."""
    number, threads, profile = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    sso_plugin.enable()
    run_together([functools.partial(run_process, profile, threads)] * number)


if __name__ == "__main__":
    main()
