"""What tests do at a hostile portal, and what they check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from quick_login import login

import sso_plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostile import HostilePortal
    from world import World

ESCAPES = "\x1b]0;owned\x07\x1b[31mA\u202eB\x9b2J\u2028C\r\n"
"""Control characters that would change a terminal's title, colour or text direction."""


def changed(**values: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a function that sets values in a response; None sets ``null``."""
    return lambda response: {**response, **values}


def is_clean(text: str) -> bool:
    """Return whether a text has no control characters except line ends."""
    return text.replace("\n", "").isprintable()


def fetch() -> Any:
    """Return the credentials of the profile ``dev``, as a script that has just started."""
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    credentials: Any = session.get_credentials()
    return credentials.get_frozen_credentials()


def log_in(portal: HostilePortal, world: World, sleeps: list[float] | None = None) -> list[Any]:
    """Log in by a device code that is approved after the first poll; return the prompts."""
    prompts: list[Any] = []
    waited = [] if sleeps is None else sleeps

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            world.emulator.approve(portal.user_codes[-1], "alice")

    login("dev", flow="device", force=True, show=prompts.append, open_browser=None, sleep=sleep)
    return prompts
