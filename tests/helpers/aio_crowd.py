"""Many processes that use the same profile at the same time, with boto3 or aiobotocore.

As a program, this forks and releases all children together. Each prints its ARN, or its error.

    python aio_crowd.py NUMBER_OF_BOTO3 NUMBER_OF_AIOBOTOCORE
"""

from __future__ import annotations

import asyncio
import functools
import os
import subprocess
import sys

from aio import arn_of, new_session
from crowd import run_together, use

import sso_plugin

__all__ = ["mixed_crowd"]


def mixed_crowd(sync: int, tasks: int) -> list[str]:
    """Release processes together, and return the line of each."""
    process = subprocess.run(
        [sys.executable, __file__, str(sync), str(tasks)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert process.stderr == ""
    return process.stdout.splitlines()


def use_async() -> str:
    try:
        return asyncio.run(arn_of(new_session()))
    except Exception as exc:  # noqa: BLE001 - the test checks the line
        return f"{type(exc).__name__}: {exc}"


def run_child(*, is_async: bool) -> None:
    results: list[str] = []
    if is_async:
        results.append(use_async())
    else:
        use("dev", results)
    os.write(1, f"{results[0]}\n".encode())


def main() -> None:
    """Run the processes."""
    sync, tasks = map(int, sys.argv[1:])
    sso_plugin.enable()
    calls = [functools.partial(run_child, is_async=kind) for kind in (False, True)]
    run_together([calls[0]] * sync + [calls[1]] * tasks)


if __name__ == "__main__":
    main()
