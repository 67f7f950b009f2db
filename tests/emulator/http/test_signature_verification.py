"""Signatures that are valid, wrong or expired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from emulator_clients import GET_CALLER_IDENTITY, error_code, presigned_path, sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator

    Ask = Callable[..., tuple[int, str]]

PRODUCTION = "1" * 12


def rejected(client: Any) -> tuple[str, int]:
    """Return code and status of a rejected GetCallerIdentity."""
    with pytest.raises(ClientError) as caught:
        client.get_caller_identity()

    response: Any = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_expired_credentials_are_rejected(
    make_client: Callable[..., Any], sso: Any, sso_emulator: Emulator
) -> None:
    """By the clock of the emulator."""
    sso_emulator.settings.role_credentials = 60
    keys = sso.get_role_credentials(
        accessToken=sso_emulator.sign_in().access_token,
        accountId=PRODUCTION,
        roleName="AdministratorAccess",
    )["roleCredentials"]
    sts = make_client("sts", keys)
    assert sts.get_caller_identity()["Account"] == PRODUCTION

    sso_emulator.clock.advance(60)

    assert rejected(sts) == ("ExpiredToken", 403)


def test_a_wrong_secret_is_rejected(
    make_client: Callable[..., Any], role_credentials: dict[str, Any]
) -> None:
    """The signature does not match."""
    client = make_client("sts", {**role_credentials, "secretAccessKey": "wrong"})

    assert rejected(client) == ("SignatureDoesNotMatch", 403)


def test_an_unknown_access_key_is_rejected(
    make_client: Callable[..., Any], role_credentials: dict[str, Any]
) -> None:
    """With the error code of AWS."""
    client = make_client("sts", {**role_credentials, "accessKeyId": "ASIAUNKNOWN"})

    assert rejected(client) == ("InvalidClientTokenId", 403)


@pytest.mark.parametrize("token", ["wrong", None])
def test_a_wrong_or_missing_session_token_is_rejected(
    make_client: Callable[..., Any], role_credentials: dict[str, Any], token: str | None
) -> None:
    """Both get the same error."""
    client = make_client("sts", {**role_credentials, "sessionToken": token})

    assert rejected(client) == ("InvalidClientTokenId", 403)


def test_the_session_token_of_other_credentials_is_rejected(
    make_client: Callable[..., Any], role_credentials: dict[str, Any], sso_emulator: Emulator
) -> None:
    """Even if it is valid."""
    other = sso_emulator.state.issue_role_credentials("alice", PRODUCTION, "ReadOnlyAccess")
    client = make_client("sts", {**role_credentials, "sessionToken": other.session_token})

    assert rejected(client) == ("InvalidClientTokenId", 403)


@pytest.mark.parametrize("minutes", [16, -16])
def test_a_client_with_a_wrong_clock_is_rejected(
    sts: Any, sso_emulator: Emulator, minutes: int
) -> None:
    """More than 15 minutes slow or fast."""
    sso_emulator.clock.advance(minutes * 60)

    assert rejected(sts) == ("SignatureDoesNotMatch", 403)


def test_a_signature_for_another_service_is_rejected(
    ask: Ask, role_credentials: dict[str, Any], sso_emulator: Emulator
) -> None:
    """The scope of a signature has the service."""
    headers = sign(sso_emulator, role_credentials, service="s3")

    assert error_code(ask("POST", "/", form=GET_CALLER_IDENTITY, headers=headers)) == (
        403,
        "SignatureDoesNotMatch",
    )


def test_an_invalid_date_is_incomplete(ask: Ask, signed: dict[str, str]) -> None:
    """It must have the basic format of ISO 8601."""
    day = signed["X-Amz-Date"][:8]

    response = ask(
        "POST", "/", form=GET_CALLER_IDENTITY, headers={**signed, "X-Amz-Date": f"{day} noon"}
    )

    assert error_code(response) == (400, "IncompleteSignature")


def test_a_changed_body_is_rejected(ask: Ask, signed: dict[str, str]) -> None:
    """The body is signed."""
    response = ask("POST", "/", form=f"{GET_CALLER_IDENTITY}&More=1", headers=signed)

    assert error_code(response) == (403, "SignatureDoesNotMatch")


def test_a_changed_query_is_rejected(ask: Ask, signed: dict[str, str]) -> None:
    """The query is signed."""
    response = ask("POST", "/?more=1", form=GET_CALLER_IDENTITY, headers=signed)

    assert error_code(response) == (403, "SignatureDoesNotMatch")


def test_a_changed_header_is_rejected(ask: Ask, signed: dict[str, str]) -> None:
    """The headers that the signature names are signed."""
    response = ask(
        "POST", "/", form=GET_CALLER_IDENTITY, headers={**signed, "X-Amz-Date": "20200101T000000Z"}
    )

    assert error_code(response) == (403, "SignatureDoesNotMatch")


def test_a_presigned_url_expires(ask: Ask, sts: Any, sso_emulator: Emulator) -> None:
    """After the number of seconds that it was created for."""
    url = presigned_path(sts, seconds=60)
    sso_emulator.clock.advance(62)

    assert error_code(ask("GET", url)) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("minutes", [14, -14])
def test_a_small_difference_of_the_clocks_is_allowed(
    sts: Any, sso_emulator: Emulator, minutes: int
) -> None:
    """Fifteen minutes are tolerated, before and after."""
    sso_emulator.clock.advance(minutes * 60)

    assert sts.get_caller_identity()["Account"] == PRODUCTION


def test_a_signed_request_is_served(ask: Ask, signed: dict[str, str]) -> None:
    """The tests below change one thing in this request."""
    assert ask("POST", "/", form=GET_CALLER_IDENTITY, headers=signed)[0] == 200
