"""Where a person reads the prompt of a login, and how it ended."""

from __future__ import annotations

import contextlib
import io
import os
import struct
from typing import TYPE_CHECKING, Any, TextIO

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")

from sso_plugin.signin.display import (
    CallerDisplay,
    StreamDisplay,
    TerminalDisplay,
    find_display,
)
from sso_plugin.signin.prompt import LoginPrompt
from sso_plugin.web.capabilities import Capabilities

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://device.sso.eu-central-1.amazonaws.com/?user_code=WDJB-MJHT"
PROMPT = LoginPrompt('The profile "dev"', "a reason", URL, "WDJB-MJHT", qr_url=URL)
XTERM = {"TERM": "xterm-256color"}

_END = "<end>"


def test_a_stream_gets_the_prompt_and_the_end() -> None:
    """Line by line, without escape sequences."""
    stream = io.StringIO()
    display = StreamDisplay(stream, environ=XTERM)
    display.show(PROMPT)
    assert stream.getvalue().splitlines()[-1] == "Waiting for the approval ... (Ctrl-C stops)"
    display.report("Logged in.", is_logged_in=True)
    assert stream.getvalue().splitlines()[-1] == "Logged in."
    assert stream.getvalue().replace("\n", "").isprintable()


def test_text_that_controls_a_terminal_is_cleaned() -> None:
    """The reason may be a text of the portal."""
    stream = io.StringIO()
    display = StreamDisplay(stream)
    display.show(LoginPrompt('The profile "x\x1b]0;y\x07"', "a\x9b31m reason", URL, None))
    display.report("The login failed: \x1b[2J.", is_logged_in=False)
    assert stream.getvalue().replace("\n", "").isprintable()


def test_without_a_stream_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is for data."""
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        display = StreamDisplay(stream)
        display.show(PROMPT)
        display.report("Logged in.", is_logged_in=True)
    assert capsys.readouterr() == ("", "")


def test_a_login_counts_even_if_its_end_cannot_be_shown() -> None:
    """The terminal may have been closed while the user approved it."""
    with pytest.raises(BrokenPipeError):
        StreamDisplay(Broken()).show(PROMPT)
    StreamDisplay(Broken()).report("Logged in.", is_logged_in=True)


class Broken(io.StringIO):
    """A pipe whose reader has ended."""

    def write(self, _: str) -> int:
        raise BrokenPipeError


@contextlib.contextmanager
def terminal(columns: int = 80, rows: int = 50, encoding: str = "utf-8") -> Iterator[Screen]:
    """Open a terminal of a certain size."""
    import fcntl
    import termios

    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    with os.fdopen(slave, "w", encoding=encoding, errors="backslashreplace") as stream:
        yield Screen(stream, master)
    os.close(master)


class Screen:
    """A terminal, and what was printed on it."""

    def __init__(self, stream: TextIO, master: int) -> None:
        self.stream = stream
        self._master = master

    def read(self) -> str:
        """Return all that was printed. One read may return a part of it."""
        self.stream.write(_END)
        self.stream.flush()
        shown = b""
        while not shown.endswith(_END.encode()):
            shown += os.read(self._master, 65536)
        return shown.decode().replace("\r", "").removesuffix(_END)


def shown_on(
    screen: Screen, environ: dict[str, str] | None = None, *, has_qr_code: bool = True
) -> str:
    """Return what the prompt looks like on a terminal."""
    display = StreamDisplay(
        screen.stream, has_qr_code=has_qr_code, environ=XTERM if environ is None else environ
    )
    display.show(PROMPT)
    return screen.read()


def test_a_terminal_gets_a_qr_code_after_the_link() -> None:
    """And before the last lines. No line is wider than the terminal."""
    with terminal(columns=37) as screen:
        text = shown_on(screen)
    link, code, last = (text.index(part) for part in (URL, "\x1b[30;47m", "Waiting for"))
    assert link < code < last
    assert "Or scan this QR code with a phone:" in text
    assert f"\x1b[1m  {URL}\x1b[0m\n" in text


@pytest.mark.parametrize(
    ("size", "encoding", "environ"),
    [
        ((36, 50), "utf-8", XTERM),
        ((80, 21), "utf-8", XTERM),
        ((0, 0), "utf-8", XTERM),
        ((80, 50), "ascii", XTERM),
        ((80, 50), "utf-8", {**XTERM, "NO_COLOR": "1"}),
        ((80, 50), "utf-8", {"TERM": "dumb"}),
        ((80, 50), "utf-8", {}),
    ],
    ids=["narrow", "low", "no size", "ascii", "NO_COLOR", "TERM=dumb", "no TERM"],
)
def test_a_terminal_that_cannot_show_a_qr_code_gets_none(
    size: tuple[int, int], encoding: str, environ: dict[str, str]
) -> None:
    """Without colours, the code may be light on dark."""
    with terminal(*size, encoding=encoding) as screen:
        text = shown_on(screen, environ)
    assert "QR" not in text
    assert "\x1b[3" not in text
    assert text.isascii()


def test_a_qr_code_can_be_switched_off() -> None:
    """By ``--no-qr``."""
    with terminal() as screen:
        assert "QR" not in shown_on(screen, has_qr_code=False)


def test_a_link_that_must_not_be_passed_on_has_no_qr_code() -> None:
    """It leads to an unknown host, or works on this machine only."""
    with terminal() as screen:
        StreamDisplay(screen.stream, environ=XTERM).show(LoginPrompt("A", "b", URL, None))
        assert "QR" not in screen.read()


def test_the_function_of_a_program_gets_the_prompt() -> None:
    """The program reports the end of the login itself."""
    shown: list[LoginPrompt] = []
    display = CallerDisplay(shown.append)
    display.show(PROMPT)
    display.report("Logged in.", is_logged_in=True)
    assert shown == [PROMPT]


@pytest.mark.parametrize(
    ("place", "flow", "kind"),
    [
        (Capabilities(None, has_terminal=True, has_tty=True), "auto", StreamDisplay),
        (Capabilities(None, has_terminal=False, has_tty=True), "auto", TerminalDisplay),
        (Capabilities(None, has_terminal=False, has_tty=True), "device", StreamDisplay),
        (Capabilities(None, has_terminal=False), "auto", StreamDisplay),
    ],
)
def test_only_auto_looks_for_the_terminal(
    place: Capabilities, flow: str, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other flows are shown on standard error, of any kind."""
    monkeypatch.setattr(Capabilities, "detect", classmethod(lambda _: place))
    assert type(find_display(flow)) is kind


def test_a_display_on_the_terminal_is_silent_in_the_background(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The user may have sent the job there while it waited."""
    monkeypatch.setattr("sso_plugin.web.terminal.is_foreground", lambda: False)
    monkeypatch.setattr("sso_plugin.web.terminal.TERMINAL", "/nonexistent/tty")
    TerminalDisplay().report("Logged in.", is_logged_in=True)


def test_a_stream_that_only_writes_gets_the_prompt() -> None:
    """Programs put such objects in the place of `sys.stderr`."""
    written: list[str] = []
    stream: Any = type("Tee", (), {"write": lambda _, text: written.append(text)})()
    StreamDisplay(stream).show(PROMPT)
    assert str(PROMPT.user_code) in "".join(written)
