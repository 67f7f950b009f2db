"""Faults on demand: what is going to go wrong, in which order, and whose turn it is."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .fault import ANY, HANG, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["ANY", "Fault", "Faults"]

# How often a request that hangs looks whether anybody still waits for it, in seconds.
_GLANCE = 0.05


class Faults:
    """The faults to come, first added first served.

    The hours of a fault are the emulator's, so that moving the clock moves a schedule on.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._planned: list[_Planned] = []
        self._cleared = threading.Event()

    def add(self, operation: str = ANY, **what: Any) -> Fault:
        """Let an operation (`*` = any) fail; see `Fault` for how, and from when until when."""
        fault = Fault(operation, **what)
        self._plan([fault])
        return fault

    def schedule(self, entries: Iterable[tuple[float, float, Fault | Mapping[str, Any]]]) -> None:
        """Add faults that each have their time: (start, end, fault), in seconds from now.

        All of them or, if one is wrong, none.
        """
        self._plan(
            [
                replace(_as_fault(fault), after=float(start), until=float(end))
                for start, end, fault in entries
            ]
        )

    def pending(self) -> tuple[Fault, ...]:
        """Return the faults still to come, or going on."""
        with self._lock:
            self._drop_finished()
            return tuple(each.fault for each in self._planned)

    def clear(self) -> None:
        """Let everything go right again, and let go of the requests being held up."""
        with self._lock:
            self._planned.clear()
            self._cleared.set()
            self._cleared = threading.Event()

    def strike(self, operation: str, gone: Callable[[], bool] = lambda: False) -> Fault | None:
        """Use up the next fault for this operation, wait as long as it says, and return it.

        Everything a fault does before the real answer happens here, in the request's own thread
        and with no lock held. `gone` says whether the client has given up.
        """
        with self._lock:
            struck = self._take(operation)
            cleared = self._cleared

        if struck is None:
            return None

        if struck.fault.latency:
            cleared.wait(struck.fault.latency)

        if struck.fault.kind == HANG:
            while not (cleared.is_set() or gone() or self._now() >= struck.end):
                cleared.wait(_GLANCE)

        return struck.fault

    def _plan(self, faults: list[Fault]) -> None:
        now = self._now()
        with self._lock:
            self._planned += [_Planned.at(now, fault) for fault in faults]

    def _take(self, operation: str) -> _Planned | None:
        self._drop_finished()
        now = self._now()
        for index, each in enumerate(self._planned):
            if each.strikes(operation, now):
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
    """A fault with its hours, and the dice it throws for each request."""

    fault: Fault
    start: float
    end: float
    dice: random.Random

    @classmethod
    def at(cls, now: float, fault: Fault) -> _Planned:
        end = float("inf") if fault.until is None else now + fault.until
        # Reproducible on purpose, and nothing that has to be secret.
        return cls(fault, now + fault.after, end, random.Random(fault.seed))  # noqa: S311

    def strikes(self, operation: str, now: float) -> bool:
        if now < self.start or not self.fault.concerns(operation):
            return False

        return self.fault.rate == 1 or self.dice.random() < self.fault.rate


def _as_fault(given: Fault | Mapping[str, Any]) -> Fault:
    return given if isinstance(given, Fault) else Fault(**given)
