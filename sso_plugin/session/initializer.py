"""Our entry in botocore's list of session initializers: added, removed, never twice."""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import TYPE_CHECKING

from .. import startup

if TYPE_CHECKING:
    from botocore.session import Session

__all__ = ["register", "unregister"]

_logger = logging.getLogger("sso_plugin")


def register() -> None:
    """Have botocore pass every session made from now on to the plugin."""
    from botocore import register_initializer

    # Of all the threads that come here at once, `dict.pop` gives the initializer to one.
    if initializer := _unregistered.pop("initializer", None):
        register_initializer(initializer)


def unregister() -> None:
    """Take back what `startup.main` and `register` did; sessions made so far stay as they are."""
    with contextlib.suppress(ValueError):
        sys.meta_path.remove(startup.Tripwire)
    if not _unregistered:
        from botocore import unregister_initializer

        unregister_initializer(_initialize)
        _unregistered["initializer"] = _initialize


def _initialize(session: Session) -> None:
    try:
        from .plugin import enable

        enable(session)
    except Exception as exc:  # noqa: BLE001 - our fault never breaks their session
        _logger.debug("Leaving a session as it is: %s", type(exc).__name__)


# The initializer is in one place at a time: here, or with botocore.
_unregistered = {"initializer": _initialize}
