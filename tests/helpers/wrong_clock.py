"""Makes the clock of a process wrong, as it is on a machine: files get wrong times, too."""

from __future__ import annotations

import os
import time
from typing import Any

__all__ = ["WrongClock"]


class WrongClock:
    """A clock of which the offset can be set later.

    Default values of parameters keep functions, so install it before other imports.
    """

    def __init__(self) -> None:
        self.offset = 0
        """In seconds."""
        self._time, self._utime = time.time, os.utime

    def install(self) -> None:
        """Replace the functions of this process that read the time or the times of files."""
        time.time = lambda: self._time() + self.offset
        for name in ("stat", "lstat", "fstat"):
            setattr(os, name, self._shifted(getattr(os, name)))
        os.supports_fd = {*os.supports_fd, self._set_times}
        os.utime = self._set_times  # type: ignore[assignment]

    def _shifted(self, function: Any) -> Any:
        def status_of(*arguments: Any, **options: Any) -> os.stat_result:
            status = function(*arguments, **options)
            fields = {name: getattr(status, name) for name in dir(status) if name[:3] == "st_"}
            for name in ("st_mtime", "st_ctime"):
                fields[name] += self.offset
                fields[f"{name}_ns"] += self.offset * 10**9
            return os.stat_result(tuple(status), fields)

        return status_of

    def _set_times(self, file: Any, *, ns: tuple[int, int]) -> None:
        """Do what `os.utime` does, as far as our code uses it."""
        self._utime(file, ns=(ns[0] - self.offset * 10**9, ns[1] - self.offset * 10**9))
