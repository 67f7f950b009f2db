"""Questions to a person, in a pipe. Those in a terminal are in test_first_run.py."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import click
import pytest

from sso_plugin import ConfigError
from sso_plugin.cli.questions import Questions
from sso_plugin.commands.configure.login_questions import Question

if TYPE_CHECKING:
    from collections.abc import Callable

COLOR = Question("Color", "--color", "It is a color.", "red")


def not_blue(text: str) -> str:
    if text == "blue":
        raise ConfigError(problem='"blue" is not valid')
    return text


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Return a function that gives the answers on standard input."""

    def give(text: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text), encoding="utf-8"))

    return give


def test_an_answer_is_a_line(
    give: Callable[[bytes], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty one takes the default. Questions and answers are on standard error."""
    give(b"  green \n\n")
    questions = Questions({})
    assert questions.ask(COLOR, not_blue) == "green"
    assert questions.ask(COLOR, not_blue) == "red"
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "Color [red]: green\nColor [red]: \n")


def test_an_invalid_answer_is_an_error(give: Callable[[bytes], None]) -> None:
    """No person can be asked again."""
    give(b"blue\nred\n")
    with pytest.raises(ConfigError):
        Questions({}).ask(COLOR, not_blue)


def test_a_missing_answer_names_the_options_that_are_left(give: Callable[[bytes], None]) -> None:
    """Not those of questions that were answered."""
    give(b"green\n")
    questions = Questions({"--color": "NAME", "--yes": ""})
    questions.ask(COLOR, not_blue)
    with pytest.raises(click.UsageError, match=r'no answer to "Color".*, or add --yes\.$'):
        questions.ask(COLOR, not_blue)


@pytest.mark.parametrize(
    ("text", "answer"),
    [(b"y\n", True), (b"YES\n", True), (b"n\n", False), (b"\n", False), (b"maybe\n", False)],
)
def test_only_yes_confirms(give: Callable[[bytes], None], text: bytes, *, answer: bool) -> None:
    """In any case."""
    give(text)
    assert Questions({}).confirm("Write?") == answer


def test_bytes_that_are_no_text_are_shown(
    give: Callable[[bytes], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """They do not end the command. Control characters are replaced."""
    give(b"a\xff\x1b[2J\n")
    assert Questions({}).ask(COLOR, str) == "a\\xff\x1b[2J"
    assert capsys.readouterr().err == "Color [red]: a\\xff\ufffd[2J\n"


def test_a_closed_standard_input_has_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python sets it to None if it was closed before the start."""
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(click.UsageError, match="Run this command in a terminal"):
        Questions({}).ask(COLOR, not_blue)


def test_other_questions_go_on_with_the_next_line(give: Callable[[bytes], None]) -> None:
    """They read the same standard input."""
    give(b"green\nred\n")
    assert [Questions({}).ask(COLOR, not_blue) for _ in range(2)] == ["green", "red"]
