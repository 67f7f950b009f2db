"""Where the person who has to log in reads: what shows the prompt, and how the login ended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

    from .prompt import Display, LoginPrompt

__all__ = ["CallerDisplay", "StreamDisplay", "find_display"]


class StreamDisplay:
    """Prints on a stream, such as a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, prompt: LoginPrompt) -> None:
        """See `Display`."""
        for text, _ in prompt.lines():
            print(text, file=self._stream, flush=True)

    def say(self, text: str) -> None:
        """See `Display`."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201

    def report(self, text: str, *, is_logged_in: bool) -> None:  # noqa: ARG002
        """See `Display`."""
        print(text, file=self._stream, flush=True)


class CallerDisplay:
    """Calls the function of a program, which reports the end of the login itself."""

    def __init__(self, show: Callable[[LoginPrompt], object]) -> None:
        self._show = show

    def show(self, prompt: LoginPrompt) -> None:
        """See `Display`."""
        self._show(prompt)

    def say(self, text: str) -> None:
        """See `Display`."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201

    def report(self, text: str, *, is_logged_in: bool) -> None:
        """See `Display`."""


def find_display(flow: str = "auto") -> Display:  # noqa: ARG001
    """Return the display for this process: standard error, because standard output is for data."""
    return StreamDisplay(sys.stderr)
