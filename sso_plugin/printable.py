"""Text from elsewhere, made safe to print: nothing in it can control a terminal or forge a line."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["clean", "has_controls", "one_line"]

_CONTROLS = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters, line separators, changes of the direction of the text, and halves."""

_BREAKS = re.compile(r"\s*[\t-\r\x1c-\x1f\x85\u2028\u2029]\s*")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def clean(text: str, keep: str = "") -> str:
    """Return the text with U+FFFD in the place of every character that cannot be printed.

    These are control and format characters, such as those that change the direction of the text.

    :param keep: the characters that stay although they cannot be printed, such as line breaks.
    """
    if text.isprintable():
        return text

    def is_harmless(char: str) -> bool:
        # Python counts spaces other than the common one as not printable.
        return char.isprintable() or char in keep or unicodedata.category(char) == "Zs"

    return "".join(char if is_harmless(char) else _REPLACEMENT for char in text)


def has_controls(text: str) -> bool:
    """Tell whether a text has characters that control a terminal, a line or the direction of it."""
    return _CONTROLS.search(text) is not None


def one_line(text: str, longest: int | None = None) -> str:
    """Return the text as one clean line: line breaks and tabs become spaces.

    :param longest: the number of characters to keep; the last ones become an ellipsis.
    """
    line = text if text.isprintable() else clean(_BREAKS.sub(" ", text).strip())
    if longest is None or len(line) <= longest:
        return line
    return f"{line[: longest - 4].rstrip()} ..."
