"""Get credentials in ten tasks. Print the longest wait of a task, and the longest gap of the loop.

python async_renewal.py PROFILE SECONDS

It has a client, as most programs do. A gap is how much longer than a millisecond a task slept that
wanted to sleep for a millisecond.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from aiobotocore.session import AioSession

TASKS = 10
PAUSE = 0.002
TICK = 0.001


async def main(profile: str, seconds: str) -> None:
    """Measure all calls but the first, which has no credentials yet."""
    session = AioSession(profile=profile)
    async with session.create_client("sts"):
        credentials = await session.get_credentials()
        await credentials.get_frozen_credentials()
        end = time.perf_counter() + float(seconds)
        tasks = [longest_wait(credentials, end) for _ in range(TASKS)]
        gap, *waits = await asyncio.gather(longest_gap(end), *tasks)
    print(json.dumps({"wait": max(waits), "gap": gap}))


async def longest_wait(credentials: Any, end: float) -> float:
    """Return the seconds of the call that took longest."""
    longest = 0.0
    while (began := time.perf_counter()) < end:
        await credentials.get_frozen_credentials()
        longest = max(longest, time.perf_counter() - began)
        await asyncio.sleep(PAUSE)
    return longest


async def longest_gap(end: float) -> float:
    """Return for how many seconds the loop did not come back to this task, at most."""
    longest = 0.0
    while (began := time.perf_counter()) < end:
        await asyncio.sleep(TICK)
        longest = max(longest, time.perf_counter() - began - TICK)
    return longest


asyncio.run(main(*sys.argv[1:]))
