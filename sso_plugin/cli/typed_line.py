"""A command line that is being typed, split into words as a shell does."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["TypedLine"]

_ASSIGNMENT = re.compile(r"\w+=")
"""The beginning of the words before a command that set variables for it."""


class TypedLine(NamedTuple):
    """A command line up to the cursor, as a shell reads it.

    :param words: the words before the last one.
    :param places: where each word begins in the line, the last one included.
    :param last: the word at the cursor; empty after a space.
    :param kept: how many characters of the last word the shell keeps. It replaces the others.
    :param quote: the quotation mark that is still open; empty if there is none.
    """

    words: list[str]
    places: list[int]
    last: str
    kept: int
    quote: str

    @classmethod
    def read(cls, line: str, breaks: str = "") -> TypedLine:
        """Split a line into words.

        :param breaks: other characters at which the shell begins to replace a word.
        """
        words: list[str] = []
        places: list[int] = []
        word, quote, kept, begin, is_inside, is_escaped = "", "", 0, 0, False, False
        for place, char in enumerate(line):
            if char.isspace() and not (quote or is_escaped):
                words += [word] if is_inside else []
                word, kept, is_inside = "", 0, False
                continue
            places += [] if is_inside else [place]
            is_inside = True
            if is_escaped or (quote and char not in (quote, "\\")) or (char + quote == "\\'"):
                word, is_escaped = word + char, False
            elif char == "\\":
                is_escaped = True
            elif char in "'\"":
                quote, begin = "" if quote else char, len(word)
            else:
                word += char
                kept = len(word) if char in breaks else kept
        places += [] if is_inside else [len(line)]
        return cls(words, places, word, begin if quote else kept, quote)

    def without_assignments(self) -> TypedLine:
        """Return the line without the variables that are set before the command."""
        count = 0
        while count < len(self.words) and _ASSIGNMENT.match(self.words[count]):
            count += 1
        return self._replace(words=self.words[count:], places=self.places[count:])

    def option(self) -> str:
        """Return ``--option=`` if the last word begins with it; otherwise nothing."""
        name, mark, _ = self.last.partition("=")
        return name + mark if mark and name.startswith("--") else ""
