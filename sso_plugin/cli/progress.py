"""A progress bar on standard error, shown on terminals only."""

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
    """A progress bar as a context manager, which erases it at the end."""

    def __init__(self, label: str) -> None:
        screen = console()
        self._shown = is_terminal(sys.stderr) and screen.is_interactive
        self._progress = Progress(
            TextColumn(label),
            BarColumn(),
            MofNCompleteColumn(),
            console=screen,
            transient=True,
            # Otherwise rich would redirect our data to standard error.
            redirect_stdout=False,
        )
        self._task = self._progress.add_task(label, total=None)

    def update(self, done: int, total: int) -> None:
        """Show how much is done."""
        self._progress.update(self._task, completed=done, total=total)

    def finish(self) -> None:
        """Erase the bar."""
        # Without a bar, old versions of rich would print an empty line.
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
