"""Seal and open documents with the key that a profile chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...redact import hide_frames
from ..reading import UnusableFileError
from .envelope import key_id_of, open_envelope, require_cryptography, seal_envelope
from .held_keys import HeldKeys
from .key_source import KeyUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from ..reading import Document
    from .encryption_key import EncryptionKey
    from .key_source import KeySource

__all__ = ["Sealing", "sealing_of"]

_SAMPLE = {"sample": "sso-plugin"}


class Sealing:
    """Seals and opens documents with the keys of one source, which it keeps in memory."""

    def __init__(self, source: KeySource) -> None:
        self._source = source
        self._keys = HeldKeys(source)

    @hide_frames
    def seal(self, name: str, document: Document, identity: str) -> Document:
        """Return a sealed document. If there is no key yet, it is created.

        :param name: where the document is stored, such as ``tokens/KEY``. It opens only there.
        :param identity: what can be read of it without the key; may be empty.
        :raises KeyUnavailableError: if there is no key that can be used.
        """
        require_cryptography()
        return seal_envelope(self._keys.to_seal(), name, document, identity)

    @hide_frames
    def open(self, name: str, sealed: Document) -> Document:
        """Return the document in a sealed one. The caller conceals its secrets.

        :raises UnusableFileError: if it is damaged, or sealed with another key.
        :raises KeyUnavailableError: if the key cannot be read.
        """
        key_id = key_id_of(sealed)
        require_cryptography()
        key = self._keys.to_open(key_id)
        if key is None and self._keys.are_missing():
            raise KeyUnavailableError(
                f"{self.describe()} is missing (bring it back or, to begin with a new key, run: "
                "sso-plugin login --force)"
            )
        if key is None:
            raise UnusableFileError(f"is sealed with another key than {self.describe()}")
        return open_envelope(key, name, sealed)

    @hide_frames
    def is_newest(self, sealed: Document) -> bool:
        """Return whether a document is sealed with the newest key of the source.

        :raises UnusableFileError: if it is not a sealed document.
        :raises KeyUnavailableError: if the key cannot be read.
        """
        newest = self._keys.newest()
        return newest is not None and key_id_of(sealed) == newest.id

    def last_key(self) -> EncryptionKey | None:
        """Return the last key of the source; None if it has none.

        :raises KeyUnavailableError: if the key cannot be read.
        """
        return self._keys.last()

    @hide_frames
    def rotate(self) -> None:
        """Put a new key in front, and keep exactly one older key, which still opens documents.

        Documents with any other key have to be sealed again before. A process that has the older
        key in memory may go on to seal with it, so seal all documents again afterwards too.

        :raises KeyUnavailableError: if there is no key to read, or it is in the environment.
        """
        require_cryptography()
        self._keys.rotate()

    def why_no_key(self) -> str | None:
        """Return why no document can be sealed and opened, as a clause; None if one can.

        A sample is sealed and opened. A missing key is created in the keyring, because only that
        tells whether the keyring stores it. A missing key file is not created.
        """
        try:
            require_cryptography()
            if not self._keys.is_created() and not self._source.may_ask:
                return self._source.why_not_creatable()
            return self._why_no_round_trip()
        except KeyUnavailableError as exc:
            return str(exc)

    def describe(self) -> str:
        """Name the source of the key for a message. Never raises."""
        return self._source.describe()

    def _why_no_round_trip(self) -> str | None:
        try:
            opened = self.open("sample", self.seal("sample", _SAMPLE, ""))
        except UnusableFileError as exc:
            return f"a sample that was just sealed {exc}"
        return None if opened == _SAMPLE else "a sample changed when it was sealed and opened"


_sealings: dict[tuple[str, str], Sealing] = {}


def sealing_of(setting: str, own_folder: Path) -> Sealing:
    """Return the `Sealing` of a value of ``sso_key``. All sessions of a process share it.

    :param setting: ``keyring``, ``env`` or ``file:PATH``.
    :param own_folder: ``~/.aws/sso-plugin``. A lock in it is held while a key is created.
    """
    known = (setting, str(own_folder))
    if known not in _sealings:
        _sealings.setdefault(known, Sealing(_source(setting, own_folder)))
    return _sealings[known]


def _source(setting: str, own_folder: Path) -> KeySource:
    kind, _, path = setting.partition(":")
    # Each imports what the others do not need, and most programs read a key only.
    if kind == "file":
        from .key_file import KeyFile

        return KeyFile(path.strip(), own_folder)
    if kind == "env":
        from .environment import EnvironmentKeys

        return EnvironmentKeys()
    from .os_keyring import KeyringKeys

    return KeyringKeys(own_folder)
