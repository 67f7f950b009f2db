"""Authorization codes and their verifiers (PKCE)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator_clients import REGISTERED, CodeLogin, redirect_query

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator

    Ask = Callable[..., tuple[int, str]]


@pytest.mark.parametrize("padding", ["", "="])
def test_a_challenge_may_be_padded(login: CodeLogin, padding: str) -> None:
    """The AWS CLI pads it, OAuth does not."""
    challenge = redirect_query(login.url())["code_challenge"].rstrip("=")

    location = login.emulator.authorize(login.url(code_challenge=challenge + padding))

    assert login.redeem(location)[0] == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"codeVerifier": "w" * 64},
        {"codeVerifier": "é"},
        {"redirectUri": REGISTERED},
        {"code": "unknown"},
    ],
)
def test_a_code_needs_its_verifier_and_redirect_uri(
    login: CodeLogin, changes: dict[str, str]
) -> None:
    """Any other value is an invalid grant."""
    status, error = login.redeem(login.emulator.authorize(login.url()), **changes)

    assert (status, error["error"]) == (400, "invalid_grant")


def test_a_code_works_once(login: CodeLogin) -> None:
    """A failed attempt uses it up too."""
    first, second = (login.emulator.authorize(login.url()) for _ in range(2))

    assert [login.redeem(first)[0] for _ in range(2)] == [200, 400]
    assert login.redeem(second, codeVerifier="w" * 64)[0] == 400
    assert login.redeem(second)[1]["error"] == "invalid_grant"


def test_a_code_expires(login: CodeLogin) -> None:
    """Its lifetime is a setting."""
    login.emulator.settings.authorization_code = 30
    location = login.emulator.authorize(login.url())

    login.emulator.clock.advance(30)

    assert "expired" in login.redeem(location)[1]["error_description"]


def test_a_code_of_another_client_is_rejected(
    login: CodeLogin, sso_emulator: Emulator, ask: Ask
) -> None:
    """Its own client can still use it."""
    location = sso_emulator.authorize(login.url())

    assert CodeLogin(sso_emulator, ask).redeem(location)[1]["error"] == "invalid_grant"
    assert login.redeem(location)[0] == 200
