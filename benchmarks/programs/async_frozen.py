"""Print how many seconds ``await get_frozen_credentials()`` takes on average.

python async_frozen.py PROFILE TIMES
"""

from __future__ import annotations

import asyncio
import sys
import time

from aiobotocore.session import AioSession


async def main(profile: str, times: str) -> None:
    """Measure all calls but the first, which fetches the credentials."""
    credentials = await AioSession(profile=profile).get_credentials()
    await credentials.get_frozen_credentials()
    began = time.perf_counter()
    for _ in range(int(times)):
        await credentials.get_frozen_credentials()
    print((time.perf_counter() - began) / int(times))


asyncio.run(main(*sys.argv[1:]))
