"""The IPython extension: ``%load_ext sso_plugin`` provides ``%sso_login`` and ``%sso_status``.

IPython is imported by itself before it calls anything here.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import ProfileNotFound

from ..signin.configured_login import ConfiguredLogin
from ..signin.display import find_display
from ..signin.prompt import until_text
from ..signin.sign_in import log_in_if_needed

if TYPE_CHECKING:
    from ..signin.status import Status

__all__ = ["load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(shell: Any) -> None:
    """Register the magics. Called by ``%load_ext sso_plugin``."""
    for magic in _MAGICS:
        shell.register_magic_function(magic, "line", magic.__name__)


def unload_ipython_extension(shell: Any) -> None:
    """Remove the magics. Called by ``%unload_ext sso_plugin``."""
    for magic in _MAGICS:
        shell.magics_manager.magics["line"].pop(magic.__name__, None)


def sso_login(line: str) -> None:
    """Log in, if that is needed, for all programs of this user.

        %sso_login [PROFILE] [--flow auto|browser|device] [--force]

    PROFILE: a profile of the AWS config file; AWS_PROFILE or default if it is left out.
    --flow: browser for a browser on the machine of the kernel, device for a code and a browser on
    any machine, auto for one of them.
    --force: log in even if the login is valid.
    """
    parser = _Parser(sso_login.__name__)
    parser.add_argument("--flow", choices=("auto", "browser", "device"), default="auto")
    parser.add_argument("--force", action="store_true")
    given = parser.parse(line)
    found = parser.find(given.profile)
    display = find_display(given.flow)
    if not log_in_if_needed(found, display, flow=given.flow, force=given.force):
        status = found.status()
        until = until_text(status.expires_at, status.renewable_until)
        sys.stdout.write(f"Already logged in {until}. Use --force to log in again.\n")


def sso_status(line: str) -> Status:
    """Show whether a login is valid. Reads the token file only; makes no network call.

        %sso_status [PROFILE]

    PROFILE: a profile of the AWS config file; AWS_PROFILE or default if it is left out.
    """
    parser = _Parser(sso_status.__name__)
    return parser.find(parser.parse(line).profile).status()


_MAGICS = (sso_login, sso_status)


class _Parser(argparse.ArgumentParser):
    """Parses the line of a magic. A usage error is one sentence."""

    def __init__(self, magic: str) -> None:
        super().__init__(f"%{magic}", add_help=False, allow_abbrev=False)
        self.add_argument("profile", nargs="?")

    def parse(self, line: str) -> argparse.Namespace:
        try:
            words = shlex.split(line)
        except ValueError as exc:
            self.error(str(exc))
        return self.parse_args(words)

    def find(self, profile: str | None) -> ConfiguredLogin:
        """Return a login. A profile that does not exist is a usage error."""
        try:
            return ConfiguredLogin.find(profile)
        except ProfileNotFound as exc:
            self.error(str(exc))

    def error(self, message: str) -> NoReturn:
        from IPython.core.error import UsageError

        raise UsageError(f"{self.prog}: {message}. For help: {self.prog}?")
