"""What the log has of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator, SignIn


def test_create_token_is_logged_with_its_grant_type(
    oidc: Any, alice: SignIn, sso_emulator: Emulator, ask: Callable[..., tuple[int, str]]
) -> None:
    """Invalid bodies are logged without one."""
    oidc.create_token(
        clientId=alice.client_id,
        clientSecret=alice.client_secret,
        grantType="refresh_token",
        refreshToken=alice.refresh_token,
    )
    for body in ("{", "[]", "{}", '{"grantType": 1}'):
        ask("POST", "/token", form=body)

    assert sso_emulator.requests.count("CreateToken", grant_type="refresh_token") == 1
    assert sso_emulator.requests.count("CreateToken", grant_type=None) == 4
