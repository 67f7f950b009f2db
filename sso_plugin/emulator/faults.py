"""Faults on demand: what should go wrong, for which operation, how often."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from .operations import checked

ANY = "*"


@dataclass(frozen=True)
class Fault:
    """One thing to go wrong: a late answer, a wrong answer, or both."""

    operation: str = ANY
    status: int | None = None
    code: str | None = None
    message: str = "Injected fault"
    latency: float = 0.0
    times: int | None = None

    def __post_init__(self) -> None:
        if self.operation != ANY:
            checked(self.operation)

        if self.status is not None and not 400 <= self.status <= 599:  # noqa: PLR2004 - HTTP
            raise ValueError(f"A fault's status must be 400 to 599, not {self.status}.")

        if self.latency < 0 or (self.times is not None and self.times < 1):
            raise ValueError("A fault's latency must be 0 or more, and its times 1 or more.")

    def concerns(self, operation: str) -> bool:
        """Say whether this fault befalls an operation."""
        return self.operation in (ANY, operation)


class Faults:
    """The faults to come, first added first served."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._cleared = threading.Event()

    def add(
        self,
        operation: str = ANY,
        *,
        status: int | None = None,
        code: str | None = None,
        message: str = "Injected fault",
        latency: float = 0.0,
        times: int | None = None,
    ) -> Fault:
        """Let an operation (`*` = any) fail, `times` times or until `clear()`."""
        fault = Fault(operation, status, code, message, latency, times)
        with self._lock:
            self._faults.append(fault)

        return fault

    def pending(self) -> tuple[Fault, ...]:
        """Return the faults still to come."""
        with self._lock:
            return tuple(self._faults)

    def clear(self) -> None:
        """Let everything go right again, and let go of the requests being held up."""
        with self._lock:
            self._faults.clear()
            self._cleared.set()
            self._cleared = threading.Event()

    def strike(self, operation: str) -> Fault | None:
        """Use up the next fault for this operation, wait out its latency, and return it.

        Everything a fault does before the real answer happens here, in the request's own thread
        and with no lock held.
        """
        with self._lock:
            fault = self._take(operation)
            cleared = self._cleared

        if fault and fault.latency:
            cleared.wait(fault.latency)

        return fault

    def _take(self, operation: str) -> Fault | None:
        for index, fault in enumerate(self._faults):
            if fault.concerns(operation):
                self._count_down(index, fault)
                return fault

        return None

    def _count_down(self, index: int, fault: Fault) -> None:
        if fault.times is None:
            return

        self._faults[index : index + 1] = (
            [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
        )
