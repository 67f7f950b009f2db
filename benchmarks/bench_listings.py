"""Measure how long it takes to list the roles of many accounts, by requests per second."""

from __future__ import annotations

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import boto3
from botocore.tokens import SSOTokenProvider
from measure import parser, table

import sso_plugin
from sso_plugin.config.profile import Options
from sso_plugin.emulator import Emulator, Organization
from sso_plugin.portal.budget import CacheBudget
from sso_plugin.portal.throttling import wait_for_slot
from sso_plugin.storage import Stores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

RATES = (20, 100, 1000)
"""Values of `sso_requests_per_second`."""

QUICK_RATES = (1000,)
TAKES = 300
"""How often a turn is measured."""


def main() -> None:
    """Print a line for stock botocore, with one call after the other, and one for each rate."""
    arguments = parser(__doc__)
    arguments.add_argument("--accounts", type=int, default=200)
    arguments.add_argument(
        "--latency", type=float, default=0.1, help="latency of the portal in seconds"
    )
    options = arguments.parse_args()
    accounts = 10 if options.quick else options.accounts
    with TemporaryDirectory() as home, Emulator(Organization.generated(accounts)) as portal:
        config = Path(home) / "config"
        os.environ.update(portal.environment(), HOME=home, USERPROFILE=home)
        # botocore has derived this path from the home directory when it was imported.
        SSOTokenProvider._SSO_TOKEN_CACHE_DIR = f"{home}/.aws/sso/cache"  # type: ignore[attr-defined]  # noqa: SLF001
        os.environ["AWS_CONFIG_FILE"] = str(config)
        config.write_text(portal.profile(), encoding="utf-8")
        log_in(portal)
        turn = time_of_a_turn()
        portal.faults.add("ListAccountRoles", latency=options.latency)
        lines = [timed("stock botocore", portal, lambda: stock_roles(portal))]
        for rate in QUICK_RATES if options.quick else RATES:
            text = f"{portal.profile()}sso_requests_per_second = {rate}\n"
            config.write_text(text, encoding="utf-8")
            name = f"sso_plugin, {rate}/s"
            lines.append(timed(name, portal, lambda: sso_plugin.roles(profile_name="dev")))
    title = f"Roles of {accounts} accounts, portal at {options.latency * 1e3:.0f} ms"
    table(title, ("", "roles", "requests", "seconds", "per second", "first result"), lines)
    print(f"  One turn without waiting: {turn * 1e6:.0f} µs")


def log_in(portal: Emulator) -> None:
    """Write a token to the cache."""
    sso_plugin.login(
        "dev",
        flow="device",
        show=lambda prompt: portal.approve(str(prompt.user_code)),
        open_browser=None,
    )


def time_of_a_turn() -> float:
    """Return how many seconds a turn takes for a process that does not have to wait."""
    budget = CacheBudget("bench", 1e6, Stores(Options()).rates)
    began = time.perf_counter()
    for _ in range(TAKES):
        wait_for_slot(budget)
    return (time.perf_counter() - began) / TAKES


def stock_roles(portal: Emulator) -> Iterable[object]:
    """Yield roles as scripts do: account by account, with a token that they already have."""
    token = portal.sign_in().access_token
    client: Any = boto3.client("sso", region_name=portal.region)
    for page in client.get_paginator("list_accounts").paginate(accessToken=token):
        for account in page["accountList"]:
            pages = client.get_paginator("list_account_roles").paginate(
                accessToken=token, accountId=account["accountId"]
            )
            yield from pages.search("roleList[]")


def timed(name: str, portal: Emulator, list_roles: Callable[[], Iterable[object]]) -> list[str]:
    """List all roles once. Return a line of the table."""
    portal.requests.clear()
    began = time.perf_counter()
    roles = iter(list_roles())
    next(roles)
    first = time.perf_counter() - began
    count = 1 + sum(1 for _ in roles)
    elapsed = time.perf_counter() - began
    requests = len(portal.requests)
    speed = f"{requests / elapsed:.0f}"
    return [name, str(count), str(requests), f"{elapsed:.1f}", speed, f"{first:.2f} s"]


if __name__ == "__main__":
    main()
