"""Notifications about a login: to the functions of this program, and to the command of the profile.

They say that a login is needed, or that it ends soon. They have no token and no device code.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal

from ..printable import one_line
from ..timestamps import END_OF_TIME, format_timestamp, utc_time

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["VARIABLES", "LoginNeeded", "call_back", "on_login_needed", "run_command", "variables"]

_logger = logging.getLogger(__name__)

_callbacks: dict[object, Callable[[LoginNeeded], object]] = {}
"""Each operation on it is atomic, so it needs no lock, which a forked child could find held."""


@dataclass(frozen=True)
class LoginNeeded:
    """A login that is needed now, or that ends soon.

    :param kind: ``needed``: calls wait for a login. ``ending``: the login ends soon, and cannot be
        renewed.
    :param subject: what the login is for, such as ``The profile "dev"``.
    :param reason: why a login is needed.
    :param profile_name: None for a login that no profile names.
    :param login_command: the command that logs in.
    :param url: the link that approves the login, with the code; None if only a command can log in.
    :param short_url: the page without the code, which is easier to type.
    :param user_code: the code that the page asks for or shows. Anyone who has it can approve the
        login as another user, so send it to the owner of the job only.
    :param approve_until: until when the code can be approved, in epoch seconds.
    :param deadline: in epoch seconds: until when calls wait; for ``ending``, when the login ends.
    """

    kind: Literal["needed", "ending"]
    subject: str
    reason: str
    profile_name: str | None = None
    login_command: str = ""
    url: str | None = field(default=None, repr=False)
    short_url: str | None = None
    user_code: str | None = field(default=None, repr=False)
    approve_until: float | None = None
    deadline: float | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, str):
                object.__setattr__(self, each.name, one_line(value))

    @property
    def message(self) -> str:
        """The text for a person: what to do, and until when."""
        when = "soon" if self.kind == "ending" else "now"
        lines = [f"{self.subject} needs a login {when}: {self.reason}."]
        lines += self._how_to_approve() or [f"Run: {self.login_command}"]
        if self.kind == "needed" and self.deadline is not None:
            lines.append(f"Calls wait for the login until {utc_time(self.deadline)}.")
        if self.user_code:
            lines.append(
                "Anyone who has this code can approve it as another user. "
                "Send it to the owner of this job only."
            )
        return "\n".join(lines)

    def _how_to_approve(self) -> list[str]:
        page = self.short_url or self.url
        if page is None:
            return []
        code = f" and approve the code {self.user_code}" if self.user_code else ""
        lines = [f"Open {page} in any browser{code}."]
        if self.url not in (None, page):
            lines.append(f"Or open this link: {self.url}")
        if self.approve_until is not None:
            lines.append(f"This is possible until {utc_time(self.approve_until)}.")
        return [*lines, f"Later, on the machine of the job, run: {self.login_command}"]


def on_login_needed(callback: Callable[[LoginNeeded], object]) -> Callable[[], None]:
    """Call a function when calls of this program wait for a login, or when a login ends soon.

    It is called in the thread that finds this out, which may be one of the background: keep it
    short. If it raises an exception, that is logged, and the wait goes on.

    :param callback: gets a `LoginNeeded`, which has the text for a person in ``message``.
    :returns: a function that removes the callback.
    """
    if not callable(callback):
        raise TypeError("on_login_needed needs a function")
    registration = object()
    _callbacks[registration] = callback

    def remove() -> None:
        _callbacks.pop(registration, None)

    return remove


def call_back(event: LoginNeeded) -> None:
    """Call all functions of `on_login_needed`."""
    for callback in list(_callbacks.values()):
        try:
            callback(event)
        except Exception as exc:  # noqa: BLE001, PERF203 - the call that waits does not fail
            # Not its text: it may have the code, or the address of a webhook.
            _logger.warning("A callback of on_login_needed failed: %s", type(exc).__name__)


def run_command(command: str, event: LoginNeeded) -> None:
    """Run the command of ``sso_notify`` in the background. Return at once, and never fail.

    :param command: the command line. It is run without a shell.
    :param event: the URLs in it must be such as may be opened in a browser.
    """
    if not command.strip():
        return
    # Not at the top: a program with callbacks only does not need it.
    from .notify_command import NotifyCommand

    NotifyCommand(command, variables(event)).start()


VARIABLES = (
    "SSO_PLUGIN_EVENT",
    "SSO_PLUGIN_PROFILE",
    "SSO_PLUGIN_URL",
    "SSO_PLUGIN_SHORT_URL",
    "SSO_PLUGIN_USER_CODE",
    "SSO_PLUGIN_DEADLINE",
    "SSO_PLUGIN_COMMAND",
    "SSO_PLUGIN_MESSAGE",
)
"""The environment variables of the command."""


def variables(event: LoginNeeded) -> dict[str, str | None]:
    """Return the environment variables of the command; None for each that is not known."""
    until = event.approve_until if event.kind == "needed" else event.deadline
    values = (
        f"login-{event.kind}",
        event.profile_name,
        event.url,
        event.short_url,
        event.user_code,
        None if until is None else format_timestamp(min(until, END_OF_TIME)),
        event.login_command or None,
        event.message,
    )
    return dict(zip(VARIABLES, values, strict=True))
