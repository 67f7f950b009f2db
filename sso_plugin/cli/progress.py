"""A progress bar on standard error, where a person watches it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from .output import console, is_terminal

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["Bar"]


class Bar:
    """A context manager; what it drew is gone after it."""

    def __init__(self, label: str) -> None:
        screen = console()
        self._shown = is_terminal(sys.stderr) and screen.is_interactive
        self._progress = Progress(
            TextColumn(label),
            BarColumn(),
            MofNCompleteColumn(),
            console=screen,
            transient=True,
            # Or what is printed meanwhile, which is data, would go where the bar goes.
            redirect_stdout=False,
        )
        self._task = self._progress.add_task(label, total=None)

    def update(self, done: int, total: int) -> None:
        """Draw how much is done."""
        self._progress.update(self._task, completed=done, total=total)

    def finish(self) -> None:
        """Take the bar away."""
        # Where there is none, older versions of rich would still print an empty line.
        if self._shown:
            self._progress.stop()

    def __enter__(self) -> Self:
        if self._shown:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.finish()
