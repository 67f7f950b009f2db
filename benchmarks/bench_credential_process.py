"""How long a program waits for its credential process while the cache is warm.

Commands of others take part where they are on the PATH.
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

# Not every one of them knows sso-sessions; the profile `legacy` has its start URL alone.
PEERS = (
    "aws-sso-util credential-process --profile legacy",
    "aws configure export-credentials --profile legacy",
    "aws configure list --profile legacy",
)


def main() -> None:
    """Compare those who can do it at all; the first run also warms the cache."""
    quick = is_quick(__doc__)
    with Stage() as stage:
        stage.log_in()
        able = {
            name: partial(seconds, stage, words)
            for name, words in commands(stage, () if quick else PEERS).items()
            if seconds(stage, words) is not None
        }
        results = in_turns(able, 1 if quick else ROUNDS, warm_up=not quick)
    whole = {name: [time or float("inf") for time in times] for name, times in results.items()}
    compare("Credential process, warm cache", whole, "ms")


def commands(stage: Stage, peers: Iterable[str]) -> dict[str, list[str]]:
    """Return what is measured; the first is the bare interpreter."""
    here = Path(sys.executable).parent
    python = str(stage.python(OURS))
    ours = [str(here / "sso-plugin")] if (here / "sso-plugin").exists() else [python, "-c", MAIN]
    found = {
        "python -c pass": [python, "-c", "pass"],
        "sso-plugin credential-process": [*ours, "credential-process", "--profile", "dev"],
    }
    path = os.pathsep.join([str(here), os.environ.get("PATH", os.defpath)])
    for line in peers:
        name, *words = line.split()
        program = shutil.which(name, path=path)
        if program:
            found[" ".join([name, *words[:-2]])] = [program, *words]
    return found


def seconds(stage: Stage, words: list[str]) -> float | None:
    """Run a command; None if it fails."""
    environment = stage.environment()
    began = time.perf_counter()
    done = subprocess.run(
        words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    return time.perf_counter() - began if done.returncode == 0 else None


if __name__ == "__main__":
    main()
