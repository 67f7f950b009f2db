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
    from collections.abc import Iterator

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
QUICK = Size(1, 1, 100, 2, 1.5, 0.1, 2, 3)


def main() -> None:
    """Print all tables."""
    size = QUICK if is_quick(__doc__) else FULL
    print(f"aiobotocore {aiobotocore.__version__}")
    calls(size)
    clients(size)
    renewals(size, "idle")
    with busy_processors():
        renewals(size, "each processor busy")
    requests(size)
    first_uses(size)


def calls(size: Size) -> None:
    """Compare single calls while no renewal is due."""
    results = in_short_turns(size, "async_frozen.py", size.calls)
    compare("await get_frozen_credentials(), no renewal due", results, "µs")


def clients(size: Size) -> None:
    """Compare sessions with a client, the first of a process and further ones."""
    results = in_short_turns(size, "async_session.py", 1 + size.sessions)
    firsts = {name: [times[0] for times in each] for name, each in results.items()}
    compare("Session, credentials and client, the first of a process", firsts, "ms")
    others = {name: [median(times[1:]) for times in each] for name, each in results.items()}
    compare("Session, credentials and client, further ones of a process", others, "ms")


def in_short_turns(size: Size, program: str, number: int) -> dict[str, list[Any]]:
    """Run a program in turns with static keys, with stock aiobotocore, and with sso_plugin."""
    with Stage() as stage:
        stage.log_in()
        candidates = {
            STATIC_KEYS: partial(stage.run, STOCK, program, "static", number),
            STOCK_ASYNC: partial(stage.run, STOCK, program, "dev", number),
            OURS: partial(stage.run, OURS, program, "dev", number),
        }
        return in_turns(candidates, size.short_rounds, warm_up=size.short_rounds > 1)


@contextmanager
def busy_processors() -> Iterator[None]:
    """Keep each processor busy with a process."""
    with ExitStack() as stack:
        for _ in range(os.cpu_count() or 1):
            busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(busy.wait)
            stack.callback(busy.kill)
        yield


def renewals(size: Size, load: str) -> None:
    """Compare waits for a renewal, and those of a process that renews nothing.

    sso_plugin finds credentials in its cache. So it prepares for renewals during the first one.
    """
    lifetimes = {
        "sso_plugin, no renewal": (OURS, HOUR),
        OURS: (OURS, size.lifetime),
        STOCK_ASYNC: (STOCK, STOCK_WINDOW + size.lifetime),
        f"{STOCK_ASYNC}, short": (STOCK, size.lifetime),
    }
    candidates = {
        name: partial(
            with_slow_portal, size, where, lifetime, "async_renewal.py", size.seconds, cached=True
        )
        for name, (where, lifetime) in lifetimes.items()
    }
    lines = []
    for name, results in in_turns(candidates, size.rounds, warm_up=False).items():
        sent = span([each["sent"] for each in results])
        times = [
            duration(choose(each[key] for each in results))
            for key in ("wait", "gap")
            for choose in (median, max)
        ]
        lines.append((name, f"{lifetimes[name][1]} s", sent, *times))
    table(
        f"Ten tasks for {size.seconds:g} s, {load}; {conditions(size)}",
        ("", "lifetime", OPERATION, "longest wait", "(most)", "longest gap", "(most)"),
        lines,
    )


def requests(size: Size) -> None:
    """Compare requests that have a session each, one after the other."""
    candidates = {
        name: partial(
            with_slow_portal, size, where, size.lifetime, "async_requests.py", size.seconds
        )
        for name, where in BOTH.items()
    }
    lines = [
        (
            name,
            *(span([each[key] for each in results]) for key in ("requests", "sent", "threads")),
            duration(median(each["median"] for each in results)),
        )
        for name, results in in_turns(candidates, size.rounds, warm_up=False).items()
    ]
    table(
        f"A session for each request, {size.seconds:g} s, lifetime {size.lifetime} s; "
        f"{conditions(size)}",
        ("", "requests", OPERATION, "threads", "median"),
        lines,
    )


def first_uses(size: Size) -> None:
    """Compare tasks that start at the same time, each with a session of its own."""
    candidates = {
        name: partial(with_slow_portal, size, where, HOUR, "async_crowd.py", size.tasks)
        for name, where in BOTH.items()
    }
    lines = [
        (
            name,
            *(span([each[key] for each in results]) for key in ("sent", "failed", "threads")),
            duration(median(each["seconds"] for each in results)),
        )
        for name, results in in_turns(candidates, size.rounds, warm_up=False).items()
    ]
    table(
        f"{size.tasks} tasks with a session each, at first use; {conditions(size)}",
        ("", OPERATION, "failed", "threads", "time"),
        lines,
    )


def with_slow_portal(
    size: Size, where: str, lifetime: int, program: str, argument: float, *, cached: bool = False
) -> dict[str, Any]:
    """Run a program. Return its result, with the number of requests that the portal got.

    :param cached: whether another process has used the credentials just before.
    """
    with Stage() as stage:
        stage.log_in()
        stage.emulator.settings.role_credentials = lifetime
        if cached:
            stage.run(where, "async_frozen.py", "dev", 1)
            stage.emulator.requests.clear()
        stage.emulator.faults.add(OPERATION, latency=size.latency)
        result = stage.run(where, program, "dev", argument)
        return {**result, "sent": stage.emulator.requests.count(OPERATION)}


def conditions(size: Size) -> str:
    """Return the end of a title."""
    return f"portal at {size.latency * 1e3:g} ms; rounds: {size.rounds}"


if __name__ == "__main__":
    main()
