"""Many tasks need credentials at the same time. Print failures, seconds and threads.

python async_crowd.py PROFILE NUMBER
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from aiobotocore.session import AioSession
from thread_count import count_threads  # type: ignore[import-not-found]  # beside this file


async def main(profile: str, number: str) -> None:
    """Start all tasks, and wait until all have ended."""
    started = count_threads()
    began = time.perf_counter()
    tasks = [first_use(profile) for _ in range(int(number))]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    seconds = time.perf_counter() - began
    failed = sum(isinstance(result, BaseException) for result in results)
    print(json.dumps({"failed": failed, "seconds": seconds, "threads": len(started)}))


async def first_use(profile: str) -> None:
    """Get credentials in a session of its own."""
    credentials = await AioSession(profile=profile).get_credentials()
    await credentials.get_frozen_credentials()


asyncio.run(main(*sys.argv[1:]))
