"""Failures of a command: one sentence on standard error and an exit code, no traceback."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING

import click

from .exit_codes import EXTRA_PACKAGES, FAILED, STOPPED, USAGE_ERROR
from .output import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["Failures"]

_PREFIX = "sso-plugin: "


class Failures:
    """A context manager that prints an exception as one sentence and keeps the exit code.

    It is ``obj`` of click's context. A command that uses exit code 1 for something else sets
    ``failure_code``.
    """

    def __init__(self) -> None:
        self.code: int | None = 0
        self.failure_code = FAILED
        self._debug = False
        self._log = _MessageHandler(logging.WARNING)
        self._level = logging.NOTSET

    def enable_debug(self) -> None:
        """Show debug messages and tracebacks: the option ``--debug``."""
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
        if (
            isinstance(error, ModuleNotFoundError)
            and str(error.name).split(".")[0] in EXTRA_PACKAGES
        ):
            return False
        if isinstance(error, click.Abort | KeyboardInterrupt):
            say("stopped", prefix=_PREFIX)
            self.code = STOPPED
        elif isinstance(error, SystemExit):
            # Raised by completion, and by click when the reader of our output is gone.
            self.code = error.code if isinstance(error.code, int) else FAILED
        elif isinstance(error, BrokenPipeError):
            # The reader of our output is gone, like `head`, so there is nothing to report.
            self.code = FAILED
        elif isinstance(error, Exception):
            self._report(error)
        return True

    def _report(self, error: Exception) -> None:
        if self._debug:
            for line in _locations(error):
                say(line, "secondary")
        say(_message(error), "problem", prefix=_PREFIX)
        self.code = USAGE_ERROR if isinstance(error, click.UsageError) else self.failure_code


class _MessageHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        is_warning = record.levelno > logging.INFO
        prefix = f"{_PREFIX}warning: " if is_warning else _PREFIX
        say(record.getMessage(), "warning" if is_warning else "", prefix=prefix)


def _message(error: Exception) -> str:
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "sso-plugin"
        text = " ".join(_usage_problem(error).split()).removesuffix(".")
        return f"{text}{'' if text.endswith('?') else '.'} See: {path} --help"
    if isinstance(error, click.ClickException):
        return error.format_message()
    # Imported here because it imports botocore: help and completion have to be fast.
    from .error_text import sentence

    return sentence(error)


def _usage_problem(error: click.UsageError) -> str:
    """Return the message of click. Its hint for an option has a form of its own."""
    if isinstance(error, click.NoSuchOption) and error.possibilities:
        similar = ", ".join(sorted(error.possibilities))
        return f"No such option '{error.option_name}'. Did you mean: {similar}?"
    return error.format_message()


def _locations(error: BaseException | None) -> Iterator[str]:
    """Yield where each error of the chain was raised, the first one first.

    Only names and line numbers: values, and messages of other packages, may contain secrets.
    """
    if error is None:
        return
    from sso_plugin.errors import SsoPluginError

    hidden = error.__suppress_context__
    yield from _locations(error.__cause__ or (None if hidden else error.__context__))
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
    safe = isinstance(error, SsoPluginError | OSError | click.ClickException)
    yield f"{type(error).__module__}.{type(error).__qualname__}{f': {error}' if safe else ''}"
