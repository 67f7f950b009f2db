"""The same calls with a session of boto3 and with one of aiobotocore, to compare the results."""

from __future__ import annotations

import asyncio
import shutil
import threading
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
from aio import new_session

from sso_plugin import clock
from sso_plugin.credentials.background import Background
from sso_plugin.storage import documents

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from world import World

__all__ = [
    "ASYNC",
    "SYNC",
    "WAYS",
    "Async",
    "Sync",
    "Way",
    "error_of",
    "errors_of",
    "start_over",
    "with_ticks",
]

REGION = "eu-central-1"


class Sync:
    """Calls with sessions of boto3."""

    def session(self, profile: str | None = "dev", **options: Any) -> Any:
        return boto3.Session(profile_name=profile, **options)._session

    def keys(self, session: Any) -> Any:
        return session.get_credentials().get_frozen_credentials()

    def token(self, session: Any) -> Any:
        return session.get_auth_token().get_frozen_token()

    def client(self, session: Any, service: str, **options: Any) -> None:
        """Create a client, and do nothing with it."""
        session.create_client(service, **{"region_name": REGION, **options})

    def call(self, session: Any, service: str, operation: str, **options: Any) -> Any:
        """Call an operation; ``parameters`` are its own, the other options are of the client."""
        parameters = options.pop("parameters", {})
        made = session.create_client(service, **{"region_name": REGION, **options})
        return getattr(made, operation)(**parameters)

    def arn(self, session: Any) -> str:
        return str(self.call(session, "sts", "get_caller_identity")["Arn"])


class Async(Sync):
    """Calls with sessions of aiobotocore, each in an event loop of its own."""

    def session(self, profile: str | None = "dev", **_: Any) -> Any:
        return new_session(profile)  # type: ignore[arg-type]

    def keys(self, session: Any) -> Any:
        async def run() -> Any:
            return await (await session.get_credentials()).get_frozen_credentials()

        return asyncio.run(run())

    def token(self, session: Any) -> Any:
        async def run() -> Any:
            return await session.get_auth_token().get_frozen_token()

        return asyncio.run(run())

    def client(self, session: Any, service: str, **options: Any) -> None:
        async def run() -> None:
            async with session.create_client(service, **{"region_name": REGION, **options}):
                pass

        asyncio.run(run())

    def call(self, session: Any, service: str, operation: str, **options: Any) -> Any:
        return asyncio.run(self.acall(session, service, operation, **options))

    async def acall(self, session: Any, service: str, operation: str, **options: Any) -> Any:
        """Do the same as `call`, in the current event loop."""
        parameters = options.pop("parameters", {})
        context = session.create_client(service, **{"region_name": REGION, **options})
        async with context as made:
            return await getattr(made, operation)(**parameters)


Way = Sync
SYNC, ASYNC = Sync(), Async()
WAYS: dict[str, Way] = {"boto3": SYNC, "aiobotocore": ASYNC}


def error_of(call: Callable[[], object]) -> Exception:
    """Return the error that a call raises."""
    try:
        value = call()
    except Exception as exc:  # noqa: BLE001 - the test compares it
        return exc
    raise AssertionError(f"no error, but {value!r}")


def errors_of(calls: list[Coroutine[Any, Any, Any]]) -> list[BaseException]:
    """Run tasks together. All of them have to fail; return their errors.

    What they wait for begins in a thread when all of them have begun to wait.
    """
    begun = threading.Event()
    call_prepare = Background._call_prepare

    def prepare(background: Background) -> None:
        assert begun.wait(60)
        call_prepare(background)

    async def run() -> list[Any]:
        tasks = [asyncio.ensure_future(call) for call in calls]
        await asyncio.sleep(0)
        begun.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with mock.patch.object(Background, "_call_prepare", prepare):
        found = asyncio.run(run())
    assert all(isinstance(each, Exception) for each in found), found
    return found


async def with_ticks(work: Awaitable[Any]) -> tuple[Any, int]:
    """Await something; return its result, and how often the loop ran another task meanwhile."""
    task = asyncio.ensure_future(work)
    ticks = 0
    while not task.done():
        await asyncio.sleep(0.01)
        ticks += 1
    return task.result(), ticks


def start_over(world: World) -> None:
    """Remove what sso_plugin knows of earlier requests, on disk and in memory, except logins."""
    for folder in (".aws/sso-plugin", ".aws/cli"):
        shutil.rmtree(world.home / folder, ignore_errors=True)
    documents.kept_in_memory.clear()
    clock._clocks.clear()
