"""Measure sessions of aiobotocore: stock ones, and those that sso_plugin serves.

Run it in an environment with aiobotocore, as `make bench` does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import aiobotocore
from measure import compare, duration, in_turns, is_quick, span, table
from stage import OURS, STOCK, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STATIC_KEYS = "static keys"
STOCK_ASYNC = "stock aiobotocore"
BOTH = {STOCK_ASYNC: STOCK, OURS: OURS}

OPERATION = "GetRoleCredentials"
HOUR = 3600
STOCK_WINDOW = 15 * 60
"""Stock aiobotocore renews so many seconds before the expiration."""


class Size(NamedTuple):
    """How often, how long and with how many tasks to measure."""

    rounds: int
    short_rounds: int
    calls: int
    sessions: int
    seconds: float
    latency: float
    lifetime: int
    tasks: int


FULL = Size(3, 9, 20_000, 10, 20, 0.5, 12, 100)
QUICK = Size(1, 1, 100, 1, 1, 0.1, 2, 3)


def main() -> None:
    """Print all tables."""
    quick = is_quick(__doc__)
    size = QUICK if quick else FULL
    print(f"aiobotocore {aiobotocore.__version__}")
    with Stage() as stage:
        bench = Bench(stage, size)
        bench.calls()
        bench.clients()
        bench.renewals("idle")
        if not quick:
            with busy_processors():
                bench.renewals("each processor busy")
        bench.requests()
        bench.first_uses()


@contextmanager
def busy_processors() -> Iterator[None]:
    """Keep each processor busy with a process."""
    with ExitStack() as stack:
        for _ in range(os.cpu_count() or 1):
            busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(busy.wait)
            stack.callback(busy.kill)
        yield


class Run(NamedTuple):
    """One process with a slow portal.

    :param cached: whether another process has used the credentials just before.
    """

    where: str
    lifetime: int
    program: str
    argument: float
    cached: bool = False

    def measure(self, stage: Stage, latency: float) -> dict[str, Any]:
        """Run the program. Return its result, with the number of requests for credentials."""
        emulator = stage.emulator
        stage.log_in()
        emulator.settings.role_credentials = self.lifetime
        if self.cached:
            stage.run(self.where, "async_frozen.py", "dev", 1)
        emulator.requests.clear()
        emulator.faults.add(OPERATION, latency=latency)
        try:
            result = stage.run(self.where, self.program, "dev", self.argument)
        finally:
            emulator.faults.clear()
        return {**result, "sent": emulator.requests.count(OPERATION)}


class Bench:
    """All measurements."""

    def __init__(self, stage: Stage, size: Size) -> None:
        self._stage = stage
        self._size = size
        self._conditions = f"portal at {size.latency * 1e3:g} ms; rounds: {size.rounds}"

    def calls(self) -> None:
        """Compare single calls while no renewal is due."""
        results = self._with_each_kind_of_keys("async_frozen.py", self._size.calls)
        compare("await get_frozen_credentials(), no renewal due", results, "µs")

    def clients(self) -> None:
        """Compare sessions with a client, the first of a process and further ones."""
        results = self._with_each_kind_of_keys("async_session.py", 1 + self._size.sessions)
        firsts = {name: [times[0] for times in each] for name, each in results.items()}
        compare("Session, credentials and client, the first of a process", firsts, "ms")
        others = {name: [median(times[1:]) for times in each] for name, each in results.items()}
        compare("Session, credentials and client, further ones of a process", others, "ms")

    def _with_each_kind_of_keys(self, program: str, number: int) -> dict[str, list[Any]]:
        run, rounds = self._stage.run, self._size.short_rounds
        self._stage.log_in()
        candidates = {
            STATIC_KEYS: partial(run, STOCK, program, "static", number),
            STOCK_ASYNC: partial(run, STOCK, program, "dev", number),
            OURS: partial(run, OURS, program, "dev", number),
        }
        return in_turns(candidates, rounds, warm_up=rounds > 1)

    def renewals(self, load: str) -> None:
        """Compare waits for a renewal, and those of a process that renews nothing.

        sso_plugin finds cached credentials. So its first renewal imports what a renewal needs.
        """
        seconds, lifetime = self._size.seconds, self._size.lifetime
        runs = {
            "sso_plugin, no renewal": Run(OURS, HOUR, "async_renewal.py", seconds, cached=True),
            OURS: Run(OURS, lifetime, "async_renewal.py", seconds, cached=True),
            STOCK_ASYNC: Run(STOCK, STOCK_WINDOW + lifetime, "async_renewal.py", seconds),
            f"{STOCK_ASYNC}, short": Run(STOCK, lifetime, "async_renewal.py", seconds),
        }
        table(
            f"Ten tasks for {seconds:g} s, {load}; {self._conditions}",
            ("", "lifetime", OPERATION, "longest wait", "(most)", "longest gap", "(most)"),
            (
                (
                    name,
                    f"{runs[name].lifetime} s",
                    span(each["sent"]),
                    *(duration(of(each[key])) for key in ("wait", "gap") for of in (median, max)),
                )
                for name, each in self._in_turns(runs).items()
            ),
        )

    def requests(self) -> None:
        """Compare requests that have a session each, one after the other."""
        seconds, lifetime = self._size.seconds, self._size.lifetime
        runs = {
            name: Run(where, lifetime, "async_requests.py", seconds) for name, where in BOTH.items()
        }
        table(
            f"A session for each request, {seconds:g} s, lifetime {lifetime} s; {self._conditions}",
            ("", "requests", OPERATION, "threads", "median"),
            (
                (
                    name,
                    *(span(each[key]) for key in ("requests", "sent", "threads")),
                    duration(median(each["median"])),
                )
                for name, each in self._in_turns(runs).items()
            ),
        )

    def first_uses(self) -> None:
        """Compare tasks that start at the same time, each with a session of its own."""
        tasks = self._size.tasks
        runs = {name: Run(where, HOUR, "async_crowd.py", tasks) for name, where in BOTH.items()}
        table(
            f"{tasks} tasks with a session each, at first use; {self._conditions}",
            ("", OPERATION, "failed", "threads", "time"),
            (
                (
                    name,
                    *(span(each[key]) for key in ("sent", "failed", "threads")),
                    duration(median(each["seconds"])),
                )
                for name, each in self._in_turns(runs).items()
            ),
        )

    def _in_turns(self, runs: Mapping[str, Run]) -> dict[str, dict[str, list[float]]]:
        """Return the values of each run, by their names."""
        candidates = {
            name: partial(run.measure, self._stage, self._size.latency)
            for name, run in runs.items()
        }
        return {
            name: {key: [each[key] for each in results] for key in results[0]}
            for name, results in in_turns(candidates, self._size.rounds, warm_up=False).items()
        }


if __name__ == "__main__":
    main()
