"""Requests that AWS rejects because of the credentials themselves: these are replaced, once.

Errors about other tokens or missing permissions are left alone.
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

# As query, json, rest and S3 spell it.
_KEYS = frozenset(
    {
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidClientTokenIdException",
        "UnrecognizedClient",
        "UnrecognizedClientException",
    }
)
_TOKENS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidToken",
        "TokenRefreshRequired",
        "TokenRefreshRequiredException",
    }
)
"""What an operation may also say of a token of its own: its model has the error then."""

_UNCLEAR = {"RequestExpired": "", "AuthFailure": "validate the provided access credentials"}
"""What EC2 says of the credentials, and of other things, with a part of the message that counts."""

_TIMEOUT = 5
_KEEP_GOOD = 300.0
"""Seconds for which STS is not asked again about credentials that it has accepted."""


class RejectedCredentials:
    """Has credentials replaced that AWS rejects, and the request repeated once.

    Only requests that were signed with our credentials are looked at, and only answers that are
    errors cost more than a look into a dictionary.
    """

    _SIGNED = "sso_plugin_signed"

    def __init__(self, session: Session) -> None:
        self._session = session

    def note_signer(
        self, request: Any, request_signer: Any, signature_version: Any = None, **_: Any
    ) -> None:
        """Answer ``before-sign``: note the credentials that the request is signed with."""
        credentials = request_signer._credentials  # noqa: SLF001 - pinned in test_seams
        context = request.context
        signed = context.pop(self._SIGNED, None)
        if type(credentials) is SsoCredentials and _are_used(signature_version, context):
            key = credentials.get_frozen_credentials().access_key
            if signed is None:
                signed = _Signed(_position(request.data))
            signed.credentials, signed.access_key = credentials, key
            context[self._SIGNED] = signed

    def repeat(
        self, response: Any, operation: Any, request_dict: dict[str, Any], **_: Any
    ) -> float | None:
        """Answer ``needs-retry``: 0, for at once, if there are other credentials now."""
        context = request_dict["context"]
        signed: _Signed | None = context.get(self._SIGNED)
        if signed is None or response is None or response[0].status_code < HTTPStatus.BAD_REQUEST:
            return None
        try:
            return self._answer(signed, response, operation, request_dict)
        except Exception as exc:  # noqa: BLE001 - our fault never breaks their call
            _logger.warning("Cannot look into a rejected request: %s", type(exc).__name__)
            return None

    def _answer(
        self, signed: _Signed, response: Any, operation: Any, request_dict: dict[str, Any]
    ) -> float | None:
        rejection = _Rejection(signed.credentials, signed.access_key, response)
        region = request_dict["context"].get("client_region")
        if signed.repeated or not rejection.calls_for_others(self._session, operation, region):
            return None
        if not signed.credentials.replace_rejected(signed.access_key):
            return None
        signed.repeated = _can_be_sent_again(request_dict["body"], signed.began_at)
        return 0 if signed.repeated else None


class _Signed:
    """With what a request was signed. One for all its attempts, which share a context.

    :param began_at: the position of the request's body when it was first sent; None without one.
    """

    def __init__(self, began_at: int | None) -> None:
        self.credentials: SsoCredentials
        self.access_key = ""
        self.began_at = began_at
        self.repeated = False

    def __deepcopy__(self, _: object) -> _Signed:
        return self


def _are_used(signature_version: object, context: Mapping[str, Any]) -> bool:
    """Tell whether the client's credentials sign the request, and no bearer token or other keys."""
    if {"request_credentials", "identity_cache"} & (context.get("signing") or {}).keys():
        return False
    signer: Any = AUTH_TYPE_MAPS.get(str(signature_version))
    return signer is not None and not signer.REQUIRES_TOKEN


def _position(body: Any) -> int | None:
    """Return where a stream begins; botocore has it wrapped if it adds a checksum at the end."""
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

    def calls_for_others(self, session: Session, operation: Any, region: str | None) -> bool:
        """Tell whether the credentials have to be replaced, asking STS if the error is unclear.

        :param operation: the model of the operation that was called.
        :param region: where to ask.
        """
        if self._code in _KEYS | _TOKENS:
            return self._code in _KEYS or not _is_of_operation(self._code, operation)
        if not self._is_unclear(operation):
            return False
        if not self._credentials.has_key(self._access_key):
            # botocore asks S3 for the region of a bucket before; that request was rejected, too.
            return True
        if not self._credentials.may_be_replaced(self._access_key):
            return False
        return self._had_expired() or self._is_rejected_by_sts(session, region)

    def _is_unclear(self, operation: Any) -> bool:
        if self._code in _UNCLEAR:
            return _UNCLEAR[self._code] in self._message
        is_head = operation.http.get("method") == "HEAD"
        is_s3 = operation.service_model.service_name == "s3"
        # An answer to HEAD has no body, and so no code.
        return bool(is_s3 and is_head and self._http.status_code == HTTPStatus.BAD_REQUEST)

    def _had_expired(self) -> bool:
        """Tell whether the credentials have expired by the clock of the service."""
        now = parse_http_date(self._http.headers.get("Date"))
        expires_at = self._credentials.expires_at
        return now is not None and expires_at is not None and now >= expires_at

    @hide_frames
    def _is_rejected_by_sts(self, session: Session, region: str | None) -> bool:
        from botocore.config import Config

        keys = self._credentials.get_frozen_credentials()
        config = Config(
            connect_timeout=_TIMEOUT, read_timeout=_TIMEOUT, retries={"total_max_attempts": 1}
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
            return str(exc.response["Error"].get("Code")) in _KEYS | _TOKENS
        except BotoCoreError as exc:
            _logger.debug("Cannot ask STS about the credentials: %s", type(exc).__name__)
        self._credentials.pause_replacement(_KEEP_GOOD)
        return False


def _can_be_sent_again(body: Any, began_at: int | None) -> bool:
    """Tell whether a request can be repeated: botocore rewinds its body to the very beginning.

    :param began_at: the position of the body when it was first sent; None without one.
    """
    if body is None or isinstance(body, (bytes, bytearray, str, dict)):
        return True
    try:
        body.seek(0)
    except Exception as exc:  # noqa: BLE001 - a stream may raise anything
        _logger.debug("The body of the request cannot be sent again: %s", type(exc).__name__)
        return False
    return not began_at


def _is_of_operation(code: str, operation: Any) -> bool:
    shapes = operation.error_shapes
    return any(code in (each.name, each.metadata.get("error", {}).get("code")) for each in shapes)
