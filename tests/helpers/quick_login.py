"""`sso_plugin.login` without the pauses between two requests to the portal."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from unittest import mock

import sso_plugin
from sso_plugin.signin import sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["login"]


def login(
    profile_name: str | None = None,
    *,
    sleep: Callable[[float], object] = lambda _seconds: None,
    **options: Any,
) -> sso_plugin.Status:
    """Log in; ``sleep`` gets the seconds of each pause."""
    with mock.patch.object(sign_in, "SignIn", partial(sign_in.SignIn, sleep=sleep)):
        return sso_plugin.login(profile_name, **options)
