"""The note in the copy of a token: which version of it the server had."""

from __future__ import annotations

from typing import Any

import pytest

from sso_plugin.storage.keys import token_identity
from sso_plugin.storage.network.note import NOTE, Note, with_note, without_note

TOKEN = {"accessToken": "a", "foreign": [1]}


def test_a_note_is_read_as_it_was_written() -> None:
    """The document with it is another one."""
    noted = with_note(TOKEN, Note(7, "id"))
    assert Note.of(noted) == Note(7, "id")
    assert NOTE not in TOKEN


def test_it_replaces_the_previous_one() -> None:
    """There is one note."""
    noted = with_note(with_note(TOKEN, Note(7, "id")), Note(8, "other"))
    assert Note.of(noted) == Note(8, "other")


def test_the_rest_of_the_document_stays() -> None:
    """It is what the server gets."""
    noted = with_note(TOKEN, Note(7, "id"))
    assert without_note(noted) == without_note(TOKEN) == TOKEN
    assert NOTE in noted


def test_it_does_not_change_the_identity_of_the_token() -> None:
    """A copy whose note was changed is still the same token."""
    assert token_identity(with_note(TOKEN, Note(7, "id"))) == token_identity(TOKEN)


@pytest.mark.parametrize(
    "held",
    [
        None,
        [],
        "7",
        {},
        {"Generation": 7},
        {"Identity": "id"},
        {"Generation": "7", "Identity": "id"},
        {"Generation": 7.0, "Identity": "id"},
        {"Generation": True, "Identity": "id"},
        {"Generation": 0, "Identity": "id"},
        {"Generation": -7, "Identity": "id"},
        {"Generation": 7, "Identity": None},
    ],
)
def test_a_note_that_is_not_valid_counts_as_missing(held: Any) -> None:
    """Another program has written the document."""
    assert Note.of({**TOKEN, NOTE: held}) is None
    assert without_note({**TOKEN, NOTE: held}) == TOKEN


def test_a_document_without_a_note_has_none() -> None:
    """It is returned as it is."""
    assert Note.of(TOKEN) is None
    assert without_note(TOKEN) == TOKEN
