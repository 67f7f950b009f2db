"""Measure what the start-up file adds to a start of Python, and to an import of boto3."""

from __future__ import annotations

import subprocess
import time
from functools import partial
from typing import TYPE_CHECKING

from measure import compare, in_turns, is_quick
from stage import OURS, STOCK, Stage

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = {"pass": 100, "import boto3": 25}


def main() -> None:
    """Compare both for each program."""
    quick = is_quick(__doc__)
    with Stage() as stage:
        for code, rounds in ROUNDS.items():
            candidates = {
                "without the start-up file": partial(seconds, stage, STOCK, code),
                "with it": partial(seconds, stage, OURS, code),
            }
            compare(
                f'python -c "{code}"',
                in_turns(candidates, 1 if quick else rounds, warm_up=not quick),
                "ms",
            )


def seconds(stage: Stage, where: str, code: str) -> float:
    """Return how many seconds a process takes."""
    command: tuple[Path | str, ...] = (stage.python(where), "-c", code)
    environment = stage.environment()
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
