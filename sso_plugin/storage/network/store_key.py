"""The key of a store: encrypts its documents, and gives them their names."""

from __future__ import annotations

import functools

from ..sealing import KeyUnavailableError
from ..sealing.environment import EnvironmentKeys
from ..sealing.sealer import Sealing
from .names import LoginName, Names

__all__ = ["HOW_TO_GET", "KEY", "KEY_FILE", "StoreKey"]

KEY = "SSO_PLUGIN_STORE_KEY"
"""One or more keys, separated by white space."""

KEY_FILE = "SSO_PLUGIN_STORE_KEY_FILE"
"""The path of a file with keys, such as a secret of Kubernetes."""


HOW_TO_GET = (
    "copy the key file of another machine or, for the first one, run: sso-plugin store init"
)
"""A new key on one machine would separate it from the others, so this comes first."""


class StoreKey:
    """The key of a store for the documents of one login.

    The newest key is the first one: it encrypts. All of them decrypt. The last one makes the names,
    which have to stay: so a new key is put in front of it.
    """

    def __init__(self, login: LoginName) -> None:
        self._login = login
        self._names: tuple[str, Names] | None = None

    @property
    def sealing(self) -> Sealing:
        """What encrypts the documents."""
        return _sealing()

    def names(self) -> Names:
        """Return the names of documents.

        :raises KeyUnavailableError: if there is no key.
        """
        last = self.sealing.last_key()
        if last is None:
            raise KeyUnavailableError(f"{self.sealing.describe()} is missing")
        if self._names is None or self._names[0] != last.id:
            self._names = last.id, Names(last.value, self._login)
        return self._names[1]


@functools.cache
def _sealing() -> Sealing:
    return Sealing(EnvironmentKeys(KEY, KEY_FILE, HOW_TO_GET))
