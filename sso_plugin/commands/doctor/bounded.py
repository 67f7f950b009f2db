"""A timeout for a whole call, including DNS, proxies, and servers that send byte by byte."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["within"]

T = TypeVar("T")


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return the result of a call. After the timeout the call goes on in its thread.

    :raises TimeoutError: if it takes longer.
    """
    results: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            results.append(call())
        except Exception as exc:  # noqa: BLE001 - raised again below
            errors.append(exc)

    thread = threading.Thread(target=run, name="sso-plugin-doctor", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(f"no response within {seconds:g} seconds")
    return results[0]
