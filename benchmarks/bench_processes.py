"""Count requests and failures of many processes that need credentials at the same time.

Each response of the portal takes 100 ms. Needs a system with fork.
"""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import NamedTuple

from measure import in_turns, is_quick, span, table
from stage import OURS, PAST, STOCK, Stage

ROUNDS = 3
LATENCY = 0.1
HEADS = ("", "GetRoleCredentials", "CreateToken", "failed", "seconds")


class Case(NamedTuple):
    """A number of processes, and the kind of refresh token that they find."""

    processes: int
    description: str
    refresh_tokens: str

    def run(self, stage: Stage, where: str) -> tuple[float, ...]:
        """Return the values of a line of the table."""
        emulator = stage.emulator
        emulator.settings.refresh_tokens = self.refresh_tokens
        stage.log_in(expiresAt=PAST)
        emulator.requests.clear()
        result = stage.run(where, "crowd.py", "dev", self.processes)
        requests = [emulator.requests.count(name) for name in HEADS[1:3]]
        return (*requests, result["failed"], result["seconds"])


CASES = (
    Case(32, "refresh tokens can be used again", "reusable"),
    Case(20, "a refresh token can be used once", "rotate"),
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
    """Run both in turns. Print requests, failures and the median of the seconds."""
    candidates = {where: partial(case.run, stage, where) for where in (STOCK, OURS)}
    results = in_turns(candidates, rounds, warm_up=False)
    lines = []
    for where, runs in results.items():
        *counts, seconds = zip(*runs, strict=True)
        lines.append((where, *(span(count) for count in counts), f"{median(seconds):.2f}"))
    title = (
        f"{case.processes} processes find an expired token, {case.description}; rounds: {rounds}"
    )
    table(title, HEADS, lines)


if __name__ == "__main__":
    main()
