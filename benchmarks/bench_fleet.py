"""Count requests and failures of processes on many machines, with a store and with copied files.

Each machine is a home directory. Needs a system with fork, and redis-server or valkey-server.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from measure import is_quick, table
from stage import OURS, STOCK, Stage
from store import PROGRAM, Store

if TYPE_CHECKING:
    from pathlib import Path

LATENCY = 0.1
TOKEN_LIFETIME = 3.0
"""Seconds until the token of a login expires, which the processes have to renew."""

WORKDAY = 8 * 3600.0
"""The lifetime of all other tokens."""

RATE, LISTINGS = 20, 8
"""How many requests per second the portal accepts, and how often each process lists accounts."""

COPIES, ONE_STORE = "copied files", "one store"

_LOG_IN = """
import sso_plugin
def show(prompt):
    print(prompt.user_code, flush=True)
sso_plugin.login("dev", flow="device", force=True, show=show, open_browser=None)
"""


class Way(NamedTuple):
    """A Python, and how the machines get the login."""

    where: str
    sharing: str

    def __str__(self) -> str:
        return f"{self.where}, {self.sharing}"


WAYS = (Way(STOCK, COPIES), Way(OURS, COPIES), Way(OURS, ONE_STORE))


class Fleet:
    """Homes of machines, with a store that some of the programs use."""

    def __init__(self, stage: Stage, store: Store) -> None:
        self.stage = stage
        self.emulator = stage.emulator
        self.store = store

    def set_up(self, way: Way, number: int, lifetime: float = TOKEN_LIFETIME) -> list[Path]:
        """Create homes, and log a user in with an access token that by default expires soon."""
        homes = [self.stage.folder / "homes" / str(each) for each in range(number)]
        shutil.rmtree(self.stage.folder / "homes", ignore_errors=True)
        config = self.emulator.profile()
        if way.sharing == ONE_STORE:
            self.store.reset()
            head = "[sso-session corp]\n"
            config = config.replace(head, f"{head}sso_store = {self.store.url}\n")
        for home in homes:
            (home / ".aws").mkdir(parents=True)
            (home / ".aws/config").write_text(config, encoding="utf-8")
        self.emulator.settings.access_token = lifetime
        self._log_in(homes[0])
        self.emulator.settings.access_token = WORKDAY
        if way.sharing == COPIES:
            for home in homes[1:]:
                shutil.copytree(homes[0] / ".aws/sso", home / ".aws/sso")
        self.emulator.requests.clear()
        return homes

    def run(self, way: Way, processes: int, call: object, homes: list[Path]) -> Any:
        """Run processes on homes, and return what the program prints."""
        return self.stage.run(way.where, "fleet.py", processes, call, *homes)

    def _log_in(self, home: Path) -> None:
        program = subprocess.Popen(
            [self.stage.python(OURS), "-c", _LOG_IN],
            env={**self.stage.environment(), "HOME": str(home), "USERPROFILE": str(home)},
            stdout=subprocess.PIPE,
            text=True,
        )
        with program:
            user_code = next(iter(program.stdout or ()), "").strip()
            self.emulator.approve(user_code)


def renewals(fleet: Fleet, number: int) -> None:
    """Print a line for each way: one process on each machine finds an expired token."""
    lines = []
    for way in WAYS:
        homes = fleet.set_up(way, number)
        time.sleep(TOKEN_LIFETIME)
        done = fleet.run(way, number, "credentials", homes)
        counts = [fleet.emulator.requests.count(name) for name in HEADS[1:3]]
        lines.append((way, *counts, done["failed"], f"{done['seconds']:.2f}"))
    title = f"{number} machines find an expired token, whose refresh token can be used once"
    table(title, HEADS, lines)


HEADS = ("", "GetRoleCredentials", "CreateToken", "failed", "seconds")


def growth(fleet: Fleet, machines: int, numbers: tuple[int, ...]) -> None:
    """Print a line for each number of processes, which share an expired token by the store."""
    lines = []
    way = WAYS[-1]
    for number in numbers:
        homes = fleet.set_up(way, machines)
        time.sleep(TOKEN_LIFETIME)
        before = fleet.store.requests()
        done = fleet.run(way, number, "credentials", homes)
        requests = len(fleet.emulator.requests)
        of_store = (fleet.store.requests() - before) / min(number, machines)
        lines.append(
            (
                f"{number} processes",
                str(requests),
                done["failed"],
                f"{of_store:.1f}",
                f"{done['seconds']:.2f}",
                f"{done['seconds'] / number:.3f}",
            )
        )
    heads = ("", "of the portal", "failed", "of the store per machine", "seconds", "per process")
    table(f"Requests of processes on {machines} machines", heads, lines)


def budget(fleet: Fleet, processes: int) -> None:
    """Print a line for each way: each process lists the accounts, on a machine of its own."""
    lines = []
    for way in WAYS:
        homes = fleet.set_up(way, processes, WORKDAY)
        fleet.emulator.settings.requests_per_second = RATE
        done = fleet.run(way, processes, LISTINGS, homes)
        fleet.emulator.settings.requests_per_second = None
        listings = [each for each in fleet.emulator.requests if each.operation == "ListAccounts"]
        times = [each.time for each in listings]
        ideal = (processes * LISTINGS - 1) / RATE
        lines.append(
            (
                way,
                len(listings),
                sum(each.status == HTTPStatus.TOO_MANY_REQUESTS for each in listings),
                done["failed"],
                f"{(max(times) - min(times)) / ideal:.2f} x",
            )
        )
    title = f"{processes} machines list the accounts {LISTINGS} times each, at {RATE}/s"
    table(title, ("", "requests", "throttled (429)", "failed", "ideal time"), lines)


def main() -> None:
    """Print the tables."""
    quick = is_quick(__doc__)
    if PROGRAM is None:
        sys.exit("This needs redis-server or valkey-server.")
    with ExitStack() as stack:
        store, stage = stack.enter_context(Store()), stack.enter_context(Stage())
        stage.variables["SSO_PLUGIN_STORE_KEY_FILE"] = str(store.key_file)
        fleet = Fleet(stage, store)
        fleet.emulator.settings.refresh_tokens = "rotate-strict"
        fleet.emulator.settings.poll_interval = 0
        for operation in HEADS[1:3]:
            stage.emulator.faults.add(operation, latency=LATENCY)
        renewals(fleet, 3 if quick else 64)
        growth(fleet, *((2, (1, 4)) if quick else (50, (1, 10, 50, 100, 200))))
        budget(fleet, 2 if quick else 40)


if __name__ == "__main__":
    main()
