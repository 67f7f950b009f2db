"""Questions to a person: on a terminal, or one line of standard input for each.

Questions are written to standard error, because standard output is for data.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, TextIO, TypeVar

import click

from sso_plugin.errors import ConfigError

from . import output

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.commands.configure.login_questions import Question

__all__ = ["Questions"]

T = TypeVar("T")

_ERRORS = "backslashreplace"
"""How characters that are not in the encoding of the terminal are read."""


class Questions:
    """Asks a person, and reads the answers.

    :param missing: the options without which the command cannot ask nothing, with an example of a
        value. They are part of the error for a missing answer.
    """

    def __init__(self, missing: dict[str, str]) -> None:
        self._missing = missing
        self._stdin: TextIO = sys.stdin or io.StringIO()
        self.is_terminal = output.is_terminal(self._stdin) and output.is_terminal(sys.stderr)
        """Whether a person is at a terminal. Otherwise the answers come from a pipe or a file."""
        self._is_hidden = output.is_terminal(self._stdin) and not self.is_terminal
        if isinstance(self._stdin, io.TextIOWrapper) and self._stdin.errors != _ERRORS:
            # Not possible after the first read, which other questions may have made.
            self._stdin.reconfigure(errors=_ERRORS)

    def say(self, text: str) -> None:
        """Show a sentence."""
        output.say(text)

    def ask(self, question: Question, read: Callable[[str], T]) -> T:
        """Return the answer. On a terminal, ask again until it is valid.

        :raises ConfigError: if it is not valid and no person can be asked again.
        """
        if question.explanation and self.is_terminal:
            output.say(f"\n{question.explanation}")
        default = f" [{question.default}]" if question.default else ""
        while True:
            answer = self.line(f"{question.text}{default}: ") or question.default
            try:
                if answer:
                    value = read(answer)
                    self._missing.pop(question.option, None)
                    return value
                self._say_required(question)
            except ConfigError as exc:
                if not self.is_terminal:
                    raise
                output.say(str(exc), "problem")

    def confirm(self, text: str) -> bool:
        """Return whether the answer is yes. The default is no."""
        while True:
            answer = self.line(f"{text} [y/N]: ").lower()
            if answer in ("y", "yes"):
                return True
            if answer in ("", "n", "no") or not self.is_terminal:
                return False
            output.say('Answer "y" or "n".')

    def _say_required(self, question: Question) -> None:
        if not self.is_terminal:
            raise self._no_answer(question.text)
        output.say("An answer is required. Ctrl-C stops.")

    def line(self, prompt: str) -> str:
        """Return one line of the answer, without the spaces around it.

        :raises click.Abort: if the person ends the input.
        :raises click.UsageError: if standard input has no more lines.
        """
        if self._is_hidden:
            raise self._no_answer(prompt)
        print(output.clean(prompt), end="", file=sys.stderr, flush=True)
        line = self._stdin.readline()
        if not self.is_terminal or not line.endswith("\n"):
            print(output.clean(line.strip()), file=sys.stderr)
        if line:
            return line.strip()
        if self.is_terminal:
            raise click.Abort
        raise self._no_answer(prompt)

    def _no_answer(self, text: str) -> click.UsageError:
        label = text.partition(" [")[0].rstrip(": ")
        named = [f"{option} {value}".strip() for option, value in self._missing.items()]
        add = f", or add {' '.join(named)}" if named else ""
        return click.UsageError(
            f'Nothing was written: standard input has no answer to "{label}". Run this command in '
            f"a terminal{add}."
        )
