"""Text from files and servers is made safe to print."""

from __future__ import annotations

import pytest

from sso_plugin.printable import clean, has_controls, one_line

HARMLESS = ["", "plain", "Größe", "日本語", "a\u00a0b", "a\u3000b", "✓"]
HARMFUL = {
    "escape sequence": "\x1b[31m",
    "carriage return": "\r",
    "backspace": "\b",
    "C1 control": "\x9b",
    "right-to-left override": "\u202e",
    "isolate": "\u2066",
    "line separator": "\u2028",
    "lone surrogate": "\ud800",
}


@pytest.mark.parametrize("text", HARMLESS)
def test_printable_text_does_not_change(text: str) -> None:
    """Spaces of other scripts can be printed, although Python says that they cannot."""
    assert clean(text) == one_line(text) == text
    assert not has_controls(text)


@pytest.mark.parametrize("text", HARMFUL.values(), ids=HARMFUL)
def test_harmful_characters_are_detected_and_replaced(text: str) -> None:
    """None is left in the result."""
    assert has_controls(f"a{text}b")
    for made in (clean(f"a{text}b"), one_line(f"a{text}b")):
        assert not has_controls(made)
        assert made[0] + made[-1] == "ab"


def test_characters_can_be_excepted() -> None:
    """For a text of several lines."""
    assert clean("a\n\tb\x1b", keep="\n") == "a\n\ufffdb\ufffd"


@pytest.mark.parametrize("text", ["a\nb", "a \r\n\t b", "\na\x0bb\u2029"])
def test_line_breaks_and_tabs_become_one_space(text: str) -> None:
    """With the spaces around them; none is left at the ends."""
    assert one_line(text) == "a b"


def test_a_long_line_ends_with_an_ellipsis() -> None:
    """And has no control characters."""
    assert one_line("a\x1b[31m\r\n\u202eb") == "a\ufffd[31m \ufffdb"
    assert one_line("x" * 20, 10) == "xxxxxx ..."
