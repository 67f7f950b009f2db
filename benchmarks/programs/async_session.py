"""Create a session, its credentials and a client several times. Print the seconds of each time.

python async_session.py PROFILE TIMES
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from aiobotocore.session import AioSession


async def main(profile: str, times: str) -> None:
    """Print a list of seconds."""
    print(json.dumps([await one_client(profile) for _ in range(int(times))]))


async def one_client(profile: str) -> float:
    """Return how many seconds it took."""
    began = time.perf_counter()
    session = AioSession(profile=profile)
    await (await session.get_credentials()).get_frozen_credentials()
    async with session.create_client("sts"):
        return time.perf_counter() - began


asyncio.run(main(*sys.argv[1:]))
