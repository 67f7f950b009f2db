"""Shows a login in a notebook: in the output of the cell, changed in place when it ends.

The notebook is saved with its outputs. So the link and the code are removed from them at the end.
"""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import LoginRequired
from ..printable import clean
from ..timestamps import clock_time
from .markup import card, code, link, paragraph, qr_image

if TYPE_CHECKING:
    from .prompt import LoginPrompt

__all__ = ["NotebookDisplay"]

_WAKE_INTERVAL = 0.25
"""Seconds until an interrupt is handled, at most."""

_MUTED = " opacity: 0.8;"


class NotebookDisplay:
    """Displays a login by an IPython kernel. See `prompt.Display`.

    :param shell: the shell of the kernel.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._shown: _Shown | None = None
        # A login that goes on in the background until it sleeps.
        self._stopped: _Shown | None = None

    def show(self, prompt: LoginPrompt) -> None:
        """See `Display`."""
        lines = [*prompt.instructions(), *prompt.ending("stop the cell to cancel")]
        plain = "\n".join(clean(line, keep="\n") for line, _ in lines)
        self._wait_with(_waiting(prompt), plain, prompt.subject)

    def say(self, text: str) -> None:
        """See `Display`."""
        self._wait_with(card("waiting", paragraph(text)), clean(text, keep="\n"))

    def _wait_with(self, markup: str, plain: str, subject: str = "") -> None:
        update = self._shown is not None
        if self._shown is None:
            self._shown, self._stopped = _Shown(subject), None
            self._shell.events.register("post_run_cell", self._end_with_cell)
        self._publish(self._shown, markup, plain, update=update)

    def report(self, text: str, *, is_logged_in: bool) -> None:
        """See `Display`."""
        self._stopped = None
        self._end(text, is_logged_in=is_logged_in)

    def _end(self, text: str, *, is_logged_in: bool) -> None:
        # The end of the cell may come at the same time, in another thread.
        shown, self._shown = self._shown, None
        if shown is not None:
            self._shell.events.unregister("post_run_cell", self._end_with_cell)
            ended = _ended(shown.subject, text, is_logged_in=is_logged_in)
            self._publish(shown, ended, text, update=True)

    def sleep(self, seconds: float) -> None:
        """Wait, until the person stops the cell at the latest.

        :raises LoginRequired: if it was stopped, and this is not the thread of the cell, where
            stopping it raises KeyboardInterrupt.
        """
        shown = self._shown or self._stopped
        if shown is None or shown.is_in_cell:
            time.sleep(seconds)
        elif self._is_stopped_within(seconds, shown):
            raise LoginRequired(
                subject=shown.subject or "The profile",
                reason="a cell was stopped while it waited",
                fix="Run the cell again.",
            )

    def _is_stopped_within(self, seconds: float, shown: _Shown) -> bool:
        loop = getattr(self._shell.kernel, "io_loop", None)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if shown.is_stopped.wait(min(left, _WAKE_INTERVAL)):
                return True
            if loop is not None:
                # ipykernel 7 handles an interrupt of a task only when its event loop wakes.
                loop.add_callback(int)
        return shown.is_stopped.is_set()

    def _end_with_cell(self, result: Any) -> None:
        """End the login if a person has stopped a cell. Called at the end of each cell."""
        shown = self._shown
        if shown is not None and (shown.is_in_cell or _was_stopped(result)):
            self._stopped = shown
            shown.is_stopped.set()
            self._end("The login was stopped.", is_logged_in=False)

    def _publish(self, shown: _Shown, markup: str, plain: str, *, update: bool) -> None:
        self._shell.display_pub.publish(
            {"text/html": markup, "text/plain": plain},
            transient={"display_id": shown.display_id},
            update=update,
        )


@dataclass(frozen=True)
class _Shown:
    """A login that is shown.

    :param subject: what it is for; empty if its text says so.
    :param is_in_cell: whether the login runs in the thread of the cell, and not in the background.
    """

    subject: str
    display_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    is_in_cell: bool = field(
        default_factory=lambda: threading.current_thread() is threading.main_thread()
    )
    is_stopped: threading.Event = field(default_factory=threading.Event)


def _was_stopped(result: Any) -> bool:
    """Return whether a cell ended because the person has stopped it."""
    # Kernels have imported it. Stopping a cell cancels what it awaits.
    from asyncio import CancelledError

    error = getattr(result, "error_in_exec", None)
    return isinstance(error, (KeyboardInterrupt, CancelledError))


def _waiting(prompt: LoginPrompt) -> str:
    until = f" until {clock_time(prompt.expires_at)}" if prompt.expires_at else ""
    image = qr_image(prompt.qr_url) if prompt.qr_url else ""
    parts = [
        paragraph(f"{prompt.subject} needs a login: {prompt.reason}.", " font-weight: 600;"),
        *_steps(prompt),
        *([paragraph("Or scan the QR code with a phone.", _MUTED)] if image else []),
        paragraph(f"Waiting for the approval{until}. To cancel, stop the cell.", _MUTED),
    ]
    return card("waiting", *parts, aside=image)


def _steps(prompt: LoginPrompt) -> list[str]:
    page = f"<div>{link(prompt.url, is_trusted=prompt.is_trusted)}</div>"
    warning = paragraph(
        "This is not an https address of AWS, of the start URL or of the endpoint. Do not open "
        "it unless you know it."
    )
    warnings = [] if prompt.is_trusted else [warning]
    if prompt.user_code is None:
        where = "in a browser on the machine where the kernel runs"
        other = (
            "If that is another machine than your own, stop the cell, and set sso_login = device"
        )
        hint = paragraph(f"{other} or run: {prompt.login_command} --flow device", _MUTED)
        return [paragraph(_open_page(prompt, where)), page, *warnings, hint]
    short = f"Or open {prompt.short_url} on another device, and type the code."
    return [
        paragraph(_open_page(prompt, "in any browser")),
        page,
        *warnings,
        paragraph("Approve the login only if the page shows this code:"),
        code(prompt.user_code),
        *([paragraph(short, _MUTED)] if prompt.short_url else []),
    ]


def _open_page(prompt: LoginPrompt, where: str) -> str:
    if prompt.opens_browser:
        return f"Opening your browser. If it does not open, visit this page {where}:"
    return f"Open this page {where}:"


def _ended(subject: str, sentence: str, *, is_logged_in: bool) -> str:
    sign = "\N{HEAVY CHECK MARK}" if is_logged_in else "\N{HEAVY BALLOT X}"
    parts = [paragraph(f"{sign} {sentence}", " font-weight: 600;")]
    if subject and subject not in sentence:
        parts.append(paragraph(f"{subject}.", _MUTED))
    return card("success" if is_logged_in else "failure", *parts)
