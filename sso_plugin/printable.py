"""Make text from files and servers safe to print: it cannot control a terminal or add a line."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["clean", "has_controls", "inside_sentence", "one_line"]

_CONTROLS = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters, line separators, changes of text direction, and lone surrogates."""

_BREAKS = re.compile(r"\s*[\t-\r\x1c-\x1f\x85\u2028\u2029]\s*")
"""Line breaks and tabs, with the spaces around them."""

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def clean(text: str, keep: str = "") -> str:
    """Return the text with each character that cannot be printed replaced by U+FFFD.

    These are control and format characters, such as those that change the text direction.

    :param keep: characters that stay although they cannot be printed, such as line breaks.
    """
    if text.isprintable():
        return text

    def is_harmless(char: str) -> bool:
        # In Python, all spaces except U+0020 count as not printable.
        return char.isprintable() or char in keep or unicodedata.category(char) == "Zs"

    return "".join(char if is_harmless(char) else _REPLACEMENT for char in text)


def has_controls(text: str) -> bool:
    """Return whether a text has characters that control a terminal, lines or text direction."""
    return _CONTROLS.search(text) is not None


def one_line(text: str, longest: int | None = None) -> str:
    """Return the text as one clean line: line breaks and tabs become spaces.

    :param longest: the maximum number of characters; a longer text ends with an ellipsis.
    """
    line = text if text.isprintable() else clean(_BREAKS.sub(" ", text).strip())
    if longest is None or len(line) <= longest:
        return line
    return f"{line[: longest - 4].rstrip()} ..."


def inside_sentence(subject: str) -> str:
    """Return the subject of a message, such as ``The profile "dev"``, as a part of a sentence."""
    return f"{subject[:1].lower()}{subject[1:]}"
