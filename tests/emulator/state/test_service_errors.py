"""Errors of AWS, and their HTTP status."""

from __future__ import annotations

import pytest

from sso_plugin.emulator.state.service_errors import ServiceError


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("UnauthorizedException", 401),
        ("TooManyRequestsException", 429),
        ("InvalidRequestException", 400),
        ("AnyOtherException", 400),
    ],
)
def test_the_status_follows_the_code(code: str, status: int) -> None:
    """400 is the default."""
    assert ServiceError(code, "Message").status == status


def test_a_given_status_wins() -> None:
    """Faults have their own status."""
    assert ServiceError("UnauthorizedException", "Message", 503).status == 503
