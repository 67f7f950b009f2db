"""What the start-up files call: wait for botocore, then hand each new session to the plugin.

Runs at every start of every interpreter that has sso_plugin installed. So it imports `sys` and `os`
only, which the interpreter has by then (`site`, who reads the start-up files, imports both); it
opens, starts, prints and raises nothing. All else is imported once a script imports botocore.
"""

import os
import sys

# A plain name, not typing's: importing `typing` would cost more than all that is done here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

    from botocore.session import Session


def main() -> None:
    """Set the tripwire, unless the plugin is switched off; a second call adds nothing."""
    if switched_off():
        return

    if "botocore.session" in sys.modules:
        register()
    elif Tripwire not in sys.meta_path:
        sys.meta_path.insert(0, Tripwire)


def switched_off() -> bool:
    """Whether the environment variable `SSO_PLUGIN` turns the whole plugin off."""
    return os.environ.get("SSO_PLUGIN", "").strip().lower() in {"off", "0", "false", "no"}


class Tripwire:
    """A finder that finds nothing: it only notices that `botocore.session` is being imported."""

    @classmethod
    def find_spec(cls, name: str, *_path_and_target: object) -> "ModuleSpec | None":
        """Step out of the way and register with botocore, whose package is imported by now."""
        if name != "botocore.session":
            return None
        _remove_tripwire()
        register()

        # The import system is walking the list that just became shorter, and would skip the
        # finder after this one if the answer were None. So look again, from the start.
        from importlib.util import find_spec

        return find_spec(name)


def register() -> None:
    """Have botocore pass every session made from now on to the plugin."""
    try:
        from botocore import register_initializer

        # Of all the threads that come here at once, `dict.pop` gives the initializer to one.
        if initializer := _unregistered.pop("initializer", None):
            register_initializer(initializer)
    except Exception as error:  # noqa: BLE001
        _tell_debuggers(error)


def unregister() -> None:
    """Take back what `main` and `register` did; sessions made so far keep what they have."""
    _remove_tripwire()
    if not _unregistered:
        from botocore import unregister_initializer

        unregister_initializer(_initialize)
        _unregistered["initializer"] = _initialize


def _remove_tripwire() -> None:
    # Not `if` and then `remove`: another thread may come between.
    from contextlib import suppress

    with suppress(ValueError):
        sys.meta_path.remove(Tripwire)


def _initialize(session: "Session") -> None:
    try:
        from .plugin import enable

        enable(session)
    except Exception as error:  # noqa: BLE001
        _tell_debuggers(error)


def _tell_debuggers(error: Exception) -> None:
    """Say what failed, by its kind: a message or a traceback may hold what is not to be logged."""
    import logging

    logging.getLogger("sso_plugin").debug("The plugin could not start: %s", type(error).__name__)


# The initializer is in one place at a time: here, or with botocore.
_unregistered = {"initializer": _initialize}
