"""Measure how long a program waits for a credential process with a warm cache.

Similar commands of other projects are measured too, if they are on the PATH.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from measure import compare, in_turns, is_quick
from stage import OURS, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

ROUNDS = 15
MAIN = "import sys; from sso_plugin.cli import main; sys.exit(main())"

OTHER_COMMANDS = (
    "aws-sso-util credential-process --profile legacy",
    "aws configure export-credentials --profile legacy",
    "aws configure list --profile legacy",
)
"""The profile `legacy` has no sso-session, because not all of these commands support one."""


def main() -> None:
    """Compare the commands that work. The first run also warms the cache."""
    quick = is_quick(__doc__)
    with Stage() as stage:
        stage.log_in()
        working = {
            name: partial(seconds, stage, arguments)
            for name, arguments in commands(stage, () if quick else OTHER_COMMANDS).items()
            if seconds(stage, arguments) is not None
        }
        results = in_turns(working, 1 if quick else ROUNDS, warm_up=not quick)
    # A run that failed has no time.
    times = {name: [each or float("inf") for each in runs] for name, runs in results.items()}
    compare("Credential process, warm cache", times, "ms")


def commands(stage: Stage, others: Iterable[str]) -> dict[str, list[str]]:
    """Return the commands to measure. The first is Python without a program."""
    here = Path(sys.executable).parent
    python = str(stage.python(OURS))
    ours = [str(here / "sso-plugin")] if (here / "sso-plugin").exists() else [python, "-c", MAIN]
    found = {
        "python -c pass": [python, "-c", "pass"],
        "sso-plugin credential-process": [*ours, "credential-process", "--profile", "dev"],
    }
    path = os.pathsep.join([str(here), os.environ.get("PATH", os.defpath)])
    for line in others:
        name, *arguments = line.split()
        program = shutil.which(name, path=path)
        if program:
            found[" ".join([name, *arguments[:-2]])] = [program, *arguments]
    return found


def seconds(stage: Stage, arguments: list[str]) -> float | None:
    """Return how long a command runs; None if it fails."""
    environment = stage.environment()
    began = time.perf_counter()
    done = subprocess.run(
        arguments,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return time.perf_counter() - began if done.returncode == 0 else None


if __name__ == "__main__":
    main()
