"""One injected fault, as a value that is validated when it is created."""

from __future__ import annotations

from dataclasses import dataclass

from .operation_names import check_operation_name

__all__ = ["ANY", "CUT", "ERROR", "HANG", "KINDS", "PAGE", "RESET", "TRUNCATED", "Fault"]

ANY = "*"
"""Matches every operation."""

ERROR = "error"
HANG = "hang"
RESET = "reset"
CUT = "cut"
TRUNCATED = "truncated"
PAGE = "page"

KINDS = (ERROR, HANG, RESET, CUT, TRUNCATED, PAGE)


@dataclass(frozen=True)
class Fault:
    """What happens to which requests, and when.

    `after` and `until` are in seconds from when the fault is added. The kinds are:

    error: an error with `status`; without a status, the response is only late by `latency`
    hang: no response until the faults are cleared, `until` is reached, or the client disconnects
    reset: the connection is reset before the request is handled
    cut: the connection is reset after `size` bytes (by default half) of the response body
    truncated: the response body ends after `size` bytes, and Content-Length says so
    page: a proxy responds with an HTML page, by default with status 200
    """

    operation: str = ANY
    kind: str = ERROR
    status: int | None = None
    code: str | None = None
    message: str = "Injected fault"
    latency: float = 0.0
    size: int | None = None
    retry_after: float | None = None
    times: int | None = None
    rate: float = 1.0
    seed: int = 0
    after: float = 0.0
    until: float | None = None

    def __post_init__(self) -> None:
        if self.operation != ANY:
            check_operation_name(self.operation)

        problem = self._problem()
        if problem:
            raise ValueError(f"Invalid fault: {problem}.")

    def applies_to(self, operation: str) -> bool:
        """Return whether this fault affects an operation."""
        return self.operation in (ANY, operation)

    def _problem(self) -> str | None:
        if self.kind not in KINDS:
            return f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}"

        return self._response_problem() or self._timing_problem()

    def _response_problem(self) -> str | None:
        lowest = 200 if self.kind == PAGE else 400
        if self.status is not None and not lowest <= self.status <= 599:  # noqa: PLR2004 - HTTP
            return f"status must be {lowest} to 599, not {self.status}"

        if self.status is not None and self.kind not in (ERROR, PAGE):
            return f"kind {self.kind!r} has no status"

        if self.latency < 0 or (self.retry_after is not None and self.retry_after < 0):
            return "latency and retry_after must be 0 or more"

        return "size must be 0 or more" if self.size is not None and self.size < 0 else None

    def _timing_problem(self) -> str | None:
        if self.times is not None and self.times < 1:
            return "times must be 1 or more"

        if not 0 < self.rate <= 1:
            return "rate must be more than 0 and at most 1"

        if self.after < 0 or (self.until is not None and self.until <= self.after):
            return "after must be 0 or more, and until must be later than after"

        return None
