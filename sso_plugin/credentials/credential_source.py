"""What credentials that renew themselves need of the place they come from."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NoReturn, Protocol

if TYPE_CHECKING:
    from botocore.exceptions import InvalidConfigError

    from .role_credentials import RoleCredentials

__all__ = ["Misconfigured", "Source"]


class Source(Protocol):
    """Where the credentials come from; `rolesource.RoleSource` is the one in use."""

    def load(self) -> RoleCredentials | None:
        """Return live credentials that are at hand, without going out."""

    def prepare(self) -> None:
        """Import all that `fetch` and `replace` need.

        A process that is forked while another thread imports never sees the end of that import.
        """

    def fetch(self, *, attended: bool = True, minimum: float = 0.0) -> RoleCredentials:
        """Return fresh credentials, going out if need be.

        :param attended: whether a person may be asked to log in; not while others still live.
        :param minimum: the seconds that they should live at least.
        """

    def replace(self, rejected: str) -> RoleCredentials:
        """Return other credentials than those with an access key that AWS rejected.

        :raises Exception: if there are none, or it is too early to ask for them again.
        """


class Misconfigured:
    """A source that raises an error in the config each time it is used, and not before."""

    def __init__(self, error: InvalidConfigError) -> None:
        self._error = error

    def load(self) -> NoReturn:
        """See `Source`."""
        # A copy: threads that share one exception would write into one traceback.
        raise copy.copy(self._error)

    def prepare(self) -> None:
        """See `Source`."""

    def fetch(self, **_: object) -> NoReturn:
        """See `Source`."""
        self.load()

    def replace(self, rejected: str) -> NoReturn:  # noqa: ARG002
        """See `Source`."""
        self.load()
