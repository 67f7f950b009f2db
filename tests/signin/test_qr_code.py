"""QR codes in a terminal: they have the right modules, and are never wrapped."""

from __future__ import annotations

import re
import sys

import pytest
import segno

from sso_plugin.signin.qr_code import BLOCKS, qr_code

URL = "https://device.sso.eu-central-1.amazonaws.com/?user_code=WDJB-MJHT"


def modules(lines: list[str]) -> list[list[bool]]:
    """Return what a phone sees of the lines, as dark and light modules."""
    rows: list[list[bool]] = []
    for line in lines:
        found = re.fullmatch(r"\x1b\[30;47m(.*)\x1b\[0m", line)
        assert found
        values = [BLOCKS.index(char) for char in found[1]]
        rows += [[bool(value & 1) for value in values], [bool(value & 2) for value in values]]
    return rows


@pytest.mark.parametrize("url", [URL, "https://x.example/", URL + "x" * 100])
def test_the_code_is_that_of_the_text(url: str) -> None:
    """With a light border of two modules, in black on white."""
    lines = qr_code(url, 200, 100)
    assert lines
    expected = [
        [bool(module) for module in row]
        for row in segno.make_qr(url, error="l").matrix_iter(border=2)
    ]
    assert modules(lines)[: len(expected)] == expected
    assert not any(any(row) for row in modules(lines)[len(expected) :])


def test_a_code_that_does_not_fit_is_not_shown() -> None:
    """A code that is wrapped, or only partly on the screen, cannot be read."""
    lines = qr_code(URL, 37, 19)
    assert lines
    assert len(lines) == 19
    assert qr_code(URL, 36, 19) is None
    assert qr_code(URL, 37, 18) is None


def test_a_text_that_is_too_long_has_no_code() -> None:
    """It is no error."""
    assert qr_code("x" * 5000, 1000, 1000) is None


def test_without_segno_there_is_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is part of the extra ``cli``, which scripts do not need."""
    monkeypatch.setitem(sys.modules, "segno", None)
    assert qr_code(URL, 200, 100) is None
