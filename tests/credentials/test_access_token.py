"""Access tokens as values: their state, and which of them can be renewed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from tokens import source_of

from sso_plugin.clock import Clock
from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials import access_token
from sso_plugin.credentials.access_token import AccessToken, TokenState
from sso_plugin.credentials.schedule import Lifetime
from sso_plugin.portal.responses import Grant
from sso_plugin.storage.documents import Entry
from sso_plugin.storage.network.note import NOTE, Note, with_note

if TYPE_CHECKING:
    from world import World

CLIENT = {
    "clientId": "id",
    "clientSecret": "secret",
    "registrationExpiresAt": "2030-01-01T00:00:00Z",
}
BEFORE_2030 = 1_800_000_000.0


def test_no_repr_and_no_log_shows_a_token(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the token nor the refresh token nor the client secret, at any log level."""
    caplog.set_level(logging.DEBUG, logger="sso_plugin")
    signed_in = world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    token = source_of().fetch()
    ours = "".join(record.getMessage() for record in caplog.records if "sso_plugin" in record.name)
    for secret in (
        token.value,
        signed_in.access_token,
        str(signed_in.refresh_token),
        signed_in.client_secret,
    ):
        assert secret not in repr(token)
        assert secret not in ours


def test_a_missing_file_is_not_a_token() -> None:
    """What cannot be understood is treated as absent."""
    assert AccessToken.from_entry(None, Clock()) is None


def entry(**document: Any) -> Entry:
    return Entry(document, 0.0, (0, 0, 0))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"accessToken": "a"},
        {"accessToken": "a", "expiresAt": "soon"},
        {"accessToken": "", "expiresAt": "2030-01-01T00:00:00Z"},
        {"accessToken": "a\nb", "expiresAt": "2030-01-01T00:00:00Z"},
    ],
)
def test_an_incomplete_document_is_not_a_token(document: dict[str, str]) -> None:
    """It is treated like a missing file."""
    assert AccessToken.from_entry(entry(**document), Clock()) is None


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"accessToken": "a"}, "has no expiresAt"),
        ({"accessToken": "a", "expiresAt": "soon"}, 'has an invalid expiresAt "soon"'),
        ({"accessToken": "a", "expiresAt": "2030-01-01T00:00:00Z"}, None),
        ({"expiresAt": "soon"}, None),
    ],
)
def test_a_problem_is_reported_for_files_with_a_token_only(
    document: dict[str, str], problem: str | None
) -> None:
    """Registrations of clients are in the same folder."""
    assert AccessToken.problem(entry(**document)) == problem


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (0, TokenState.FRESH),
        (2699, TokenState.FRESH),
        (2700, TokenState.STALE),
        (3599, TokenState.STALE),
        (3600, TokenState.EXPIRED),
    ],
)
def test_the_state_follows_from_the_lifetime(now: float, state: TokenState) -> None:
    """The advisory window of an hour begins 15 minutes before expiry."""
    assert AccessToken("a", Lifetime(0, 3600), {}).state(now) is state


def test_a_granted_token_keeps_the_keys_of_its_client_document() -> None:
    """Other programs may have written keys that we do not know."""
    profile = SsoProfile("dev", "https://x.awsapps.com/start", "eu-west-1")
    grant = Grant("new", "refresh", 60.0)
    token = AccessToken.granted(grant, profile, {**CLIENT, "note": "x"}, 0.0)
    assert token.document == {
        **CLIENT,
        "note": "x",
        "startUrl": "https://x.awsapps.com/start",
        "region": "eu-west-1",
        "accessToken": "new",
        "expiresAt": "1970-01-01T00:01:00Z",
        "refreshToken": "refresh",
    }


@pytest.mark.parametrize("missing", [None, *CLIENT, "refreshToken"])
def test_a_token_can_be_renewed_if_its_document_is_complete(missing: str | None) -> None:
    """And while the registration of its client is valid."""
    document = {**CLIENT, "refreshToken": "refresh"}
    document.pop(missing or "", None)
    token = AccessToken("a", Lifetime(0, 3600), document)
    assert token.can_be_renewed(BEFORE_2030) is (missing is None)
    assert not token.can_be_renewed(2_000_000_000.0)


def noted(document: dict[str, Any]) -> AccessToken:
    return AccessToken("a", Lifetime(0, 3600), document)


def test_a_token_of_a_store_says_which_login_it_is_of() -> None:
    """The same on all machines: the generation of the login."""
    assert noted(with_note({}, Note(7, "identity"))).login_id == "7"
    assert noted(with_note({}, Note(7, "identity of its parent"))).login_id == "7"
    assert noted(with_note({}, Note(8, "identity"))).login_id == "8"


@pytest.mark.parametrize("held", [None, 7, {}, {"Generation": "7", "Identity": "x"}])
def test_a_token_without_a_valid_note_is_of_this_machine(held: Any) -> None:
    """The index says which login it is of."""
    assert noted({}).login_id is None
    assert noted({NOTE: held}).login_id is None


def test_the_key_of_a_note_is_the_same_in_all_modules() -> None:
    """The other one is not imported for a token without a note."""
    assert access_token._NOTE == NOTE
