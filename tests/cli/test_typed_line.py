"""How a line is split into words while it is typed."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_plugin.cli.typed_line import TypedLine


def words_of(line: str, breaks: str = "=:") -> tuple[list[str], str, int]:
    read = TypedLine.read(line, breaks)
    return read.words, read.last, read.kept


class TestLine:
    """A line up to the cursor."""

    @pytest.mark.parametrize(
        ("line", "words", "last", "kept"),
        [
            ("", [], "", 0),
            ("a b", ["a"], "b", 0),
            ("a b ", ["a", "b"], "", 0),
            ("a 'b c' d", ["a", "b c"], "d", 0),
            ("a 'b c", ["a"], "b c", 0),
            ('a "b\\"c', ["a"], 'b"c', 0),
            ("a b\\ c", ["a"], "b c", 0),
            ("a 'b\\", ["a"], "b\\", 0),
            ("a ''", ["a"], "", 0),
            ("a '' b", ["a", ""], "b", 0),
            ("a corp:d", ["a"], "corp:d", 5),
            ("a --profile=corp:d", ["a"], "--profile=corp:d", 15),
            ("a 'corp:d", ["a"], "corp:d", 0),
            ("a corp:'x:d", ["a"], "corp:x:d", 5),
            ("a corp\\:d", ["a"], "corp:d", 0),
        ],
    )
    def test_it_is_split_as_a_shell_does(
        self, line: str, words: list[str], last: str, kept: int
    ) -> None:
        """An open quotation mark is part of the last word. bash keeps what is before a colon."""
        assert words_of(line) == (words, last, kept)

    def test_it_knows_where_each_word_begins(self) -> None:
        """Another command begins there."""
        assert TypedLine.read("a  'b c' d ").places == [0, 3, 9, 11]

    @given(st.text(alphabet=f"{string.ascii_letters} '\"\\:=\t\n", max_size=30))
    def test_it_reads_any_text(self, line: str) -> None:
        """There is a place for each word and for the last one."""
        read = TypedLine.read(line, ":=")
        assert len(read.places) == len(read.words) + 1
        assert 0 <= read.kept <= len(read.last)
