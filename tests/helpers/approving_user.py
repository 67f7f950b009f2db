"""A user who approves each login, in a browser or by a code."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING, Any

from quick_login import login

if TYPE_CHECKING:
    from world import World

    from sso_plugin import LoginPrompt, Status
    from sso_plugin.signin.sign_in import FlowName


class ApprovingUser:
    """Approves what is shown, in any flow. Records the prompts and the pages that were opened."""

    def __init__(self, world: World, user: str = "alice", flow: FlowName = "auto") -> None:
        self._world = world
        self._user = user
        self.flow = flow
        self.prompts: list[LoginPrompt] = []
        self.opened: list[str] = []

    def show(self, prompt: LoginPrompt) -> None:
        self.prompts.append(prompt)
        if prompt.user_code:
            self._world.emulator.approve(prompt.user_code, self._user)

    def open_browser(self, url: str) -> bool:
        self.opened.append(url)
        if "/authorize?" in url:
            open_page(self._world.emulator.authorize(url, self._user))
        return True

    def log_in(self, profile: str | None = "dev", **options: Any) -> Status:
        defaults = {"flow": self.flow, "show": self.show, "open_browser": self.open_browser}
        return login(profile, **{**defaults, **options})


def open_page(url: str) -> str:
    """Request a page as a browser does, and return its text."""
    with urllib.request.urlopen(url, timeout=60) as response:
        body: bytes = response.read()
    return body.decode()
