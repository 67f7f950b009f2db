"""HTML for notebooks. All text is escaped, and colors fit to light and dark themes.

Colors are those of JupyterLab. Where it is not the front end, they are inherited.
"""

from __future__ import annotations

import html
import importlib
from typing import TYPE_CHECKING

from ..printable import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["card", "code", "link", "paragraph", "qr_image", "table"]

_COLORS = {
    "waiting": "var(--jp-brand-color1, #1976d2)",
    "success": "var(--jp-success-color1, #388e3c)",
    "failure": "var(--jp-error-color1, #d32f2f)",
}
_BORDER = "1px solid var(--jp-border-color1, rgba(128, 128, 128, 0.5))"
_MONOSPACE = "var(--jp-code-font-family, monospace)"


def paragraph(content: str, style: str = "") -> str:
    """Return a paragraph."""
    return (
        f'<div style="margin: 0.35em 0; overflow-wrap: anywhere;{style}">{_escape(content)}</div>'
    )


def code(user_code: str) -> str:
    """Return a code that a person compares or types."""
    style = f"font-family: {_MONOSPACE}; font-size: 1.7em; letter-spacing: 0.08em; margin: 0.3em 0;"
    return f'<div style="{style}"><strong>{_escape(user_code)}</strong></div>'


def link(url: str, *, is_trusted: bool) -> str:
    """Return a link; only the address if it is not trusted."""
    shown, style = _escape(url), "overflow-wrap: anywhere;"
    if not is_trusted:
        return f'<code style="{style}">{shown}</code>'
    return (
        f'<a href="{shown}" target="_blank" rel="noopener noreferrer" style="{style}">{shown}</a>'
    )


def qr_image(url: str) -> str:
    """Return an image, dark on white in any theme; nothing without the package segno."""
    try:
        segno = importlib.import_module("segno")
        image = segno.make(url, error="m", micro=False).svg_data_uri(
            scale=1, border=3, light="#fff"
        )
    except (ImportError, ValueError):
        # ValueError: the URL is too long.
        return ""
    style = "width: 10em; height: 10em; flex: none; border-radius: 4px; margin: 0.2em 0;"
    return f'<img alt="The link as a QR code" src="{_escape(image)}" style="{style}">'


def card(state: str, *parts: str, aside: str = "") -> str:
    """Return a frame around parts, which are HTML.

    :param state: ``waiting``, ``success`` or ``failure``.
    :param aside: HTML beside the parts, or below them where the page is narrow.
    """
    outer = (
        f"display: flex; flex-wrap: wrap; gap: 0 1.5em; max-width: 52em; padding: 0.4em 1em; "
        f"margin: 0.3em 0; color: inherit; border: {_BORDER}; border-radius: 4px; "
        f"border-left: 4px solid {_COLORS[state]};"
    )
    inner = f'<div style="flex: 1 1 20em; min-width: 0;">{"".join(parts)}</div>'
    return f'<div style="{outer}">{inner}{aside}</div>'


def table(rows: Mapping[str, str]) -> str:
    """Return a table of names and values."""
    left = "text-align: left; vertical-align: top;"
    lines = (
        f'<tr><th scope="row" style="{left}">{_escape(name)}</th>'
        f'<td style="{left} overflow-wrap: anywhere;">{_escape(value)}</td></tr>'
        for name, value in rows.items()
    )
    return f"<table>{''.join(lines)}</table>"


def _escape(content: str) -> str:
    return html.escape(clean(content))
