"""The faults that future requests meet, and which of them a request gets."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .injected_fault import ANY, HANG, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["Faults"]

_CHECK_INTERVAL = 0.05
"""Seconds between two checks of a hanging request whether its client has disconnected."""


class Faults:
    """The faults of future requests. The first that was added and applies is used.

    `after` and `until` follow the clock of the emulator, so a test can advance a schedule.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._planned: list[_Planned] = []
        self._cleared = threading.Event()

    def add(self, operation: str = ANY, **arguments: Any) -> Fault:
        """Add a fault for an operation (`*` is any). See `Fault` for the arguments."""
        fault = Fault(operation, **arguments)
        self._plan([fault])
        return fault

    def schedule(self, entries: Iterable[tuple[float, float, Fault | Mapping[str, Any]]]) -> None:
        """Add faults as (start, end, fault), in seconds from now. If one is invalid, add none."""
        self._plan(
            [
                replace(_as_fault(fault), after=float(start), until=float(end))
                for start, end, fault in entries
            ]
        )

    def pending(self) -> tuple[Fault, ...]:
        """Return the faults that have not ended."""
        with self._lock:
            self._drop_finished()
            return tuple(each.fault for each in self._planned)

    def clear(self) -> None:
        """Remove all faults, and release requests that they delay."""
        with self._lock:
            self._planned.clear()
            self._cleared.set()
            self._cleared = threading.Event()

    def apply_next(
        self, operation: str, has_gone: Callable[[], bool] = lambda: False
    ) -> Fault | None:
        """Take the next fault for this operation, wait as long as it delays, and return it.

        Waits in the thread of the request, without a lock.

        :param has_gone: returns whether the client has disconnected.
        """
        with self._lock:
            planned = self._take(operation)
            cleared = self._cleared

        if planned is None:
            return None

        if planned.fault.latency:
            cleared.wait(planned.fault.latency)

        if planned.fault.kind == HANG:
            while not (cleared.is_set() or has_gone() or self._now() >= planned.end):
                cleared.wait(_CHECK_INTERVAL)

        return planned.fault

    def _plan(self, faults: list[Fault]) -> None:
        now = self._now()
        with self._lock:
            self._planned += [_Planned.at(now, fault) for fault in faults]

    def _take(self, operation: str) -> _Planned | None:
        self._drop_finished()
        now = self._now()
        for index, each in enumerate(self._planned):
            if each.is_due(operation, now):
                self._count_down(index, each)
                return each

        return None

    def _drop_finished(self) -> None:
        now = self._now()
        self._planned = [each for each in self._planned if now < each.end]

    def _count_down(self, index: int, planned: _Planned) -> None:
        times = planned.fault.times
        if times == 1:
            del self._planned[index]
        elif times is not None:
            fault = replace(planned.fault, times=times - 1)
            self._planned[index] = replace(planned, fault=fault)


@dataclass(frozen=True)
class _Planned:
    """A fault with its start and end, and the random numbers for its `rate`."""

    fault: Fault
    start: float
    end: float
    random_numbers: random.Random

    @classmethod
    def at(cls, now: float, fault: Fault) -> _Planned:
        end = float("inf") if fault.until is None else now + fault.until
        # Seeded, so that a test can be repeated. Nothing secret depends on it.
        return cls(fault, now + fault.after, end, random.Random(fault.seed))  # noqa: S311

    def is_due(self, operation: str, now: float) -> bool:
        if now < self.start or not self.fault.applies_to(operation):
            return False

        return self.fault.rate == 1 or self.random_numbers.random() < self.fault.rate


def _as_fault(given: Fault | Mapping[str, Any]) -> Fault:
    return given if isinstance(given, Fault) else Fault(**given)
