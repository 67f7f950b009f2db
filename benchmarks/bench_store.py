"""Measure what one Valkey or Redis server carries: our scripts, by the clients of many machines.

Needs redis-server or valkey-server. The server and its clients share the cores of this machine.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from measure import compare, in_turns, is_quick, table
from store import PROGRAM, Store

from sso_plugin.config.store_address import read_store_address
from sso_plugin.portal.budget import CacheBudget
from sso_plugin.portal.network_budget import RESERVE, NetworkBudget
from sso_plugin.storage.documents import DocumentFolder
from sso_plugin.storage.file_cache import FileCache
from sso_plugin.storage.network import scripts
from sso_plugin.storage.network.server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.storage.network.scripts import Script

TAG = "{sso-plugin:0123456789abcdef0123456789abcdef}"
LOCK, TOKEN, CLOCK, OFFERED, ROLE, BUDGET = (
    f"{TAG}:{kind}:0123456789abcdef0123456789abcdef"
    for kind in ("lock", "tokens", "clock", "offered", "roles", "budget")
)
DOCUMENT = json.dumps({"sealed": "x" * 3000})
"""About as long as a sealed token with its client secret."""

CALLS: dict[str, tuple[Script, list[str], list[Any]]] = {
    "look at the token": (scripts.READ_TOKEN, [TOKEN, CLOCK, OFFERED], []),
    "wait for its lock": (scripts.ACQUIRE, [LOCK, TOKEN], ["another one", 10_000]),
    "read role credentials": (scripts.READ, [ROLE, CLOCK], []),
    "a turn of the budget": (RESERVE, [BUDGET], [1e6, 60.0]),
}


def client_of(url: str) -> RedisServer:
    """Return a client with a connection of its own."""
    return RedisServer(read_store_address(url, "sso_store"))


def fill(server: RedisServer) -> None:
    """Store a token, its lock and role credentials."""
    login: list[str | float] = ["login", "", "identity", 2e9, DOCUMENT, 86_400_000, ""]
    server.call(scripts.WRITE_TOKEN, [TOKEN, CLOCK, OFFERED], login)
    server.call(scripts.ACQUIRE, [LOCK, TOKEN], ["holder", 86_400_000])
    server.call(scripts.WRITE, [ROLE, CLOCK], [DOCUMENT, 86_400_000, ""])


def load(url: str, name: str, seconds: float, start: Any, counts: Any) -> None:
    """Call a script again and again, and report how often."""
    server, (script, keys, arguments) = client_of(url), CALLS[name]
    server.call(script, keys, arguments)
    start.wait()
    end, count = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        server.call(script, keys, arguments)
        count += 1
    counts.put(count)


def used_by(process: int) -> float:
    """Return the seconds of processor time that the server has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def capacity(store: Store, clients: int, seconds: float) -> None:
    """Print the calls in a second of the server's processor time, for each script."""
    lines, process = [], client_of(store.url).client().info("server")["process_id"]
    for name in CALLS:
        start = multiprocessing.Barrier(clients)
        counts: Any = multiprocessing.SimpleQueue()
        arguments = store.url, name, seconds, start, counts
        programs = [multiprocessing.Process(target=load, args=arguments) for _ in range(clients)]
        before = used_by(process)
        for each in programs:
            each.start()
        total = sum(counts.get() for _ in programs)
        for each in programs:
            each.join()
        busy = max(used_by(process) - before, 0.01)
        lines.append((name, f"{total / busy:,.0f}", f"{busy / total * 1e6:.0f} µs"))
    table(
        f"What one core of the server does ({clients} clients)", ("", "calls/s", "per call"), lines
    )


def latency(store: Store, rounds: int) -> None:
    """Print how long a call takes, beside reading the same document from a file."""
    server = client_of(store.url)
    with tempfile.TemporaryDirectory() as folder:
        files = FileCache(DocumentFolder(Path(folder)))
        files.put("token", {"text": DOCUMENT})
        own = CacheBudget("budget", 1e6, FileCache(DocumentFolder(Path(folder), durable=False)))
        shared = NetworkBudget(server, BUDGET, 1e6, own)

        def lock() -> None:
            server.call(scripts.ACQUIRE, [f"{LOCK}2", TOKEN], ["me", 10_000])
            server.call(scripts.RELEASE, [f"{LOCK}2"], ["me"])

        def caller(name: str) -> Callable[[], object]:
            script, keys, arguments = CALLS[name]
            return lambda: server.call(script, keys, arguments)

        candidates: dict[str, Callable[[], object]] = {
            "read a file": lambda: files.get("token"),
            "read the token": caller("look at the token"),
            "read role credentials": caller("read role credentials"),
            "lock and unlock": lock,
            "a turn of the budget": lambda: shared.reserve(60.0),
            "a turn of the budget in a file": lambda: own.reserve(60.0),
        }
        timed = {name: timer(call) for name, call in candidates.items()}
        compare("Time of a call", in_turns(timed, rounds), "µs")


def timer(call: Callable[[], object], repeats: int = 20) -> Callable[[], float]:
    """Return a function that returns the median time of a call."""

    def run() -> float:
        times = []
        for _ in range(repeats):
            began = time.perf_counter()
            call()
            times.append(time.perf_counter() - began)
        return median(times)

    return run


def memory(store: Store, logins: int) -> None:
    """Print what a login with two roles takes in the memory of the server."""
    server = client_of(store.url)
    client = server.client()
    before = client.info("memory")["used_memory"]
    for number in range(logins):
        name = TAG.replace("0123456789", f"{number:010}")
        login: list[str | float] = ["login", "", "i" * 64, 2e9, DOCUMENT, 86_400_000, ""]
        server.call(scripts.WRITE_TOKEN, [f"{name}:t", f"{name}:c", f"{name}:o"], login)
        for role in range(2):
            keys = [f"{name}:roles:{role}", f"{name}:c"]
            server.call(scripts.WRITE, keys, [DOCUMENT, 86_400_000, ""])
        server.call(RESERVE, [f"{name}:budget"], [20.0, 60.0])
    each = (client.info("memory")["used_memory"] - before) / logins
    heads = ("", "memory", "logins in 1 GB")
    table(
        f"{logins} logins with two roles each",
        heads,
        [("a login", f"{each / 1000:.1f} kB", f"{1e9 / each:,.0f}")],
    )


def main() -> None:
    """Print the tables."""
    quick = is_quick(__doc__)
    if PROGRAM is None:
        sys.exit("This needs redis-server or valkey-server.")
    with Store() as store:
        fill(client_of(store.url))
        capacity(store, *((1, 0.05) if quick else (4, 3.0)))
        latency(store, 1 if quick else 25)
        memory(store, 3 if quick else 2000)


if __name__ == "__main__":
    main()
