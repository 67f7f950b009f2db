"""The screen of the picker, and its keys. It is drawn with bold and reverse text, without colors.

A frame draws the visible rows only.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import signal
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import click
from prompt_toolkit.application import Application, get_app
from prompt_toolkit.data_structures import Point
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import HSplit, Layout, Window
from prompt_toolkit.layout.controls import FormattedTextControl, UIContent, UIControl
from prompt_toolkit.output import create_output
from prompt_toolkit.utils import get_cwidth

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.formatted_text import StyleAndTextTuples
    from prompt_toolkit.key_binding import KeyPressEvent

    from .picker_list import RoleList

__all__ = ["Screen"]

_WIDEST_ACCOUNT = 40
_IDS_FROM = 80
"""From this width on, in columns, rows have the id of the account."""

_MARK = "> [x] "

_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Screen:
    """Shows the rows until the person has chosen."""

    def __init__(self, rows: RoleList) -> None:
        self._rows = rows
        self._list = Window(_Rows(rows))
        self._app: Application[list[Any]] = Application(
            layout=Layout(HSplit([_text(self._top), self._list, _text(self._bottom)])),
            key_bindings=self._keys(),
            output=create_output(stdout=sys.stderr),
            full_screen=True,
        )
        # Esc is also the first character of other keys. The rest of those comes at once.
        self._app.ttimeoutlen = 0.1

    def run(self) -> list[Any]:
        """Return the chosen roles.

        :raises click.Abort: if the person stops.
        :raises SystemExit: after SIGTERM or SIGHUP.
        """
        return self._app.run(pre_run=self._handle_signals)

    def _handle_signals(self) -> None:
        """End by a signal only after the terminal is as it was before."""
        for number in _ENDING:
            end = SystemExit(128 + number)
            # Windows has no signal handlers of an event loop.
            with contextlib.suppress(NotImplementedError):
                loop = asyncio.get_running_loop()
                loop.add_signal_handler(number, functools.partial(self._app.exit, exception=end))

    def _top(self) -> StyleAndTextTuples:
        title = "Choose the roles that get a profile. Type to filter."
        return [
            ("bold", f"{_filled(title)}\n"),
            ("", f"Filter: {self._rows.filter}"),
            ("reverse", " "),
        ]

    def _bottom(self) -> StyleAndTextTuples:
        rows = self._rows
        space = "next word" if rows.is_typing else "choose"
        count = f"{len(rows.chosen)} of {len(rows.roles)} chosen, {len(rows.shown)} shown"
        keys = f"Space: {space}  Enter: done  Ctrl-A: all shown  Esc: stop"
        return [("bold", f"{count}\n"), ("", _filled(keys))]

    def _keys(self) -> KeyBindings:
        rows, keys = self._rows, KeyBindings()

        def on(key: str, act: Callable[[], object]) -> None:
            keys.add(key, eager=True)(lambda _: act())

        on("space", rows.press_space)
        on("tab", rows.toggle)
        on("c-a", rows.toggle_shown)
        on("up", lambda: rows.move(-1))
        on("down", lambda: rows.move(1))
        on("pageup", lambda: rows.move(-self._page()))
        on("pagedown", lambda: rows.move(self._page()))
        on("home", lambda: rows.move(-len(rows.shown)))
        on("end", lambda: rows.move(len(rows.shown)))
        on("backspace", rows.delete)
        on("c-u", rows.clear)
        on("enter", self._finish)
        for key in ("escape", "c-c", "c-d", "<sigint>"):
            on(key, lambda: self._app.exit(exception=click.Abort()))
        keys.add(Keys.BracketedPaste)(self._type)
        keys.add(Keys.Any)(self._type)
        return keys

    def _type(self, event: KeyPressEvent) -> None:
        text = " ".join(event.data.split())
        if text.isprintable() and text:
            self._rows.type(text)

    def _finish(self) -> None:
        if found := self._rows.result():
            self._app.exit(result=found)

    def _page(self) -> int:
        info = self._list.render_info
        return max(1, info.window_height - 1) if info else 1


class _Rows(UIControl):
    """The rows that are shown."""

    def __init__(self, rows: RoleList) -> None:
        self._rows = rows
        self._widest = min(max(map(get_cwidth, rows.accounts), default=0), _WIDEST_ACCOUNT)

    def is_focusable(self) -> bool:
        """Return True: the keys are for the rows."""
        return True

    def create_content(self, width: int, height: int | None) -> UIContent:  # noqa: ARG002
        """Return the rows. A row is drawn only if it is visible."""
        if not self._rows.shown:
            return UIContent(lambda _: [("", "  No role matches the filter.")], 1)
        cursor = Point(0, self._rows.cursor)
        return UIContent(
            lambda line: self._row(line, width), len(self._rows.shown), cursor, show_cursor=False
        )

    def _row(self, line: int, width: int) -> StyleAndTextTuples:
        rows, at = self._rows, self._rows.shown[line]
        is_current = line == rows.cursor
        mark = f"{'>' if is_current else ' '} [{'x' if at in rows.chosen else ' '}] "
        columns = min(self._widest, (width - len(_MARK)) // 2)
        parts = [_fitted(rows.accounts[at], columns), rows.names[at]]
        if width >= _IDS_FROM:
            parts.insert(1, rows.roles[at].account_id)
        return [("reverse" if is_current else "", mark + "  ".join(parts))]


def _text(content: Callable[[], StyleAndTextTuples]) -> Window:
    return Window(FormattedTextControl(content), dont_extend_height=True)


def _filled(text: str) -> str:
    """Break a text into lines of whole words."""
    columns = get_app().output.get_size().columns
    return textwrap.fill(text, max(20, columns - 1), break_long_words=False)


def _fitted(text: str, columns: int) -> str:
    """Return a text with exactly this width. The middle of a longer one is left out."""
    if get_cwidth(text) > columns:
        head, tail = max(1, (columns - 1) // 2), max(1, (columns - 2) // 2)
        text = f"{text[:head]}..{text[-tail:]}"
        while get_cwidth(text) > columns and len(text) > 1:
            text = text[:-1]
    return text + " " * (columns - get_cwidth(text))
