"""Send requests, each with a session of its own. Print their number, the median and the threads.

python async_requests.py PROFILE SECONDS

As in a web server that makes a session for each request that it serves.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from statistics import median

from aiobotocore.session import AioSession
from thread_count import count_threads  # type: ignore[import-not-found]  # beside this file


async def main(profile: str, seconds: str) -> None:
    """Send one request after the other."""
    end = time.perf_counter() + float(seconds)
    started = count_threads()
    times: list[float] = []
    while time.perf_counter() < end:
        times.append(await one_request(profile))
    result = {"requests": len(times), "median": median(times), "threads": len(started)}
    print(json.dumps(result))


async def one_request(profile: str) -> float:
    """Return how many seconds it took."""
    began = time.perf_counter()
    async with AioSession(profile=profile).create_client("sts") as client:
        await client.get_caller_identity()
    return time.perf_counter() - began


asyncio.run(main(*sys.argv[1:]))
