"""Where the person who has to log in reads: what shows the prompt, and how the login ended."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING, TextIO

from ..printable import clean
from ..web import terminal
from ..web.capabilities import Capabilities
from ..web.kernel import find_kernel_shell
from ..web.wrapping import columns_of, wrap
from .qr_code import BLOCKS, qr_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .prompt import Display, LoginPrompt

__all__ = ["CallerDisplay", "StreamDisplay", "TerminalDisplay", "find_display"]

_logger = logging.getLogger(__name__)

_BOLD, _RESET = "\x1b[1m", "\x1b[0m"

_ROWS_BELOW = 3
"""Lines below a QR code, which has to be on the screen with them."""


class StreamDisplay:
    """Prints on a stream, such as standard error.

    :param stream: None, or a closed one, to show nothing.
    :param has_qr_code: whether to show a QR code, where the stream is a terminal that can show it.
    """

    def __init__(
        self,
        stream: TextIO | None,
        *,
        has_qr_code: bool = True,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._stream = stream
        self._has_qr_code = has_qr_code
        self._environ = environ

    def show(self, prompt: LoginPrompt) -> None:
        """See `Display`."""
        with self._writing() as stream:
            if stream is None:
                return
            self._print(stream, prompt.instructions())
            for line in self._qr_code(stream, prompt):
                print(line, file=stream)
            self._print(stream, prompt.ending())

    def say(self, text: str) -> None:
        """See `Display`."""
        self.report(text, is_logged_in=False)

    def report(self, text: str, *, is_logged_in: bool) -> None:  # noqa: ARG002
        """See `Display`."""
        # A login counts even if its terminal was closed meanwhile.
        with contextlib.suppress(OSError), self._writing() as stream:
            if stream is not None:
                self._print(stream, [(text, False)])

    @contextlib.contextmanager
    def _writing(self) -> Iterator[TextIO | None]:
        with terminal.never_stopped():
            yield self._stream if terminal.is_open(self._stream) else None

    def _print(self, stream: TextIO, lines: list[tuple[str, bool]]) -> None:
        bold = _has_escapes(stream, self._environ)
        for text, is_bold in lines:
            shown = wrap(clean(text, keep="\n"), columns_of(stream, self._environ), "")
            if bold and is_bold:
                line = shown.rstrip("\n")
                shown = f"{_BOLD}{line}{_RESET}{shown[len(line) :]}"
            print(shown, file=stream)
        if hasattr(stream, "flush"):
            stream.flush()

    def _qr_code(self, stream: TextIO, prompt: LoginPrompt) -> list[str]:
        """Return the lines of the QR code; none where it would not be readable."""
        colored = _has_escapes(stream, self._environ) and not self._environ.get("NO_COLOR")
        if not (self._has_qr_code and prompt.qr_url and colored and _can_print(BLOCKS, stream)):
            return []
        columns, rows = _size(stream)
        code = qr_code(prompt.qr_url, columns, rows - _ROWS_BELOW)
        if not code:
            return []
        # On a small terminal, the lines above are not visible any more.
        check = f"The page must show the code {prompt.user_code}"
        return ["Or scan this QR code with a phone:\n", *code, "", check]


class TerminalDisplay(StreamDisplay):
    """Prints on the terminal of this process, also if its streams are redirected.

    It prints nothing while this process is in the background.
    """

    def __init__(self) -> None:
        super().__init__(None)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[TextIO | None]:
        if not terminal.is_foreground():
            _logger.info("The terminal is not used: this process is in its background.")
            yield None
            return
        with (
            terminal.never_stopped(),
            open(terminal.TERMINAL, "w", errors="backslashreplace") as stream,  # noqa: PTH123 - a device, in the encoding of the locale
        ):
            yield stream


class CallerDisplay:
    """Calls the function of a program, which reports the end of the login itself."""

    def __init__(self, show: Callable[[LoginPrompt], object]) -> None:
        self._show = show

    def show(self, prompt: LoginPrompt) -> None:
        """See `Display`."""
        self._show(prompt)

    def say(self, text: str) -> None:
        """See `Display`."""

    def report(self, text: str, *, is_logged_in: bool) -> None:
        """See `Display`."""


def find_display(flow: str = "auto") -> Display:
    """Return the display for this process: standard error, because standard output is for data.

    In a kernel it is the notebook.

    :param flow: the flow that was requested. The prompt is shown on the terminal if there is no
        standard error, and with ``auto`` also if that is something else, such as a file.
    """
    shell = find_kernel_shell()
    if shell is not None:
        # Not at the top: only a kernel needs it.
        from .notebook import NotebookDisplay

        return NotebookDisplay(shell)
    found = Capabilities.detect()
    other = not found.has_stderr or (flow == "auto" and not found.has_terminal)
    if found.has_tty and other:
        return TerminalDisplay()
    return StreamDisplay(sys.stderr)


def _has_escapes(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Return whether a stream is a terminal that supports escape sequences."""
    if os.name == "nt":
        supported = bool(environ.get("WT_SESSION"))
    else:
        supported = environ.get("TERM", "") not in ("", "dumb", "unknown")
    return supported and terminal.is_terminal(stream)


def _can_print(text: str, stream: TextIO) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (LookupError, UnicodeError):
        return False
    return True


def _size(stream: TextIO) -> tuple[int, int]:
    """Return the columns and lines of a terminal; 0 if they are not known."""
    try:
        return os.get_terminal_size(stream.fileno())
    except (AttributeError, OSError, ValueError):
        return 0, 0
