"""What an error of a service says about the credentials that its request was signed with.

Errors about other tokens or about missing permissions say nothing about them.
"""

from __future__ import annotations

import inspect
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ..redact import hide_frames
from ..timestamps import parse_http_date

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.session import Session

    from ..credentials.refreshable import SsoCredentials

__all__ = ["Rejection", "SignedRequest"]

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


class SignedRequest:
    """The credentials of a request. One object for all its attempts, which share a context.

    :param began_at: the position in the body when it was first sent; None if it has none.
    """

    _CONTEXT_KEY = "sso_plugin_signed"

    def __init__(self, began_at: int | None) -> None:
        self.credentials: SsoCredentials
        self.access_key = ""
        self.began_at = began_at
        self.retried = False

    def __deepcopy__(self, _: object) -> SignedRequest:
        return self

    @classmethod
    def taken_from(cls, request: Any) -> SignedRequest | None:
        """Remove that of the previous attempt from the context of a request, and return it."""
        signed: SignedRequest | None = request.context.pop(cls._CONTEXT_KEY, None)
        return signed

    @classmethod
    def record(
        cls,
        previous: SignedRequest | None,
        request: Any,
        credentials: SsoCredentials,
        access_key: str,
    ) -> None:
        """Record the credentials that an attempt is signed with."""
        signed = previous or cls(_position(request.data))
        signed.credentials, signed.access_key = credentials, access_key
        request.context[cls._CONTEXT_KEY] = signed

    @classmethod
    def of(cls, context: Mapping[str, Any]) -> SignedRequest | None:
        """Return that of the last attempt; None if our credentials did not sign it."""
        return context.get(cls._CONTEXT_KEY)


class Rejection:
    """An error of a service, which may mean that it rejects our credentials.

    :param operation: the model of the operation that was called.
    """

    def __init__(
        self,
        signed: SignedRequest,
        response: tuple[Any, Mapping[str, Any]],
        operation: Any,
        request_dict: Mapping[str, Any],
    ) -> None:
        self.signed = signed
        self._credentials = signed.credentials
        self._operation = operation
        self._request = request_dict
        self._http, parsed = response
        error = parsed.get("Error", {})
        self._code, self._message = str(error.get("Code", "")), str(error.get("Message", ""))

    @classmethod
    def of(cls, response: Any, operation: Any, request_dict: Mapping[str, Any]) -> Rejection | None:
        """Return the rejection that a response may be; None if it is none. Never blocks."""
        signed = SignedRequest.of(request_dict["context"])
        if signed is None or response is None or response[0].status_code < HTTPStatus.BAD_REQUEST:
            return None
        found = cls(signed, response, operation, request_dict)
        return found if not signed.retried and found._is_possible() else None

    def replace(self, open_session: Callable[[], Session]) -> bool:
        """Replace the credentials if they were rejected. Return whether other ones are in use.

        Asks STS if the error is ambiguous.

        :param open_session: returns a session that can call STS.
        """
        if not self._is_certain() and not self._is_confirmed(open_session):
            return False
        return self._credentials.replace_rejected(self.signed.access_key)

    def retry_delay(self) -> float | None:
        """Return 0, for at once, or None if the request cannot be sent again."""
        began_at = self.signed.began_at
        self.signed.retried = _can_be_sent_again(self._request["body"], began_at)
        return 0 if self.signed.retried else None

    def _is_possible(self) -> bool:
        return self._is_certain() or self._is_ambiguous()

    def _is_certain(self) -> bool:
        if self._code in _INVALID_KEY_CODES:
            return True
        return self._code in _INVALID_TOKEN_CODES and not _is_error_of_operation(
            self._code, self._operation
        )

    def _is_ambiguous(self) -> bool:
        if self._code in _AMBIGUOUS_CODES:
            return _AMBIGUOUS_CODES[self._code] in self._message
        is_head = self._operation.http.get("method") == "HEAD"
        is_s3 = self._operation.service_model.service_name == "s3"
        # A response to HEAD has no body, and so no code.
        return bool(is_s3 and is_head and self._http.status_code == HTTPStatus.BAD_REQUEST)

    def _is_confirmed(self, open_session: Callable[[], Session]) -> bool:
        """Return whether an ambiguous error means that the credentials are rejected."""
        if not self._credentials.has_key(self.signed.access_key):
            # The credentials have been replaced since: before this, botocore asked S3 for the
            # region of the bucket, and that request was rejected too.
            return True
        if not self._credentials.may_be_replaced(self.signed.access_key):
            return False
        return self._had_expired() or self._is_rejected_by_sts(open_session())

    def _had_expired(self) -> bool:
        """Return whether the credentials have expired by the clock of the service."""
        now = parse_http_date(self._http.headers.get("Date"))
        expires_at = self._credentials.expires_at
        return now is not None and expires_at is not None and now >= expires_at

    @hide_frames
    def _is_rejected_by_sts(self, session: Session) -> bool:
        from botocore.config import Config

        keys = self._credentials.get_frozen_credentials()
        config = Config(
            connect_timeout=_STS_TIMEOUT,
            read_timeout=_STS_TIMEOUT,
            retries={"total_max_attempts": 1},
        )
        sts: Any = session.create_client(
            "sts",
            region_name=self._request["context"].get("client_region"),
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


def _position(body: Any) -> int | None:
    """Return the position in a stream. botocore wraps it where it adds a checksum at the end."""
    tell = getattr(getattr(body, "_raw", body), "tell", None)
    if not callable(tell) or inspect.iscoroutinefunction(tell):
        return None
    try:
        return int(tell())
    except Exception:  # noqa: BLE001 - a stream may raise anything; the request is not affected
        return None


def _can_be_sent_again(body: Any, began_at: int | None) -> bool:
    """Return whether a request can be retried. botocore rewinds its body to position 0.

    :param began_at: the position in the body when it was first sent; None if it has none.
    """
    if body is None or isinstance(body, (bytes, bytearray, str, dict)):
        return True
    if inspect.iscoroutinefunction(getattr(body, "seek", None)):
        return False
    try:
        body.seek(0)
    except Exception as exc:  # noqa: BLE001 - a stream may raise anything
        _logger.debug("The body of the request cannot be sent again: %s", type(exc).__name__)
        return False
    return not began_at


def _is_error_of_operation(code: str, operation: Any) -> bool:
    shapes = operation.error_shapes
    return any(code in (each.name, each.metadata.get("error", {}).get("code")) for each in shapes)
