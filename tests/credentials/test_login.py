"""The parts of one login, and the note of a login in a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from caches import stores_with

from sso_plugin.clock import Clock
from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials import NO_ORIGIN, Login, find_origin, note_origin
from sso_plugin.storage.keys import token_key
from sso_plugin.storage.memory_cache import MemoryCache

if TYPE_CHECKING:
    from sso_plugin.credentials import Origin

PROFILE = SsoProfile("dev", "https://x.awsapps.com/start", "eu-west-1", session_name="corp")
ORIGIN: Origin = ("login", (1, 2, 3))


def test_the_portal_is_connected_on_first_use_and_once() -> None:
    """A session with cached credentials does not import it."""
    connected: list[Any] = []

    def connect() -> Any:
        connected.append(object())
        return connected[-1]

    login = Login(PROFILE, connect, Clock(), stores_with(MemoryCache()))
    assert connected == []
    assert login.portal is login.portal
    assert len(connected) == 1


def test_the_usual_key_is_that_of_the_aws_cli() -> None:
    """A caller may set another one."""
    parts = PROFILE, lambda: None, Clock(), stores_with(MemoryCache())
    assert Login(*parts).key == token_key(PROFILE)  # type: ignore[arg-type]
    assert Login(*parts, key="own").key == "own"  # type: ignore[arg-type]


def test_the_error_for_a_missing_login_names_the_command() -> None:
    """With the profile and the reason."""
    login = Login(PROFILE, lambda: None, Clock(), stores_with(MemoryCache()))  # type: ignore[arg-type, return-value]
    assert str(login.required("there is no token")) == (
        'The profile "dev" needs a login: there is no token. Run: sso-plugin login --profile dev'
    )


def test_an_origin_is_read_as_it_was_noted() -> None:
    """The document keeps its own keys; without an origin it does not change."""
    document: dict[str, object] = {"Credentials": {}}
    noted = note_origin(document, ORIGIN)
    assert find_origin(noted) == ORIGIN
    assert noted.keys() == {"Credentials", "SsoPlugin"}
    assert note_origin(document, None) == document
    assert find_origin(document) is None


@pytest.mark.parametrize(
    "held",
    [
        7,
        {},
        {"LoginId": "login"},
        {"LoginId": "login", "TokenFile": [1, 2]},
        {"LoginId": "login", "TokenFile": ["a", 2, 3]},
        {"LoginId": "login", "TokenFile": None},
        {"LoginId": "login", "TokenFile": [float("inf"), 2, 3]},
    ],
)
def test_a_damaged_note_belongs_to_no_login(held: object) -> None:
    """Its document is not used, unlike one without a note, of another program."""
    assert find_origin({"SsoPlugin": held}) == NO_ORIGIN
