"""What the start-up files call: wait for botocore, then have it pass its sessions to the plugin.

Runs at every start of every interpreter that has sso_plugin installed. So it imports `sys` and `os`
only, which the interpreter has by then; it opens, starts, prints and raises nothing.
"""

import os
import sys

TYPE_CHECKING = False  # a plain name: importing typing would cost more than all that is done here
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec


def main() -> None:
    """Set the tripwire, unless `SSO_PLUGIN` turns the plugin off; a second call adds nothing."""
    if switched_off():
        return
    if "botocore.session" in sys.modules:
        Tripwire.trip()
    elif Tripwire not in sys.meta_path:
        sys.meta_path.insert(0, Tripwire)


def switched_off() -> bool:
    """Tell whether the environment turns the plugin off."""
    return os.environ.get("SSO_PLUGIN", "").strip().lower() in {"off", "0", "false", "no"}


class Tripwire:
    """A finder that finds nothing: it only notices that `botocore.session` is being imported."""

    @classmethod
    def find_spec(cls, name: str, *_path_and_target: object) -> "ModuleSpec | None":
        """Step out of the way and register with botocore, whose package is imported by now."""
        if name != "botocore.session":
            return None
        # Another thread may have done so already.
        from contextlib import suppress

        with suppress(ValueError):
            sys.meta_path.remove(cls)
        cls.trip()
        # The import system is walking the list that just became shorter, and would skip the
        # finder after this one if the answer were None. So look again, from the start.
        from importlib.util import find_spec

        return find_spec(name)

    @staticmethod
    def trip() -> None:
        """Register; a fault of ours never breaks the import of botocore."""
        try:
            from .initializer import register

            register()
        except Exception as exc:  # noqa: BLE001
            import logging

            # By its kind only: a message may hold what is not to be logged.
            logging.getLogger("sso_plugin").debug("Could not start: %s", type(exc).__name__)
