"""The keys that the environment has or names, for servers and containers."""

from __future__ import annotations

import os
import shlex

from ...printable import one_line
from ...redact import Secret, hide_frames
from .encryption_key import HOW_TO_MAKE, key_from_text
from .key_file import check_absolute, expanded, mark_of, read_key_file
from .key_source import Keys, KeyUnavailableError

__all__ = ["KEY", "KEY_FILE", "EnvironmentKeys"]

KEY = "SSO_PLUGIN_KEY"
"""One or more keys, separated by white space."""

KEY_FILE = "SSO_PLUGIN_KEY_FILE"
"""The path of a file with keys, such as a secret of Docker, Kubernetes or systemd."""


class EnvironmentKeys:
    """The keys in a variable, or in the file that another variable names.

    :param how_to_get: how to get a key, for messages, if it must not simply be replaced by a new
        one; None for the command that makes one where the variable says.
    """

    may_ask = False

    def __init__(
        self, variable: str = KEY, file_variable: str = KEY_FILE, how_to_get: str | None = None
    ) -> None:
        self._variable = variable
        self._file_variable = file_variable
        self._how_to_get = how_to_get

    @hide_frames
    def read(self) -> Keys:
        """See `KeySource`."""
        text, path = Secret(self._text().strip()), self._path()
        if text and path:
            raise KeyUnavailableError(
                f"{self._variable} and {self._file_variable} are both set (unset one of them)"
            )
        if path:
            return self._in_file(path)
        if not text:
            make = f"export {self._variable}=$({HOW_TO_MAKE})"
            how = f"set one of them to a key that you keep; to make one, run: {make}"
            raise KeyUnavailableError(
                f"neither {self._variable} nor {self._file_variable} is set "
                f"({self._how_to_get or how})"
            )
        return self._in_text(text)

    def create(self) -> Keys:
        """See `KeySource`. The environment always has a key, or `read` fails."""
        return self.read()

    def rotate(self) -> Keys:
        """See `KeySource`. Only the caller can change the environment of other processes."""
        has_file = self._path()
        place = f"the file that {self._file_variable} names" if has_file else self._variable
        raise KeyUnavailableError(
            f"the key in the environment cannot be changed from here (put a new one, made by "
            f"`{HOW_TO_MAKE}`, in front of the present one in {place})"
        )

    def mark(self) -> object:
        """See `KeySource`."""
        path = self._path()
        return Secret(self._text()), path, mark_of(expanded(path))

    def asks_now(self) -> bool:
        """See `KeySource`."""
        return False

    def why_not_creatable(self) -> str | None:
        """See `KeySource`."""
        return None

    def describe(self) -> str:
        """See `KeySource`."""
        path = self._path()
        return self._name_of(path) if path else f"the key in {self._variable}"

    @hide_frames
    def _text(self) -> str:
        return Secret(os.environ.get(self._variable, ""))

    def _path(self) -> str:
        return os.environ.get(self._file_variable, "").strip()

    def _name_of(self, path: str) -> str:
        return f"the key file {one_line(path)} of {self._file_variable}"

    def _in_file(self, path: str) -> Keys:
        name, found = self._name_of(path), expanded(path)
        check_absolute(found, name)
        keys = read_key_file(found, name, self._how_to_get)
        if keys is None:
            make = f"to make it, run: umask 077; {HOW_TO_MAKE} >{one_line(shlex.quote(found))}"
            raise KeyUnavailableError(f"{name} does not exist ({self._how_to_get or make})")
        return keys

    @hide_frames
    def _in_text(self, text: Secret) -> Keys:
        keys = [key_from_text(Secret(word)) for word in text.split()]
        found = tuple(key for key in keys if key is not None)
        if len(found) == len(keys):
            return found
        which = "is not a key" if len(keys) == 1 else "has a word that is not a key"
        how = self._how_to_get or f"make one by: {HOW_TO_MAKE}"
        raise KeyUnavailableError(f"{self._variable} {which}, which is 32 bytes in base64 ({how})")
