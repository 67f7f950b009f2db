"""The code that the start-up files run: wait for botocore, then register the plugin with it.

Runs at each start of each interpreter that has sso_plugin installed. So it imports `sys` and `os`
only, which are loaded by then. It opens no file, starts no thread, prints and raises nothing.
"""

import os
import sys

__all__ = ["ImportHook", "main", "register", "switched_off", "unregister"]

TYPE_CHECKING = False  # a plain name: importing typing would take longer than all of this module
if TYPE_CHECKING:
    from types import ModuleType

    from botocore.session import Session


def main() -> None:
    """Add the import hook, unless `SSO_PLUGIN` turns the plugin off. Further calls do nothing."""
    if switched_off():
        return
    if ImportHook not in sys.meta_path:
        sys.meta_path.insert(0, ImportHook)
    if "botocore.session" in sys.modules:
        ImportHook.register_once()


def switched_off() -> bool:
    """Return whether the environment turns the plugin off."""
    return os.environ.get("SSO_PLUGIN", "").strip().lower() in {"off", "0", "false", "no"}


class ImportHook:
    """A finder for `sys.meta_path` that finds no module: it detects the import of botocore.

    It is not removed, because botocore may be imported again. If the finder of another program
    finds `botocore.session` first, the next import of any module calls this one.
    """

    _registered: "ModuleType | None" = None
    """The module `botocore` that we have registered with."""

    @classmethod
    def find_spec(cls, name: str, *_path_and_target: object) -> None:
        """Register if `botocore.session` is being imported, or was imported before."""
        if name == "botocore.session" or "botocore.session" in sys.modules:
            cls.register_once()

    @classmethod
    def register_once(cls) -> None:
        """Register with botocore, once. An error of ours never breaks its import."""
        botocore = sys.modules.get("botocore")
        if botocore is None or botocore is cls._registered:
            return
        # First: `register` imports modules, and each import calls this function.
        again, cls._registered = cls._registered is not None, botocore
        try:
            if again:
                _remove_modules()
                _unregistered["initializer"] = _initialize
            register()
        except Exception as exc:  # noqa: BLE001
            _debug("Could not start: %s", exc)


def register() -> None:
    """Make botocore pass all later sessions to the plugin."""
    from botocore import register_initializer

    # If several threads call this at once, `dict.pop` returns the initializer to one of them.
    if initializer := _unregistered.pop("initializer", None):
        register_initializer(initializer)


def unregister() -> None:
    """Undo `main` and `register`. Existing sessions do not change."""
    if ImportHook in sys.meta_path:
        sys.meta_path.remove(ImportHook)
    if not _unregistered:
        from botocore import unregister_initializer

        unregister_initializer(_initialize)
        _unregistered["initializer"] = _initialize


def _initialize(session: "Session") -> None:
    try:
        from .session.plugin import enable

        enable(session)
    except Exception as exc:  # noqa: BLE001 - never breaks a session
        _debug("Cannot enable sso_plugin in a session: %s", exc)


_unregistered = {"initializer": _initialize}
"""Has the initializer unless botocore has it."""


def _debug(text: str, exc: Exception) -> None:
    """Log the class of an error only: its message may have a secret."""
    import logging

    logging.getLogger("sso_plugin").debug(text, type(exc).__name__)


def _remove_modules() -> None:
    """Remove our modules, to import them again: they use classes of the replaced botocore."""
    package = sys.modules[__package__]
    for name in [name for name in sys.modules if name.startswith(f"{__package__}.")]:
        module = name.split(".")[1]
        if module not in ("startup", "emulator"):
            sys.modules.pop(name, None)
            vars(package).pop(module, None)
