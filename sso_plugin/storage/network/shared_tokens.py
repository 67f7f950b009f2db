"""The tokens of logins that many machines share: no refresh token is used twice, no login is lost.

A token has a generation, the time of its login by the server's clock. The server accepts a token of
a newer login, and one that was made of the token that it has. The copy on a machine has a `Note` of
the version that the server had. A copy without it, or made of it, was written by another program,
or while the server was away: it is sent to the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..cache import Hold
from ..keys import token_identity
from ..reading import UnusableFileError
from .network_cache import AWAY, NetworkCache
from .note import Note, with_note, without_note
from .remote import OFFERED
from .server_errors import ServerAwayError
from .token_keeper import keep_stored, send_later

if TYPE_CHECKING:
    from ..cache import Cache
    from ..documents import Entry
    from ..reading import Document
    from .lease import Lease
    from .remote import Remote, TokenRecord

__all__ = ["SharedTokens"]

_PATIENCE = 30.0
"""Seconds that a process without a valid token waits for a server that does not reply."""

_RESERVE = 10.0
"""Seconds before a token expires at which others may renew it, if its renewal was not completed."""


class SharedTokens(NetworkCache):
    """A cache of tokens. Other documents, such as client registrations, stay on this machine."""

    def __init__(self, local: Cache, remote: Remote, token_key: str) -> None:
        super().__init__(local, remote, "tokens", patience=_PATIENCE)
        self._token_key = token_key

    def put(self, key: str, document: Document, *, age: float = 0.0) -> None:
        """See `Cache`."""
        self._local.put(key, document, age=age)

    def replace(
        self, key: str, document: Document, replacing: Document, *, age: float = 0.0
    ) -> bool:
        """See `Cache`. The server decides. If it is away, this machine keeps the new token."""
        note = Note.of(replacing)
        identity, parent = token_identity(document), token_identity(replacing)
        if not self._is_shared(key) or note is None:
            return self._local.replace(key, document, replacing, age=age)
        # Until the server has it, the copy has the note of the token that it was made of.
        kept = with_note(document, Note(note.generation, parent))
        sent = self._send(
            key, lambda: self._write(key, document, note.generation, identity, parent)
        )
        if sent is None:
            is_kept = self._local.replace(key, kept, replacing, age=age)
            if is_kept:
                self._send_later(key, self._leases.get(key))
            return is_kept
        stored, generation = sent
        if not stored:
            self.pull(key)
            return False
        kept = with_note(document, Note(generation, identity))
        replaced = self._local.replace(key, kept, replacing, age=age)
        # Another process may have brought it here from the server.
        return replaced or self._local.identity(key) == identity

    def supersede(self, key: str, document: Document) -> None:
        """See `Cache`."""
        sent = None
        if self._is_shared(key):
            identity = token_identity(document)
            sent = self._send(key, lambda: self._write(key, document, None, identity))
            document = without_note(document)
            if sent:
                document = with_note(document, Note(sent[1], identity))
        self._local.supersede(key, document)
        if self._is_shared(key) and sent is None:
            self._send_later(key)

    def delete(self, key: str, *, quiet: bool = False) -> str | None:
        """See `Cache`."""
        return self._local.delete(key, quiet=quiet)

    def end(self, key: str, *, quiet: bool = False) -> str | None:
        """See `Cache`."""
        failed = None
        if self._is_shared(key):
            try:
                self._remote.end_token(self._kind, key)
            except AWAY as exc:
                failed = f"{exc}, so the login stays on other machines"
        reasons = [failed, self._local.end(key, quiet=quiet)]
        return "; ".join(filter(None, reasons)) or None

    def confirm(self, key: str, document: Document) -> Hold:
        """See `Cache`."""
        if not self._is_shared(key):
            return self._local.confirm(key, document)
        lease = self._leases.get(key)
        try:
            valid_for = self._valid_for(document)
            is_confirmed = lease is not None and lease.confirm(token_identity(document), valid_for)
        except AWAY as exc:
            self._away[key] = str(exc)
            return Hold.AWAY
        if not is_confirmed:
            self.pull(key)
        return Hold.HELD if is_confirmed else Hold.PASSED_BY

    def why_not_stored(self, key: str) -> str | None:
        """See `Cache`. What the server has, other machines can use."""
        return self._not_sent.get(key) if self._is_shared(key) else self._local.why_not_stored(key)

    def why_not_storable(self, key: str) -> str | None:
        """See `Cache`."""
        return None if self._is_shared(key) else self._local.why_not_storable(key)

    def _is_shared(self, key: str) -> bool:
        return key == self._token_key

    def _valid_for(self, document: Document) -> float:
        """Return the seconds for which other machines can use a token, with some reserve."""
        timing = self._remote.timing
        return (timing.expires_at(document) or 0.0) - timing.now() - _RESERVE

    def _send_later(self, key: str, lease: Lease | None = None) -> None:
        def is_sent() -> bool:
            entry = self._local.get(key)
            note = Note.of(entry.document) if entry else None
            return entry is None or (
                note is not None and note.identity == token_identity(entry.document)
            )

        send_later(lambda: self._look_after(key), is_sent, lease)

    def _look_after(self, key: str) -> None:
        """Bring the token of this machine to a server that does not have it."""
        if self._local.mark(key):
            self.pull(key)

    def _pull(self, key: str) -> bool:
        is_known = self._compare(key)
        name = self._remote.name(self._kind, key)
        keep_stored(self._remote.server, name, lambda: self._look_after(key))
        return is_known

    def _compare(self, key: str) -> bool:
        """See `_pull`."""
        found, entry = self._remote.read_token(self._kind, key), self._local.get(key)
        if found is OFFERED and entry is None:
            name = self._remote.server.describe()
            raise ServerAwayError(f"{name} was emptied, and collects the newest token", "timeout")
        if found in (None, OFFERED):
            return entry is None or self._refill(key, entry)
        if entry is None:
            if found.identity is not None:
                self._adopt(key, found, None)
            return True
        note = Note.of(entry.document)
        identity = token_identity(entry.document)
        if identity == found.identity:
            if note != Note(found.generation, identity):
                self._keep(key, entry, found.generation, identity)
            return True
        if not self._is_newer(entry, note, identity, found):
            self._follow(key, found, entry)
        elif not self._push(key, entry, note, identity):
            # The server has a newer login, or a newer token of this one.
            latest = self._remote.read_token(self._kind, key)
            if latest not in (None, OFFERED):
                self._follow(key, latest, entry)
        return True

    def _is_newer(self, entry: Entry, note: Note | None, identity: str, found: TokenRecord) -> bool:
        """Return whether the copy on this machine may be newer than what the server has.

        The server may never have seen it, or have lost it and got an older one from elsewhere.
        """
        expires_at = self._remote.timing.expires_at(entry.document) or 0.0
        if note is None:
            return expires_at > self._remote.timing.now()
        if note.identity != identity or note.generation != found.generation:
            return note.generation >= found.generation
        return found.identity is not None and expires_at > found.expires_at

    def _follow(self, key: str, found: TokenRecord, entry: Entry) -> None:
        """Make the copy on this machine what the server has."""
        if found.identity is not None:
            self._adopt(key, found, entry)
        elif self._local.identity(key) == token_identity(entry.document):
            self._local.delete(key)

    def _adopt(self, key: str, found: TokenRecord, entry: Entry | None) -> None:
        name, identity = self._remote.name(self._kind, key), str(found.identity)
        document = self._remote.open(name, found.data)
        if token_identity(document) != identity:
            raise UnusableFileError("is damaged: it is not the token that the store says")
        document = with_note(document, Note(found.generation, identity))
        if entry is None:
            self._local.put(key, document, age=found.age)
        else:
            self._local.replace(key, document, entry.document, age=found.age)

    def _keep(self, key: str, entry: Entry, generation: int, identity: str) -> None:
        """Note that the server has the copy on this machine."""
        document = with_note(entry.document, Note(generation, identity))
        self._local.replace(key, document, entry.document, age=self._remote.age_of(entry))

    def _refill(self, key: str, entry: Entry) -> bool:
        """Bring a token back to a server that was emptied. Return whether it has a token now.

        If its renewal may have begun elsewhere, it is only offered.
        """
        note, document = Note.of(entry.document), without_note(entry.document)
        if not self._remote.timing.may_be_spent(entry):
            return self._push(key, entry, note, token_identity(document))
        generation = self._generation(entry, note)
        known = self._remote.offer_token(
            (self._kind, key), document, generation, is_new=note is None
        )
        return known and self._compare(key)

    def _push(self, key: str, entry: Entry, note: Note | None, identity: str) -> bool:
        generation = self._generation(entry, note)
        parent = note.identity if note else ""
        stored, generation = self._write(key, entry.document, generation, identity, parent)
        if stored:
            self._keep(key, entry, generation, identity)
        return stored

    def _generation(self, entry: Entry, note: Note | None) -> int:
        """Return the generation of a copy. Without a note, its login was when it was written."""
        return note.generation if note else self._remote.written_at(entry)

    def _write(
        self, key: str, document: Document, generation: int | None, *identities: str
    ) -> tuple[bool, int]:
        document = without_note(document)
        return self._remote.write_token((self._kind, key), document, generation, *identities)
