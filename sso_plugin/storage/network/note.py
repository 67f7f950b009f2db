"""The note in the copy of a token: which version of it the server had."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..reading import Document

__all__ = ["NOTE", "Note", "with_note", "without_note"]

NOTE = "SsoPlugin"
"""The key of the note in a document. Programs that replace the token drop it."""


class Note(NamedTuple):
    """A note.

    :param generation: the time of the login by the clock of the server, in milliseconds.
    :param identity: that of the token. A token that was made of it has the same note, until it is
        stored on the server, too.
    """

    generation: int
    identity: str

    @classmethod
    def of(cls, document: Document) -> Note | None:
        """Return the note in a document; None if it has none that is valid."""
        held = document.get(NOTE)
        if not isinstance(held, dict):
            return None
        generation, identity = held.get("Generation"), held.get("Identity")
        if type(generation) is not int or generation <= 0 or not isinstance(identity, str):
            return None
        return cls(generation, identity)


def with_note(document: Document, note: Note) -> Document:
    """Return a document with a note."""
    return {**document, NOTE: {"Generation": note.generation, "Identity": note.identity}}


def without_note(document: Document) -> Document:
    """Return a document without a note."""
    return {key: value for key, value in document.items() if key != NOTE}
