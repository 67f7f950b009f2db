"""What the start-up files call: wait for botocore, then have it pass its sessions to the plugin.

Runs at every start of every interpreter that has sso_plugin installed. So it imports `sys` and `os`
only, which the interpreter has by then; it opens, starts, prints and raises nothing.
"""

import os
import sys

TYPE_CHECKING = False  # a plain name: importing typing would cost more than all that is done here
if TYPE_CHECKING:
    from types import ModuleType

    from botocore.session import Session


def main() -> None:
    """Set the tripwire, unless `SSO_PLUGIN` turns the plugin off; a second call adds nothing."""
    if switched_off():
        return
    if Tripwire not in sys.meta_path:
        sys.meta_path.insert(0, Tripwire)
    if "botocore.session" in sys.modules:
        Tripwire.trip()


def switched_off() -> bool:
    """Tell whether the environment turns the plugin off."""
    return os.environ.get("SSO_PLUGIN", "").strip().lower() in {"off", "0", "false", "no"}


class Tripwire:
    """A finder that finds nothing: it only notices that `botocore.session` is being imported.

    It stays, since botocore may be imported again. The finder of another program may answer for
    `botocore.session` first; then the next import of any module shows that it is there.
    """

    _noticed: "ModuleType | None" = None
    """The package botocore that we are registered with."""

    @classmethod
    def find_spec(cls, name: str, *_path_and_target: object) -> None:
        """Register with botocore if need be, whose package is imported by now."""
        if name == "botocore.session" or "botocore.session" in sys.modules:
            cls.trip()

    @classmethod
    def trip(cls) -> None:
        """Register, once; a fault of ours never breaks the import of botocore."""
        botocore = sys.modules.get("botocore")
        if botocore is None or botocore is cls._noticed:
            return
        # First: what follows imports modules, and so calls this again.
        again, cls._noticed = cls._noticed is not None, botocore
        try:
            if again:
                _forget_modules()
                _unregistered["initializer"] = _initialize
            register()
        except Exception as exc:  # noqa: BLE001
            _debug("Could not start: %s", exc)


def register() -> None:
    """Have botocore pass every session made from now on to the plugin."""
    from botocore import register_initializer

    # Of all the threads that come here at once, `dict.pop` gives the initializer to one.
    if initializer := _unregistered.pop("initializer", None):
        register_initializer(initializer)


def unregister() -> None:
    """Undo `main` and `register`; sessions made so far stay as they are."""
    if Tripwire in sys.meta_path:
        sys.meta_path.remove(Tripwire)
    if not _unregistered:
        from botocore import unregister_initializer

        unregister_initializer(_initialize)
        _unregistered["initializer"] = _initialize


def _initialize(session: "Session") -> None:
    try:
        from .session.plugin import enable

        enable(session)
    except Exception as exc:  # noqa: BLE001 - our fault never breaks their session
        _debug("Leaving a session as it is: %s", exc)


# The initializer is in one place at a time: here, or with botocore.
_unregistered = {"initializer": _initialize}


def _debug(text: str, exc: Exception) -> None:
    """Log an error by its kind only: a message may hold what is not to be logged."""
    import logging

    logging.getLogger("sso_plugin").debug(text, type(exc).__name__)


def _forget_modules() -> None:
    """Have our modules imported again: they hold classes of the botocore that was replaced."""
    package = sys.modules[__package__]
    for name in [name for name in sys.modules if name.startswith(f"{__package__}.")]:
        module = name.split(".")[1]
        if module not in ("startup", "emulator"):
            sys.modules.pop(name, None)
            vars(package).pop(module, None)
