"""The person who logs in: shows the prompt, opens the page, waits."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..web.addresses import may_be_opened
from .polling import Polling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["LoginPrompt", "Person"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoginPrompt:
    """What to show a person who has to log in.

    :param subject: what the login is for, such as ``The profile "dev"``.
    :param reason: why it is needed.
    :param url: the page to open, in a browser on this machine if ``user_code`` is None, else in
        any browser.
    :param user_code: the code that the page asks for or shows.
    """

    subject: str
    reason: str
    url: str
    user_code: str | None

    def lines(self) -> list[tuple[str, bool]]:
        """Return the text for the person: its lines, and whether each has to stand out."""
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


@dataclass(frozen=True)
class Person:
    """How to reach the person: tell them what to do, and open a page for them.

    ``open_browser`` returns False if no browser could be opened; None if none is to be opened.
    ``monotonic`` returns a time in seconds. ``opens_secrets`` is False if other users can see what
    is opened; then it is the page without the code.
    """

    show: Callable[[LoginPrompt], object]
    open_browser: Callable[[str], object] | None = None
    sleep: Callable[[float], object] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    opens_secrets: bool = True

    def ask(
        self, prompt: LoginPrompt, page: str, own_urls: Sequence[str], alternative: str
    ) -> None:
        """Show the prompt, then open the page.

        :param own_urls: the user's own; pages of other hosts than these and AWS's are not opened.
        :param alternative: what to do if no browser can be started.
        """
        self.show(prompt)
        if self.open_browser is None:
            return
        if not may_be_opened(page, *own_urls):
            _logger.warning(
                "The page above was not opened: it is not an https address of AWS, of the start "
                "URL or of the endpoint. Do not open it unless you know it."
            )
        elif self.open_browser(page) is False:
            _logger.warning("No browser could be started. %s", alternative)

    def polling(self, interval: float, patience: float) -> Polling:
        """Begin to wait for what the person decides elsewhere."""
        return Polling(interval, patience, self.sleep, self.monotonic)
