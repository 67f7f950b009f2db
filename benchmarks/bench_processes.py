"""Many processes that need credentials at the same moment: what they ask for, and who fails.

The portal takes 100 ms for each answer. Needs a system that can fork.
"""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import NamedTuple

from measure import in_turns, is_quick, table
from stage import OURS, PAST, STOCK, Stage

ROUNDS = 3
LATENCY = 0.1
HEADS = ("", "GetRoleCredentials", "CreateToken", "failed", "seconds")


class Case(NamedTuple):
    """A number of processes, and what they find."""

    processes: int
    finding: str
    token: dict[str, str]
    refresh_tokens: str = "reusable"

    def run(self, stage: Stage, where: str) -> tuple[float, ...]:
        """Return what is counted, in the order of the table."""
        emulator = stage.emulator
        emulator.settings.refresh_tokens = self.refresh_tokens
        stage.log_in(**self.token)
        emulator.requests.clear()
        found = stage.run(where, "crowd.py", "dev", self.processes)
        asked = [emulator.requests.count(name) for name in HEADS[1:3]]
        return (*asked, found["failed"], found["seconds"])


CASES = (
    Case(32, "a token", {}),
    Case(32, "an expired token", {"expiresAt": PAST}),
    Case(20, "an expired token and a single-use refresh token", {"expiresAt": PAST}, "rotate"),
)


def main() -> None:
    """Print a table for each case."""
    quick = is_quick(__doc__)
    with Stage() as stage:
        for operation in HEADS[1:3]:
            stage.emulator.faults.add(operation, latency=LATENCY)
        for case in CASES:
            report(stage, case._replace(processes=2) if quick else case, 1 if quick else ROUNDS)


def report(stage: Stage, case: Case, rounds: int) -> None:
    """Run both in turns and print the medians."""
    candidates = {where: partial(case.run, stage, where) for where in (STOCK, OURS)}
    results = in_turns(candidates, rounds, warm_up=False)
    lines = []
    for where, runs in results.items():
        *counts, seconds = (median(column) for column in zip(*runs, strict=True))
        lines.append((where, *(f"{count:.0f}" for count in counts), f"{seconds:.2f}"))
    table(f"{case.processes} processes find {case.finding}; rounds: {rounds}", HEADS, lines)


if __name__ == "__main__":
    main()
