"""What the user sees when a login is needed: the text of the prompt, and the page to open."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..web.addresses import may_be_opened
from .polling import Polling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Display", "LoginPrompt", "UserInterface"]

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
    """

    subject: str
    reason: str
    url: str
    user_code: str | None
    short_url: str | None = None
    expires_at: float | None = None
    login_command: str = ""

    def lines(self) -> list[tuple[str, bool]]:
        """Return the lines of text, each with whether to highlight it."""
        where = "this page" if self.user_code is None else "this page in any browser"
        code = (
            [] if self.user_code is None else [(f"and approve the code {self.user_code}\n", True)]
        )
        return [
            (f"{self.subject} needs a login: {self.reason}.", False),
            (f"Open {where}:\n", False),
            (f"  {self.url}\n", True),
            *code,
            ("Waiting for the approval ... (Ctrl-C stops)", False),
        ]


class Display(Protocol):
    """Shows one login to a person, from its prompt to its end."""

    def show(self, prompt: LoginPrompt) -> object:
        """Show what the person has to do."""

    def say(self, text: str) -> object:
        """Show a sentence to a person who has nothing to approve here."""

    def report(self, text: str, *, is_logged_in: bool) -> object:
        """Show how the login ended.

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
    """

    display: Display
    open_browser: Callable[[str], object] | None = None
    sleep: Callable[[float], object] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    hides_url: bool = True

    def ask(
        self, prompt: LoginPrompt, page: str, own_urls: Sequence[str], alternative: str
    ) -> None:
        """Show the prompt, then open the page.

        :param own_urls: URLs that the user has configured. A page is opened only at their hosts
            and at those of AWS.
        :param alternative: what to do if no browser can be started.
        """
        self.display.show(prompt)
        if self.open_browser is None:
            return
        if not may_be_opened(page, *own_urls):
            _logger.warning(
                "The page above was not opened: it is not an https address of AWS, of the start "
                "URL or of the endpoint. Do not open it unless you know it."
            )
        elif self.open_browser(page) is False:
            _logger.warning("No browser could be started. %s", alternative)

    def start_polling(self, interval: float, expires_in: float) -> Polling:
        """Start to wait for an approval that is given in another browser."""
        return Polling(interval, expires_in, self.sleep, self.monotonic)
