"""Access tokens, refresh tokens and their revocation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from emulator_clients import error_description, get_role_credentials, refresh

if TYPE_CHECKING:
    from sso_plugin.emulator import Emulator, SignIn


def test_a_refresh_gives_a_new_token(oidc: Any, sso: Any, alice: SignIn) -> None:
    """The old one stays valid until it expires."""
    response = refresh(oidc, alice)

    assert response["accessToken"] != alice.access_token
    for token in (response["accessToken"], alice.access_token):
        assert sso.list_accounts(accessToken=token)["accountList"]


def test_a_reusable_refresh_token_stays_the_same(oidc: Any, alice: SignIn) -> None:
    """With the default setting."""
    assert [refresh(oidc, alice)["refreshToken"] for _ in range(2)] == [alice.refresh_token] * 2


def test_a_rotating_refresh_token_works_once(oidc: Any, sso_emulator: Emulator) -> None:
    """Each refresh returns the next token, and a second use is an error."""
    sso_emulator.settings.refresh_tokens = "rotate"
    alice = sso_emulator.sign_in("alice")
    following = refresh(oidc, alice)["refreshToken"]

    with pytest.raises(oidc.exceptions.InvalidGrantException) as caught:
        refresh(oidc, alice)

    assert "already been used" in error_description(caught)

    assert refresh(oidc, alice, following)["accessToken"]


def test_strict_rotation_revokes_the_sign_in_on_a_replay(
    oidc: Any, sso: Any, sso_emulator: Emulator
) -> None:
    """All tokens of the sign-in, and no other."""
    sso_emulator.settings.refresh_tokens = "rotate-strict"
    alice, other = (sso_emulator.sign_in("alice") for _ in range(2))
    following = refresh(oidc, alice)

    with pytest.raises(oidc.exceptions.InvalidGrantException) as caught:
        refresh(oidc, alice)

    assert "already been used" in error_description(caught)
    with pytest.raises(oidc.exceptions.InvalidGrantException):
        refresh(oidc, alice, following["refreshToken"])

    for token in (alice.access_token, following["accessToken"]):
        with pytest.raises(sso.exceptions.UnauthorizedException):
            sso.list_accounts(accessToken=token)

    assert refresh(oidc, other)["accessToken"]


def test_refresh_tokens_can_be_turned_off(sso_emulator: Emulator) -> None:
    """Some organizations do so."""
    sso_emulator.settings.refresh_tokens = "off"

    assert sso_emulator.sign_in("alice").refresh_token is None


def test_a_refresh_token_expires(oidc: Any, alice: SignIn, sso_emulator: Emulator) -> None:
    """Its lifetime is a setting."""
    sso_emulator.clock.advance(sso_emulator.settings.refresh_token)

    with pytest.raises(oidc.exceptions.InvalidGrantException):
        refresh(oidc, alice)


def test_a_refresh_token_of_another_client_is_rejected(
    oidc: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """It belongs to the client that got it."""
    with pytest.raises(oidc.exceptions.InvalidGrantException):
        refresh(oidc, sso_emulator.sign_in("bob"), alice.refresh_token)


def test_an_access_token_expires(sso: Any, alice: SignIn, sso_emulator: Emulator) -> None:
    """By the clock of the emulator."""
    sso_emulator.clock.advance(alice.expires_in - 60)
    get_role_credentials(sso, alice.access_token)

    sso_emulator.clock.advance(60)

    with pytest.raises(sso.exceptions.UnauthorizedException):
        get_role_credentials(sso, alice.access_token)


def test_revoking_a_user_revokes_all_sign_ins(sso: Any, sso_emulator: Emulator) -> None:
    """As when an administrator removes the user."""
    tokens = [sso_emulator.sign_in("alice").access_token for _ in range(2)]
    sso_emulator.revoke("alice")

    for token in tokens:
        with pytest.raises(sso.exceptions.UnauthorizedException):
            sso.list_accounts(accessToken=token)


def test_revoking_a_token_revokes_its_sign_in(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """A test can revoke a single token."""
    sso_emulator.revoke(access_token=alice.access_token)

    with pytest.raises(sso.exceptions.UnauthorizedException):
        sso.list_accounts(accessToken=alice.access_token)


def test_a_rotating_refresh_token_works_once_for_concurrent_requests(
    oidc: Any, sso_emulator: Emulator
) -> None:
    """One of them succeeds."""
    sso_emulator.settings.refresh_tokens = "rotate"
    sign_in = sso_emulator.sign_in()

    def refresh(_: int) -> bool:
        try:
            oidc.create_token(
                clientId=sign_in.client_id,
                clientSecret=sign_in.client_secret,
                grantType="refresh_token",
                refreshToken=sign_in.refresh_token,
            )
        except oidc.exceptions.InvalidGrantException:
            return False

        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(refresh, range(20))) == 1
