"""What credentials that renew themselves need of the place that they come from."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NoReturn, Protocol

if TYPE_CHECKING:
    from botocore.exceptions import InvalidConfigError

    from .role_credentials import RoleCredentials

__all__ = ["Misconfigured", "Source"]


class Source(Protocol):
    """Where the credentials of a role come from."""

    def load(self) -> RoleCredentials | None:
        """Return valid credentials of the cache. Makes no network call."""

    def prepare(self) -> None:
        """Import all that `fetch` and `replace` need.

        A process that is forked while another thread imports never sees the end of that import.
        """

    def fetch(self, *, attended: bool = True, minimum: float = 0.0) -> RoleCredentials:
        """Return credentials that are not due for renewal, asking the portal if need be.

        :param attended: whether a person may be asked to log in.
        :param minimum: for how many seconds they should be valid at least; see `Lifetime`.
        :raises LoginRequired: if a person has to log in.
        :raises NoAccess: if the user does not have this role in this account.
        :raises PortalError: if the portal is unreachable or returns an error.
        """

    def replace(self, rejected: str) -> RoleCredentials:
        """Return other credentials than those that AWS rejected; asks no person to log in.

        What another process has fetched meanwhile is used. The portal is asked at most once in 5
        minutes, by all processes together.

        :param rejected: the access key that was rejected.
        :raises SsoPluginError: as `fetch` does, also if it is too early to ask.
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
