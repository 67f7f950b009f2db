"""How long it takes to list the roles of many accounts, by the budget of requests per second.

python benchmarks/bench_directory.py [accounts] [latency of the portal in seconds]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import sso_plugin
from sso_plugin.budget import Budget
from sso_plugin.emulator import Emulator, Organization
from sso_plugin.filecache import own_cache

BUDGETS = (20, 100, 1000)
TAKES = 300


def main(accounts: int = 1000, latency: float = 0.1) -> None:
    """Print one line per budget."""
    with (
        tempfile.TemporaryDirectory() as home,
        Emulator(Organization.generated(accounts)) as portal,
    ):
        prepare(Path(home), portal)
        print(f"one turn of an idle budget: {time_of_a_turn() * 1e6:.0f} µs")
        portal.faults.add("ListAccountRoles", latency=latency)
        for budget in BUDGETS:
            (Path(home) / "config").write_text(
                portal.profile() + f"sso_requests_per_second = {budget}\n", encoding="utf-8"
            )
            report(portal, budget)


def prepare(home: Path, portal: Emulator) -> None:
    """Make a home in which the user is logged in."""
    os.environ.update(portal.environment(), HOME=str(home), AWS_CONFIG_FILE=str(home / "config"))
    (home / "config").write_text(portal.profile(), encoding="utf-8")
    prompt = {"show": lambda prompt: portal.approve(prompt.user_code), "sleep": lambda _: None}
    sso_plugin.login("dev", flow="device", open_browser=None, **prompt)  # type: ignore[arg-type]


def time_of_a_turn() -> float:
    """Return what a turn costs a process that has not to wait for it, in seconds."""
    budget = Budget("bench", 1e6, own_cache(durable=False))
    began = time.perf_counter()
    for _ in range(TAKES):
        budget.take()
    return (time.perf_counter() - began) / TAKES


def report(portal: Emulator, budget: int) -> None:
    """List all roles once, and say how it went."""
    portal.requests.clear()
    began = time.perf_counter()
    roles = sso_plugin.roles(profile_name="dev")
    next(roles)
    first = time.perf_counter() - began
    count = 1 + sum(1 for _ in roles)
    spent = time.perf_counter() - began
    requests = len(portal.requests)
    print(
        f"budget {budget:>4}/s: {count} roles by {requests} requests in {spent:.1f} s, "
        f"{requests / spent:.1f}/s; the first after {first:.2f} s"
    )


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((int, float), sys.argv[1:], strict=False)))
