"""The interface of a source of role credentials, and a source that only raises an error."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NoReturn, Protocol

if TYPE_CHECKING:
    from botocore.exceptions import InvalidConfigError

    from .role_credentials import RoleCredentials

__all__ = ["Misconfigured", "Source"]


class Source(Protocol):
    """A source of the credentials of one role."""

    def load(self) -> RoleCredentials | None:
        """Return valid credentials from the cache. Makes no network call."""

    def prepare(self) -> None:
        """Import all that `fetch` and `replace` need.

        In a process that is forked while another thread imports, that import never ends.
        """

    def fetch(self, *, attended: bool = True, minimum: float = 0.0) -> RoleCredentials:
        """Return credentials that are not due for renewal, from the cache or the portal.

        :param attended: whether a person may be asked to log in.
        :param minimum: the minimum lifetime in seconds; see `Lifetime.long_enough_until`.
        :raises LoginRequired: if a person has to log in.
        :raises NoAccess: if the user does not have this role in this account.
        :raises PortalError: if the portal is unreachable or returns an error.
        """

    def replace(self, rejected: str) -> RoleCredentials:
        """Return other credentials than those that AWS rejected. Asks no person to log in.

        They come from the cache if another process has fetched some, else from the portal. All
        processes together send at most one request in 5 minutes.

        :param rejected: the access key that was rejected.
        :raises SsoPluginError: as `fetch` does, and after a request less than 5 minutes ago.
        """


class Misconfigured:
    """A source that raises the same config error each time it is used."""

    def __init__(self, error: InvalidConfigError) -> None:
        self._error = error

    def load(self) -> NoReturn:
        """See `Source`."""
        # A copy: threads that raise the same exception would share its traceback.
        raise copy.copy(self._error)

    def prepare(self) -> None:
        """See `Source`."""

    def fetch(self, **_: object) -> NoReturn:
        """See `Source`."""
        self.load()

    def replace(self, rejected: str) -> NoReturn:  # noqa: ARG002
        """See `Source`."""
        self.load()
