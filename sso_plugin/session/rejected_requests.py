"""Replaces credentials that AWS rejects, and retries the rejected request once.

Errors about other tokens or about missing permissions are not handled.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.auth import AUTH_TYPE_MAPS
from botocore.exceptions import BotoCoreError, ClientError

from ..credentials.refreshable import SsoCredentials
from ..redact import hide_frames
from ..timestamps import parse_http_date

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.session import Session

__all__ = ["RejectedCredentials"]

_logger = logging.getLogger(__name__)

# The protocols query, json, rest and S3 have different codes for the same error.
_INVALID_KEY_CODES = frozenset(
    {
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidClientTokenIdException",
        "UnrecognizedClient",
        "UnrecognizedClientException",
    }
)
_INVALID_TOKEN_CODES = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidToken",
        "TokenRefreshRequired",
        "TokenRefreshRequiredException",
    }
)
"""An operation can also return these for a token of its own. Then its model has the error."""

_AMBIGUOUS_CODES = {
    "RequestExpired": "",
    "AuthFailure": "validate the provided access credentials",
}
"""Codes of EC2 for invalid credentials and for other problems, with a part of the message."""

_STS_TIMEOUT = 5
"""Seconds to connect to STS, and to wait for its response."""

_ACCEPTED_FOR = 300.0
"""Seconds for which STS is not asked again about credentials that it has accepted."""


class RejectedCredentials:
    """Replaces credentials that AWS rejects, and retries the request once.

    It handles only requests that were signed with our credentials. A successful response costs
    one look-up in a dictionary.
    """

    _CONTEXT_KEY = "sso_plugin_signed"

    def __init__(self, session: Session) -> None:
        self._session = session

    def record_credentials(
        self, request: Any, request_signer: Any, signature_version: Any = None, **_: Any
    ) -> None:
        """Handle ``before-sign``: record the credentials that the request is signed with."""
        credentials = request_signer._credentials  # noqa: SLF001 - pinned in test_seams
        context = request.context
        signed = context.pop(self._CONTEXT_KEY, None)
        if type(credentials) is SsoCredentials and _uses_client_credentials(
            signature_version, context
        ):
            key = credentials.get_frozen_credentials().access_key
            if signed is None:
                signed = _SignedRequest(_position(request.data))
            signed.credentials, signed.access_key = credentials, key
            context[self._CONTEXT_KEY] = signed

    def retry(
        self, response: Any, operation: Any, request_dict: dict[str, Any], **_: Any
    ) -> float | None:
        """Handle ``needs-retry``: return 0, for at once, if the credentials were replaced."""
        context = request_dict["context"]
        signed: _SignedRequest | None = context.get(self._CONTEXT_KEY)
        if signed is None or response is None or response[0].status_code < HTTPStatus.BAD_REQUEST:
            return None
        try:
            return self._retry_delay(signed, response, operation, request_dict)
        except Exception as exc:  # noqa: BLE001 - must not break a call of the program
            _logger.warning("Cannot check a rejected request: %s", type(exc).__name__)
            return None

    def _retry_delay(
        self, signed: _SignedRequest, response: Any, operation: Any, request_dict: dict[str, Any]
    ) -> float | None:
        rejection = _Rejection(signed.credentials, signed.access_key, response)
        region = request_dict["context"].get("client_region")
        if signed.retried or not rejection.needs_new_credentials(self._session, operation, region):
            return None
        if not signed.credentials.replace_rejected(signed.access_key):
            return None
        signed.retried = _can_be_sent_again(request_dict["body"], signed.began_at)
        return 0 if signed.retried else None


class _SignedRequest:
    """The credentials of a request. One object for all its attempts, which share a context.

    :param began_at: the position in the body when it was first sent; None if it has none.
    """

    def __init__(self, began_at: int | None) -> None:
        self.credentials: SsoCredentials
        self.access_key = ""
        self.began_at = began_at
        self.retried = False

    def __deepcopy__(self, _: object) -> _SignedRequest:
        return self


def _uses_client_credentials(signature_version: object, context: Mapping[str, Any]) -> bool:
    """Return whether the client's credentials sign the request, and not a token or other keys."""
    if {"request_credentials", "identity_cache"} & (context.get("signing") or {}).keys():
        return False
    signer: Any = AUTH_TYPE_MAPS.get(str(signature_version))
    return signer is not None and not signer.REQUIRES_TOKEN


def _position(body: Any) -> int | None:
    """Return the position in a stream. botocore wraps it where it adds a checksum at the end."""
    tell = getattr(getattr(body, "_raw", body), "tell", None)
    try:
        return int(tell()) if callable(tell) else None
    except Exception:  # noqa: BLE001 - a stream may raise anything; the request is not affected
        return None


class _Rejection:
    """An error of a service, and the credentials that its request was signed with."""

    def __init__(
        self, credentials: SsoCredentials, access_key: str, response: tuple[Any, Mapping[str, Any]]
    ) -> None:
        self._credentials = credentials
        self._access_key = access_key
        self._http, parsed = response
        error = parsed.get("Error", {})
        self._code, self._message = str(error.get("Code", "")), str(error.get("Message", ""))

    def needs_new_credentials(self, session: Session, operation: Any, region: str | None) -> bool:
        """Return whether to replace the credentials. Ask STS if the error is ambiguous.

        :param operation: the model of the operation that was called.
        :param region: the region of the STS to ask.
        """
        if self._code in _INVALID_KEY_CODES | _INVALID_TOKEN_CODES:
            return self._code in _INVALID_KEY_CODES or not _is_error_of_operation(
                self._code, operation
            )
        if not self._is_ambiguous(operation):
            return False
        if not self._credentials.has_key(self._access_key):
            # The credentials have been replaced since: before this, botocore asked S3 for the
            # region of the bucket, and that request was rejected too.
            return True
        if not self._credentials.may_be_replaced(self._access_key):
            return False
        return self._had_expired() or self._is_rejected_by_sts(session, region)

    def _is_ambiguous(self, operation: Any) -> bool:
        if self._code in _AMBIGUOUS_CODES:
            return _AMBIGUOUS_CODES[self._code] in self._message
        is_head = operation.http.get("method") == "HEAD"
        is_s3 = operation.service_model.service_name == "s3"
        # A response to HEAD has no body, and so no code.
        return bool(is_s3 and is_head and self._http.status_code == HTTPStatus.BAD_REQUEST)

    def _had_expired(self) -> bool:
        """Return whether the credentials have expired by the clock of the service."""
        now = parse_http_date(self._http.headers.get("Date"))
        expires_at = self._credentials.expires_at
        return now is not None and expires_at is not None and now >= expires_at

    @hide_frames
    def _is_rejected_by_sts(self, session: Session, region: str | None) -> bool:
        from botocore.config import Config

        keys = self._credentials.get_frozen_credentials()
        config = Config(
            connect_timeout=_STS_TIMEOUT,
            read_timeout=_STS_TIMEOUT,
            retries={"total_max_attempts": 1},
        )
        sts: Any = session.create_client(
            "sts",
            region_name=region,
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            aws_session_token=keys.token,
            config=config,
        )
        try:
            sts.get_caller_identity()
        except ClientError as exc:
            return (
                str(exc.response["Error"].get("Code")) in _INVALID_KEY_CODES | _INVALID_TOKEN_CODES
            )
        except BotoCoreError as exc:
            _logger.debug("Cannot ask STS about the credentials: %s", type(exc).__name__)
        self._credentials.pause_replacement(_ACCEPTED_FOR)
        return False


def _can_be_sent_again(body: Any, began_at: int | None) -> bool:
    """Return whether a request can be retried. botocore rewinds its body to position 0.

    :param began_at: the position in the body when it was first sent; None if it has none.
    """
    if body is None or isinstance(body, (bytes, bytearray, str, dict)):
        return True
    try:
        body.seek(0)
    except Exception as exc:  # noqa: BLE001 - a stream may raise anything
        _logger.debug("The body of the request cannot be sent again: %s", type(exc).__name__)
        return False
    return not began_at


def _is_error_of_operation(code: str, operation: Any) -> bool:
    shapes = operation.error_shapes
    return any(code in (each.name, each.metadata.get("error", {}).get("code")) for each in shapes)
