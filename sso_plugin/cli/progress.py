"""A progress bar on standard error, shown on terminals only."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .output import console, is_terminal

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress
    from typing_extensions import Self

__all__ = ["Bar"]


class Bar:
    """A progress bar as a context manager, which erases it at the end.

    It begins with the first update. So it is not on the screen while the user logs in.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._progress: Progress | None = None
        self._is_over = not is_terminal(sys.stderr)

    def update(self, done: int, total: int) -> None:
        """Show how much is done."""
        if self._progress is None and not self._is_over:
            self._progress = self._start(total)
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], completed=done, total=total)

    def finish(self) -> None:
        """Erase the bar. Later updates are not shown."""
        if self._progress is not None:
            self._progress.stop()
        self._progress, self._is_over = None, True

    def _start(self, total: int) -> Progress | None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        screen = console(sys.stderr)
        if not screen.is_interactive:
            self._is_over = True
            return None
        progress = Progress(
            TextColumn(self._label),
            BarColumn(),
            MofNCompleteColumn(),
            console=screen,
            transient=True,
            # Otherwise rich would redirect our data to standard error.
            redirect_stdout=False,
        )
        progress.add_task(self._label, total=total)
        progress.start()
        # rich hides it, and would not show it again if a signal ended the process.
        screen.show_cursor()
        return progress

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.finish()
