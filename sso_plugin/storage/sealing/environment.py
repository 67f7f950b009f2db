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
    """The keys in ``SSO_PLUGIN_KEY``, or in the file that ``SSO_PLUGIN_KEY_FILE`` names."""

    may_ask = False

    @hide_frames
    def read(self) -> Keys:
        """See `KeySource`."""
        text, path = Secret(os.environ.get(KEY, "").strip()), _path()
        if text and path:
            raise KeyUnavailableError(f"{KEY} and {KEY_FILE} are both set (unset one of them)")
        if path:
            return _in_file(path)
        if not text:
            raise KeyUnavailableError(
                f"neither {KEY} nor {KEY_FILE} is set (set one of them to a key that you keep; "
                f"to make one, run: export {KEY}=$({HOW_TO_MAKE}))"
            )
        return _in_text(text)

    def create(self) -> Keys:
        """See `KeySource`. The environment always has a key, or `read` fails."""
        return self.read()

    def rotate(self) -> Keys:
        """See `KeySource`. Only the caller can change the environment of other processes."""
        place = f"the file that {KEY_FILE} names" if _path() else KEY
        raise KeyUnavailableError(
            f"the key in the environment cannot be changed from here (put a new one, made by "
            f"`{HOW_TO_MAKE}`, in front of the present one in {place})"
        )

    def mark(self) -> object:
        """See `KeySource`."""
        path = _path()
        return Secret(os.environ.get(KEY, "")), path, mark_of(expanded(path))

    def asks_now(self) -> bool:
        """See `KeySource`."""
        return False

    def why_not_creatable(self) -> str | None:
        """See `KeySource`."""
        return None

    def describe(self) -> str:
        """See `KeySource`."""
        path = _path()
        return _name_of(path) if path else f"the key in {KEY}"


def _path() -> str:
    return os.environ.get(KEY_FILE, "").strip()


def _name_of(path: str) -> str:
    return f"the key file {one_line(path)} of {KEY_FILE}"


def _in_file(path: str) -> Keys:
    name, found = _name_of(path), expanded(path)
    check_absolute(found, name)
    keys = read_key_file(found, name)
    if keys is None:
        command = f"umask 077; {HOW_TO_MAKE} >{one_line(shlex.quote(found))}"
        raise KeyUnavailableError(f"{name} does not exist (to make it, run: {command})")
    return keys


@hide_frames
def _in_text(text: Secret) -> Keys:
    keys = [key_from_text(Secret(word)) for word in text.split()]
    found = tuple(key for key in keys if key is not None)
    if len(found) == len(keys):
        return found
    which = "is not a key" if len(keys) == 1 else "has a word that is not a key"
    raise KeyUnavailableError(
        f"{KEY} {which}, which is 32 bytes in base64 (make one by: {HOW_TO_MAKE})"
    )
