"""Requests wait for a slot of the budget, and are repeated when the portal throttles them (429).

Identity Center counts the requests of a user in all processes, and answers 429 to those above its
limit. So all processes of a user share a `Budget`: in one small file, or on the server of a fleet.
"""

from __future__ import annotations

import math
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ..storage.keys import budget_key
from .budget import MAX_WAIT, CacheBudget

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..config.profile import SsoProfile
    from ..storage import Stores
    from .budget import Budget

__all__ = ["budget_of", "limit_rate", "wait_for_slot"]

_MAX_ATTEMPTS = 6
"""How often a throttled request is sent before its caller gets the error."""

_BACK_OFF = 0.1
"""Seconds before the second attempt after a server error; doubled before each further one."""

_SHARE_OF_ONE_MACHINE = 0.1
"""The part of the rate that each machine uses while it cannot share a budget with the others."""

_LISTINGS = ("ListAccounts", "ListAccountRoles")
"""Retried more often after a server error: one failed page would end a listing of a thousand."""

_OPERATIONS = ("GetRoleCredentials", *_LISTINGS)


def wait_for_slot(
    budget: Budget,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Reserve the next free slot and wait for it, at most for `MAX_WAIT` seconds."""
    deadline = now() + MAX_WAIT
    while True:
        left = deadline - now()
        slot = budget.reserve(left)
        if slot.wait <= 0:
            return
        sleep(slot.wait)
        if slot.wait >= left or budget.epoch() == slot.epoch:
            return
        # A 429 came meanwhile, so the slot is void: reserve another one.


def budget_of(profile: SsoProfile, stores: Stores) -> Budget:
    """Return the budget for the portal of a profile."""
    key, rate, server = budget_key(profile), profile.options.requests_per_second, stores.server
    if server is None:
        return CacheBudget(key, rate, stores.rates)
    from ..storage.sealing import KeyUnavailableError
    from .network_budget import NetworkBudget

    of_machine = CacheBudget(key, rate * _SHARE_OF_ONE_MACHINE, stores.rates)
    try:
        return NetworkBudget(server, stores.name_on_server("budget"), rate, of_machine)
    except KeyUnavailableError:
        return of_machine


def limit_rate(client: Any, budget: Budget) -> None:
    """Make a client of the service ``sso`` wait for a slot before each request and each retry.

    This is for the three operations that Identity Center throttles. botocore retries all others.
    """

    def wait(**_: Any) -> None:
        wait_for_slot(budget)

    def seconds_to_retry(operation: Any, response: Any, attempts: int, **_: Any) -> float | None:
        parsed = response[1] if response else {}
        metadata = parsed.get("ResponseMetadata", {})
        status = metadata.get("HTTPStatusCode", HTTPStatus.OK)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            budget.slow_down(_seconds(metadata.get("HTTPHeaders", {}).get("retry-after")))
            # Zero seconds until the next attempt: that one waits for a slot.
            return 0 if attempts < _MAX_ATTEMPTS else None
        failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR and operation.name in _LISTINGS
        # None leaves the decision to botocore, which makes fewer attempts.
        return _BACK_OFF * 2.0 ** (attempts - 1) if failed and attempts < _MAX_ATTEMPTS else None

    for operation in _OPERATIONS:
        client.meta.events.register(f"before-send.sso.{operation}", wait)
        client.meta.events.register_first(f"needs-retry.sso.{operation}", seconds_to_retry)


def _seconds(header: str | None) -> float | None:
    try:
        seconds = float(header or "")
    except ValueError:
        # A date, or no header.
        return None
    return seconds if math.isfinite(seconds) else None
