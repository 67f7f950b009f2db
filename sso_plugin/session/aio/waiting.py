"""Waits for a background thread, in a task of asyncio or trio."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import math
import sys
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Renewable", "end_of", "value_of"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Renewable(Protocol[T_co]):
    """A value that is renewed in a background thread, such as `SsoCredentials`."""

    def at_hand(self, *, waited: bool = False) -> T_co | None:
        """Return the value, unless a caller has to wait for it. Never blocks."""

    def renew(self) -> tuple[Future[Exception | None], float | None]:
        """Start a renewal, unless one runs. Return its future, and the seconds to wait for it."""


async def value_of(renewable: Renewable[T]) -> T:
    """Return a value, after a renewal if that is necessary.

    If the task is cancelled, the renewal goes on: other tasks may wait for it.

    :raises Exception: a copy of the error of the renewal, for each task.
    """
    value = renewable.at_hand()
    while value is None:
        future, seconds = renewable.renew()
        await end_of(future, seconds)
        value = renewable.at_hand(waited=True)
        if value is None and future.done():
            error = future.exception() or future.result()
            if error is not None:
                raise copy.copy(error) from error.__cause__
    return value


async def end_of(future: Future[Any], seconds: float | None = None) -> None:
    """Wait until a future of a thread is done, for a number of seconds at most."""
    trio: Any = sys.modules.get("trio")
    token = _current_token(trio) if trio else None
    if token is None:
        await _end_in_asyncio(future, seconds)
    else:
        await _end_in_trio(trio, token, future, seconds)


def _current_token(trio: Any) -> Any:
    """Return the token of the loop of trio that runs in this thread; None if there is none."""
    try:
        return trio.lowlevel.current_trio_token()
    except RuntimeError:
        return None


async def _end_in_asyncio(future: Future[Any], seconds: float | None) -> None:
    loop = asyncio.get_running_loop()
    waiter = loop.create_future()

    def end() -> None:
        if not waiter.done():
            waiter.set_result(None)

    def wake(_: object) -> None:
        # The loop may have been closed since.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(end)

    future.add_done_callback(wake)
    await asyncio.wait([waiter], timeout=seconds)


async def _end_in_trio(trio: Any, token: Any, future: Future[Any], seconds: float | None) -> None:
    event = trio.Event()

    def wake(_: object) -> None:
        with contextlib.suppress(trio.RunFinishedError):
            token.run_sync_soon(event.set)

    future.add_done_callback(wake)
    with trio.move_on_after(math.inf if seconds is None else seconds):
        await event.wait()
