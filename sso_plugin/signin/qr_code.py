"""QR codes for a terminal, by the optional library segno."""

from __future__ import annotations

__all__ = ["BLOCKS", "qr_code"]

_BORDER = 2
"""Light modules around the code. The standard demands four; readers need fewer."""

BLOCKS = " ▀▄█"
"""One character for two modules, one above the other: which of them are dark."""

_BLACK_ON_WHITE, _RESET = "\x1b[30;47m", "\x1b[0m"


def qr_code(text: str, columns: int, rows: int) -> list[str] | None:
    """Return a QR code as lines of coloured text, or None.

    The colours are set, so the code is dark on light in terminals of all colours.

    :param columns: the width of the terminal. A code that does not fit is None, because no phone
        reads a code whose lines are wrapped.
    :param rows: how many lines may be used.
    """
    try:
        import segno
    except ImportError:
        return None
    try:
        code = segno.make_qr(text, error="l")
    except ValueError:
        # The text is too long.
        return None
    modules = [[bool(module) for module in row] for row in code.matrix_iter(border=_BORDER)]
    if len(modules) % 2:
        modules.append([False] * len(modules))
    pairs = [zip(*modules[row : row + 2], strict=True) for row in range(0, len(modules), 2)]
    if len(modules[0]) > columns or len(pairs) > rows:
        return None
    lines = ("".join(BLOCKS[upper + 2 * lower] for upper, lower in pair) for pair in pairs)
    return [f"{_BLACK_ON_WHITE}{line}{_RESET}" for line in lines]
