"""What the user sees of a login: the text of the prompt and of its end, and the page to open."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from ..timestamps import clock_time
from ..web.addresses import may_be_opened
from .polling import Polling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Display", "LoginPrompt", "NoBrowserError", "UserInterface", "until_text"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoginPrompt:
    """What to show the user who has to log in.

    :param subject: what the login is for, such as ``The profile "dev"``.
    :param reason: why it is needed.
    :param url: the page to open, in a browser on this machine if ``user_code`` is None, else in
        any browser.
    :param user_code: the code that the page asks for or shows.
    :param short_url: the page without the code, which is easier to type; None without a code.
    :param expires_at: until when the login can be approved, in epoch seconds.
    :param login_command: the command that logs in from another terminal.
    :param opens_browser: whether a browser is opened with the page.
    :param qr_url: the page for a QR code; None if it is for this machine only, or at a host that
        is not one of AWS or of the user.
    :param is_trusted: whether the page is at a host of AWS or of the user's config. If not, show
        its address as text that cannot be clicked.
    """

    subject: str
    reason: str
    url: str = field(repr=False)
    user_code: str | None = field(repr=False)
    short_url: str | None = None
    expires_at: float | None = None
    login_command: str = ""
    opens_browser: bool = False
    qr_url: str | None = field(default=None, repr=False)
    is_trusted: bool = False

    def lines(self) -> list[tuple[str, bool]]:
        """Return the lines of text, each with whether to highlight it."""
        return [*self.instructions(), *self.ending()]

    def instructions(self) -> list[tuple[str, bool]]:
        """Return the first lines: why a login is needed, and what to do."""
        first = (f"{self.subject} needs a login: {self.reason}.", False)
        if self.user_code is None:
            return [first, *self._for_this_machine()]
        return [first, *self._for_any_machine(self.user_code)]

    def ending(self, cancel: str = "Ctrl-C stops") -> list[tuple[str, bool]]:
        """Return the last lines: until when to do it.

        :param cancel: how to stop waiting.
        """
        until = (
            f"Approve the login before {clock_time(self.expires_at)}." if self.expires_at else ""
        )
        last = (f"Waiting for the approval ... ({cancel})", False)
        return [(until, False), last] if until else [last]

    def _for_this_machine(self) -> Iterator[tuple[str, bool]]:
        where = "in a browser on this machine"
        yield self._open_page(where), False
        yield f"  {self.url}\n", True
        if self.login_command:
            yield f"To use a browser on another machine: {self.login_command} --flow device", False

    def _for_any_machine(self, code: str) -> Iterator[tuple[str, bool]]:
        short = self.short_url or self.url
        yield self._open_page("in any browser on any device"), False
        yield f"  {short}\n", True
        yield f"and enter the code {code}\n", True
        if short != self.url:
            yield "Or open this link. Approve it only if the page shows the same code:\n", False
            yield f"  {self.url}\n", True

    def _open_page(self, where: str) -> str:
        if self.opens_browser:
            return f"Opening your browser. If it does not open, visit this page {where}:\n"
        return f"Open this page {where}:\n"


class NoBrowserError(Exception):
    """No browser could be started, and the login cannot go on without one."""


class Display(Protocol):
    """Shows one login to a person, from its prompt to its end."""

    def show(self, prompt: LoginPrompt) -> object:
        """Show what the person has to do."""

    def say(self, text: str) -> object:
        """Show a sentence to a person who has nothing to approve here."""

    def report(self, text: str, *, is_logged_in: bool) -> object:
        """Show how the login ended.

        It is called only after `show`.

        :param text: one sentence, such as ``Logged in until 2026-01-31 22:15 UTC.``
        """


@dataclass(frozen=True)
class UserInterface:
    """How a login reaches the user: by a prompt, and by a page in a browser.

    :param display: shows the prompt.
    :param open_browser: opens a page, and returns False if it could not; None to open no page.
    :param sleep: waits for that many seconds.
    :param monotonic: returns a time in seconds.
    :param hides_url: False if other users of the machine can see the URL that ``open_browser``
        gets. A device login then opens the page without the code.
    :param needs_browser: whether the person may be unable to open the page: it is for a browser on
        this machine, and they may be at another one.
    """

    display: Display
    open_browser: Callable[[str], object] | None = None
    sleep: Callable[[float], object] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    hides_url: bool = True
    needs_browser: bool = False

    def ask(
        self, prompt: LoginPrompt, page: str, own_urls: Sequence[str], alternative: str
    ) -> None:
        """Show the prompt, then open the page.

        :param own_urls: URLs that the user has configured. A page is opened only at their hosts
            and at those of AWS.
        :param alternative: what to do if no browser can be started.
        :raises NoBrowserError: if none can be started, and one is needed.
        """
        allowed = may_be_opened(page, *own_urls)
        passed_on = prompt.user_code is not None and may_be_opened(prompt.url, *own_urls)
        self.display.show(
            replace(
                prompt,
                is_trusted=may_be_opened(prompt.url, *own_urls),
                opens_browser=allowed and self.open_browser is not None,
                qr_url=prompt.url if passed_on else None,
            )
        )
        if self.open_browser is None:
            return
        if not allowed:
            _logger.warning(
                "The page above was not opened: it is not an https address of AWS, of the start "
                "URL or of the endpoint. Do not open it unless you know it."
            )
        elif self.open_browser(page) is False:
            if self.needs_browser:
                raise NoBrowserError
            _logger.warning("No browser could be started. %s", alternative)

    def start_polling(self, interval: float, expires_in: float) -> Polling:
        """Start to wait for an approval that is given in another browser."""
        return Polling(interval, expires_in, self.sleep, self.monotonic)


def until_text(expires_at: float | None, renewable_until: float | None) -> str:
    """Return until when a login is valid, as the end of a sentence.

    :param expires_at: when the access token expires.
    :param renewable_until: until when it can be renewed. It is the end of the registration: the
        portal knows when the login itself ends, and does not say.
    """
    if renewable_until is None or renewable_until <= (expires_at or 0.0):
        return f"until {clock_time(expires_at)}" if expires_at else ""
    return f"until {clock_time(renewable_until)} at the latest; the portal may end it earlier"
