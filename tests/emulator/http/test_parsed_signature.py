"""Signatures in headers and in presigned URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator_clients import GET_CALLER_IDENTITY, error_code, presigned_path

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., tuple[int, str]]

PRODUCTION = "1" * 12


def test_a_request_without_signature_is_rejected(ask: Ask) -> None:
    """STS needs a caller."""
    assert error_code(ask("POST", "/", form=GET_CALLER_IDENTITY)) == (
        403,
        "MissingAuthenticationToken",
    )


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("AWS4-HMAC-SHA512", "AWS4-HMAC-SHA256"),
        ("aws4_request/more", "aws4_request"),
        ("SignedHeaders=", "SignedHeaders=content-type;host;"),
    ],
)
def test_an_invalid_authorization_header_is_incomplete(
    ask: Ask, signed: dict[str, str], wrong: str, right: str
) -> None:
    """Algorithm, scope and signed headers are required."""
    headers = {**signed, "Authorization": signed["Authorization"].replace(right, wrong)}

    assert error_code(ask("POST", "/", form=GET_CALLER_IDENTITY, headers=headers)) == (
        400,
        "IncompleteSignature",
    )


def test_a_presigned_url_identifies_its_caller(ask: Ask, sts: Any) -> None:
    """EKS clusters identify their users this way."""
    status, text = ask("GET", presigned_path(sts))

    assert (status, f"<Account>{PRODUCTION}</Account>" in text) == (200, True)


def test_the_lifetime_of_a_presigned_url_cannot_be_changed(ask: Ask, sts: Any) -> None:
    """It is signed, and at most a week."""
    url = presigned_path(sts, seconds=60)

    longer = ask("GET", url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))
    much_longer = ask("GET", url.replace("X-Amz-Expires=60", "X-Amz-Expires=604801"))

    assert error_code(longer) == (403, "SignatureDoesNotMatch")
    assert error_code(much_longer) == (400, "IncompleteSignature")
