"""What becomes of failures: one sentence on standard error and an exit code, no traceback."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING

import click

from .exit_codes import EXTRA, FAILED, STOPPED, USAGE_ERROR
from .output import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["Failures"]


class Failures:
    """A context manager that turns an exception into a sentence, and holds the exit code.

    A command whose own exit codes include 1 sets ``code_of_failure``; it is the context's ``obj``.
    """

    def __init__(self) -> None:
        self.code: int | None = 0
        self.code_of_failure = FAILED
        self._debug = False
        self._log = _TalkingHandler(logging.WARNING)
        self._level = logging.NOTSET

    def show_all(self) -> None:
        """Let the person see what is done, and where it fails: the option ``--debug``."""
        self._debug = True
        self._log.setLevel(logging.DEBUG)
        logging.getLogger("sso_plugin").setLevel(logging.DEBUG)

    def __enter__(self) -> Self:
        logger = logging.getLogger("sso_plugin")
        self._level = logger.level
        logger.addHandler(self._log)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        logger = logging.getLogger("sso_plugin")
        logger.removeHandler(self._log)
        logger.setLevel(self._level)
        if isinstance(error, ModuleNotFoundError) and str(error.name).split(".")[0] in EXTRA:
            return False
        if isinstance(error, click.Abort | KeyboardInterrupt):
            say("sso-plugin: stopped")
            self.code = STOPPED
        elif isinstance(error, SystemExit):
            # Completion ends so, and click when the reader of our output has gone.
            self.code = error.code if isinstance(error.code, int) else FAILED
        elif isinstance(error, BrokenPipeError):
            # The reader of our output has gone, as `head` does: it wants to hear no more.
            self.code = FAILED
        elif isinstance(error, Exception):
            self._report(error)
        return True

    def _report(self, error: Exception) -> None:
        if self._debug:
            for line in _whereabouts(error):
                say(line, "dim")
        say(f"sso-plugin: {_sentence(error)}", "red")
        self.code = USAGE_ERROR if isinstance(error, click.UsageError) else self.code_of_failure


class _TalkingHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(f"sso-plugin: {record.getMessage()}", "yellow" if record.levelno > logging.INFO else "")


def _sentence(error: Exception) -> str:
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "sso-plugin"
        told = " ".join(error.format_message().split()).removesuffix(".")
        return f"{told}{'' if told.endswith('?') else '.'} See: {path} --help"
    if isinstance(error, click.ClickException):
        return error.format_message()
    # Only now, since this imports botocore: help and completion are quick.
    from .error_text import sentence

    return sentence(error)


def _whereabouts(error: BaseException | None) -> Iterator[str]:
    """Tell where each error of the chain came from, the first one first.

    Names and lines only: the values at hand, and the messages of others, may hold secrets.
    """
    if error is None:
        return
    from sso_plugin.errors import SsoPluginError

    hidden = error.__suppress_context__
    yield from _whereabouts(error.__cause__ or (None if hidden else error.__context__))
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
    safe = isinstance(error, SsoPluginError | OSError | click.ClickException)
    yield f"{type(error).__module__}.{type(error).__qualname__}{f': {error}' if safe else ''}"
