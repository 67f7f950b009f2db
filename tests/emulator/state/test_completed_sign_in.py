"""Completed sign-ins as values."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sso_plugin.emulator import SignIn


def test_a_repr_has_no_secrets(alice: SignIn) -> None:
    """They do not appear in the output of a test."""
    for secret in (alice.access_token, alice.refresh_token, alice.client_secret):
        assert str(secret) not in repr(alice)
