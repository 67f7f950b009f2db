"""The sealed documents of one login on a server."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ...redact import conceal, hide_frames
from ..keys import token_identity
from ..reading import UnusableFileError, document_of
from . import scripts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..documents import Entry
    from ..reading import Document
    from .scripts import Script
    from .server import Server
    from .store_key import StoreKey

__all__ = ["OFFERED", "Record", "Remote", "Timing", "TokenRecord"]

_TOKEN_LIFETIME = 100 * 86400
"""Seconds. A login lasts 90 days at most."""

_SETTLE_TIME = 65.0
"""Seconds until a server that was emptied accepts a token whose renewal may have begun: longer than
the lease of the one that renews it."""

_COLLECT_TIME = 3.0
"""Seconds until it accepts one that it never had: it is a new server, with copies of one login."""


class Timing(Protocol):
    """What the documents say about time, and the portal's clock. Times are epoch seconds."""

    def learn(self, now: float) -> None:
        """Set the portal's clock, unless the portal has sent its time."""

    def portal_time(self) -> float | None:
        """Return the portal's time; None if it has sent none to this process."""

    def now(self) -> float:
        """Return the portal's time as far as it is known."""

    def expires_at(self, document: Document) -> float | None:
        """Return when a document expires; None if it does not say so."""

    def may_be_spent(self, entry: Entry) -> bool:
        """Return whether another machine may have used the refresh token of a token."""


class Record(NamedTuple):
    """A document on the server.

    :param age: the seconds since it was written.
    """

    document: Document
    age: float


class TokenRecord(NamedTuple):
    """The newest token of a login on the server.

    :param identity: None if the login has ended.
    :param data: the sealed document.
    """

    generation: int
    identity: str | None
    expires_at: float
    age: float
    data: bytes


OFFERED = TokenRecord(0, None, 0.0, 0.0, b"")
"""The server was emptied, and machines offer their tokens."""


class Remote:
    """The documents of one login on a server. Each method is one request.

    Each raises `ServerAwayError` if the server does not reply, and `KeyUnavailableError` if there
    is no key.
    """

    def __init__(self, server: Server, key: StoreKey, timing: Timing) -> None:
        self.server = server
        self.timing = timing
        self._key = key
        self._ahead: float | None = None
        """The seconds by which the server's time is ahead of ``time.monotonic``."""

    def name(self, kind: str, key: str) -> str:
        """Return the name of a document on the server."""
        return self._key.names().of(kind, key)

    @hide_frames
    def read(self, kind: str, key: str) -> Record | None:
        """Return a document; None if there is none.

        :raises UnusableFileError: if it cannot be decrypted.
        """
        name = self.name(kind, key)
        with self._parsing():
            now, version, data = self._read(scripts.READ, [name, self._clock()])
            age = 0.0 if data is None else _seconds(now - int(version))
        return None if data is None else Record(self.open(name, data), age)

    @hide_frames
    def write(self, kind: str, key: str, document: Document, lifetime: float) -> None:
        """Store a document.

        :param lifetime: in seconds.
        """
        name = self.name(kind, key)
        self.server.call(
            scripts.WRITE,
            [name, self._clock()],
            [self._seal(name, document, ""), _milliseconds(lifetime), self._portal_time()],
        )

    def remove(self, kind: str, key: str) -> None:
        """Delete a document."""
        # Not at once: a login deletes many, and each would wait for a server that is away.
        self.server.call(scripts.REMOVE, [self.name(kind, key)])

    def read_token(self, kind: str, key: str) -> TokenRecord | None:
        """Return the record of a token, or `OFFERED`; None if there is none.

        :raises UnusableFileError: if it is damaged.
        """
        names = self._token_names(self.name(kind, key))
        with self._parsing():
            now, offered, generation, *found = self._read(scripts.READ_TOKEN, names)
            if generation is None:
                return OFFERED if offered else None
            identity, expires_at, at, data = found
            if identity is None:
                return TokenRecord(int(generation), None, 0.0, 0.0, b"")
            age = _seconds(now - int(at))
            return TokenRecord(int(generation), identity.decode(), float(expires_at), age, data)

    @hide_frames
    def write_token(
        self, key: tuple[str, str], document: Document, generation: int | None, *identities: str
    ) -> tuple[bool, int]:
        """Store a token if it is newer than the stored one: see `scripts.WRITE_TOKEN`.

        :param key: its kind and key.
        :param generation: None for the token of a new login.
        :param identities: its own, and that of the token it was made of, or nothing.
        :returns: whether it was stored, and its generation.
        """
        identity, parent = (*identities, "")[:2]
        name = self.name(*key)
        stored, number = self.server.call(
            scripts.WRITE_TOKEN,
            self._token_names(name),
            [
                "login" if generation is None else generation,
                parent,
                identity,
                self.timing.expires_at(document) or 0.0,
                self._seal(name, document, identity),
                _milliseconds(_TOKEN_LIFETIME),
                self._portal_time(),
            ],
            at_once=True,
        )
        return bool(stored), int(number)

    @hide_frames
    def offer_token(
        self, key: tuple[str, str], document: Document, generation: int, *, is_new: bool
    ) -> bool:
        """Offer a token to a server that was emptied. Return whether it has a token now.

        Parameters are those of `write_token`.

        :param is_new: whether no server ever had the token.
        """
        name, identity = self.name(*key), token_identity(document)
        reply = self.server.call(
            scripts.OFFER_TOKEN,
            self._token_names(name),
            [
                generation,
                identity,
                self.timing.expires_at(document) or 0.0,
                self._seal(name, document, identity),
                _milliseconds(_TOKEN_LIFETIME),
                _milliseconds(_COLLECT_TIME if is_new else _SETTLE_TIME),
            ],
        )
        return bool(reply)

    def end_token(self, kind: str, key: str) -> None:
        """Replace a token by the mark of an ended login."""
        names = self._token_names(self.name(kind, key))
        self.server.call(scripts.END_TOKEN, names, [_milliseconds(_TOKEN_LIFETIME)], at_once=True)

    @hide_frames
    def open(self, name: str, data: bytes) -> Document:
        """Decrypt a document, and conceal its secrets.

        :param name: its name on the server. A document with another name is refused.
        :raises UnusableFileError: if it cannot be decrypted.
        """
        try:
            return conceal(self._key.sealing.open(name, document_of(data)))
        except UnusableFileError as exc:
            raise UnusableFileError(f"a document in {self.server.describe()} {exc}") from None

    def age_of(self, entry: Entry) -> float:
        """Return the seconds since a copy on this machine was written."""
        return max(0.0, time.time() - entry.stored_at)

    def written_at(self, entry: Entry) -> int:
        """Return when a copy on this machine was written, by the server's clock, in milliseconds.

        Precondition: something was read from the server.
        """
        return _milliseconds((self._ahead or 0.0) + time.monotonic() - self.age_of(entry))

    def why_no_key(self) -> str | None:
        """Return why documents cannot be encrypted, as a clause; None if they can."""
        return self._key.sealing.why_no_key()

    @contextlib.contextmanager
    def _parsing(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, TypeError):
            where = f"a document in {self.server.describe()}"
            raise UnusableFileError(f"{where} is damaged: it has a wrong value") from None

    def _read(self, script: Script, names: list[str]) -> tuple[Any, ...]:
        now, ahead, *found = self.server.call(script, names)
        self._ahead = _seconds(now) - time.monotonic()
        if ahead is not None:
            self.timing.learn(_seconds(now + int(ahead)))
        return (now, *found)

    def _seal(self, name: str, document: Document, identity: str) -> str:
        return json.dumps(self._key.sealing.seal(name, document, identity))

    def _clock(self) -> str:
        return self._key.names().of("clock")

    def _token_names(self, name: str) -> list[str]:
        return [name, self._clock(), f"{name}:offered"]

    def _portal_time(self) -> int | str:
        now = self.timing.portal_time()
        return "" if now is None else _milliseconds(now)


def _seconds(milliseconds: int) -> float:
    return milliseconds / 1000


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
