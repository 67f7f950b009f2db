"""One thing to go wrong, as a value that is checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass

from .operations import checked

ANY = "*"

ERROR = "error"
HANG = "hang"
RESET = "reset"
CUT = "cut"
TRUNCATED = "truncated"
PAGE = "page"

KINDS = (ERROR, HANG, RESET, CUT, TRUNCATED, PAGE)


@dataclass(frozen=True)
class Fault:
    """What befalls which requests, and when; times in seconds from when it is added.

    error: a refusal with `status`; without one, the answer is only late by `latency`
    hang: no answer until the faults are cleared, `until` has come, or the client has gone
    reset: the connection is reset before anything is done
    cut: it is reset after `size` bytes (by default, half) of the real answer's body
    truncated: the real answer ends after `size` bytes, and says so
    page: not the service answers but a proxy on the way, with a page, by default as if all is well
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
            checked(self.operation)

        problem = self._problem()
        if problem:
            raise ValueError(f"A fault's {problem}.")

    def concerns(self, operation: str) -> bool:
        """Say whether this fault befalls an operation."""
        return self.operation in (ANY, operation)

    def _problem(self) -> str | None:
        if self.kind not in KINDS:
            return f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}"

        return self._problem_of_answer() or self._problem_of_moment()

    def _problem_of_answer(self) -> str | None:
        lowest = 200 if self.kind == PAGE else 400
        if self.status is not None and not lowest <= self.status <= 599:  # noqa: PLR2004 - HTTP
            return f"status must be {lowest} to 599, not {self.status}"

        if self.status is not None and self.kind not in (ERROR, PAGE):
            return f"kind {self.kind!r} has no status"

        if self.latency < 0 or (self.retry_after is not None and self.retry_after < 0):
            return "latency and retry_after must be 0 or more"

        return "size must be 0 or more" if self.size is not None and self.size < 0 else None

    def _problem_of_moment(self) -> str | None:
        if self.times is not None and self.times < 1:
            return "times must be 1 or more"

        if not 0 < self.rate <= 1:
            return "rate must be more than 0 and at most 1"

        if self.after < 0 or (self.until is not None and self.until <= self.after):
            return "after must be 0 or more, and until later than that"

        return None
