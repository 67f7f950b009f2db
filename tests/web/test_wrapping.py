"""Messages on a terminal: whole words, a hanging indent, unbroken commands."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_plugin.web.wrapping import COMMAND, cells, columns_of, wrap

MESSAGE = 'The profile "dev" needs a login: it has no token. Run: sso-plugin login --profile dev'


def test_a_text_that_fits_is_one_line() -> None:
    """Also if it has exactly the width of the terminal."""
    assert wrap(MESSAGE, len(MESSAGE)) == MESSAGE


def test_a_text_that_is_one_column_too_wide_is_broken() -> None:
    """Between the words."""
    assert wrap("one two", 6, "").splitlines() == ["one", "two"]
    assert wrap("one two three", 12, "").splitlines() == ["one two", "three"]


def test_an_indented_line_keeps_its_indent() -> None:
    """Also after a break."""
    assert wrap("    one two\nthree", 8, " ").splitlines() == ["    one", "    two", "three"]


def test_words_are_whole_and_later_lines_are_indented() -> None:
    """What is before the text counts."""
    text = wrap("one two three four", 14, first="me: ")
    assert text.splitlines() == ["me: one two", "  three four"]


@pytest.mark.parametrize("columns", [20, 40, 60, 80])
def test_a_command_is_never_broken(columns: int) -> None:
    """It gets a line of its own if it does not fit."""
    lines = [line.strip() for line in wrap(MESSAGE, columns).splitlines()]
    assert lines[-1].removeprefix("Run: ") == "sso-plugin login --profile dev"


def test_a_command_in_backticks_is_never_broken() -> None:
    """With what follows it directly."""
    lines = wrap("For longer runs, use `sso-plugin exec`, please.", 28).splitlines()
    assert lines == ["For longer runs, use", "  `sso-plugin exec`, please."]


def test_backticks_inside_a_word_add_no_space() -> None:
    """Such as in a name."""
    assert wrap("a`b c`d `e``f` g", 11, "").splitlines() == ["a`b c`d", "`e``f` g"]
    assert wrap("see (`a b`), please", 14, "").splitlines() == ["see (`a b`),", "please"]


def test_a_command_in_brackets_ends_with_them() -> None:
    """Its own brackets are part of it."""
    text = "Set a key (to make one, run: export K=$(rand 32)). Then run: sso-plugin doctor"
    assert COMMAND.findall(text) == ["export K=$(rand 32)", "sso-plugin doctor"]
    assert wrap(text, 30).splitlines() == [
        "Set a key (to make one, run:",
        "    export K=$(rand 32)). Then",
        "  run: sso-plugin doctor",
    ]


def test_an_address_is_never_broken() -> None:
    """The terminal breaks it, so that it can be copied."""
    url = "https://example.awsapps.com/start/a-long-path"
    assert url in wrap(f"Open {url} in a browser.", 20).splitlines()[1]
    assert wrap(f"  {url}", 20) == f"  {url}"


def test_lines_stay_apart() -> None:
    """Empty ones too."""
    assert wrap("one two\n\nthree", 5, "") == "one\ntwo\n\nthree"


def test_without_a_width_nothing_changes() -> None:
    """In a pipe, a message is one line."""
    assert wrap(MESSAGE, None) == MESSAGE


def test_characters_of_east_asia_take_two_columns() -> None:
    """Those that are combined with another one take none."""
    assert cells("東京") == 4
    assert cells("e\u0301") == 1
    assert wrap("東京 東京 東京", 10, "").splitlines() == ["東京 東京", "東京"]


@given(st.text(alphabet="ab `:\n東", max_size=80), st.integers(20, 60))
def test_no_word_is_lost(text: str, columns: int) -> None:
    """Only spaces and line breaks change."""
    wrapped = wrap(text, columns)
    assert wrapped.split() == text.split()
    assert wrap(wrapped, None) == wrapped


def test_a_stream_that_is_no_terminal_has_no_width() -> None:
    """Also one that is missing."""
    assert columns_of(io.StringIO(), {"COLUMNS": "60"}) is None
    assert columns_of(None) is None


@pytest.mark.parametrize(
    ("columns", "expected"), [("60", 60), ("0", 80), ("", 80), ("wide", 80), (None, 80)]
)
def test_the_user_can_set_the_width(columns: str | None, expected: int) -> None:
    """Otherwise it is that of the terminal; 80 if that is not known."""

    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert columns_of(Screen(), {} if columns is None else {"COLUMNS": columns}) == expected
