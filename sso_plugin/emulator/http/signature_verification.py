"""Verify Signature Version 4: compute it from the request, and compare.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import parse_qsl, quote

from ..state.service_errors import ServiceError
from .parsed_signature import ALGORITHM, SKEW, Signature, SignedRequest, incomplete, parse_signature

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["IssuedCredentials", "verify"]

_UNRESERVED = "-_.~"
"""The characters besides letters and digits that are not percent-encoded."""

_DATE = "%Y%m%dT%H%M%SZ"

_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details."
)


class IssuedCredentials(Protocol):
    """The secrets of an access key."""

    @property
    def secret_access_key(self) -> str:
        """The key that signs."""

    @property
    def session_token(self) -> str:
        """The token that the request must contain."""

    @property
    def expires_at(self) -> float:
        """When the credentials expire."""


C = TypeVar("C", bound=IssuedCredentials)


def verify(
    request: SignedRequest, find: Callable[[str], C | None], *, service: str, now: float
) -> C:
    """Return the credentials that signed a request.

    :param find: returns the credentials of an access key.
    :raises ServiceError: if the signature is invalid, or the credentials have expired.
    """
    signature = parse_signature(request)
    _check_scope(signature, service)
    _check_date(signature, now)
    credentials = find(signature.access_key_id)
    if credentials is None or not _same(credentials.session_token, signature.session_token):
        message = "The security token included in the request is invalid."
        raise ServiceError("InvalidClientTokenId", message)

    if not _same(_compute(request, signature, credentials.secret_access_key), signature.value):
        raise ServiceError("SignatureDoesNotMatch", _MISMATCH)

    if now >= credentials.expires_at:
        message = "The security token included in the request is expired"
        raise ServiceError("ExpiredToken", message)

    return credentials


def _check_scope(signature: Signature, service: str) -> None:
    day, _, scoped, end = signature.scope
    if scoped != service:
        message = f"Credential should be scoped to correct service: '{service}'."
        raise ServiceError("SignatureDoesNotMatch", message)

    if end != "aws4_request" or not signature.date.startswith(day):
        message = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date."
        raise ServiceError("SignatureDoesNotMatch", message)


def _check_date(signature: Signature, now: float) -> None:
    """Reject a signature that has expired, or whose date is in the future by more than the skew."""
    try:
        signed_at = datetime.strptime(f"{signature.date}+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
    except ValueError:
        raise incomplete("Date must be in ISO-8601 'basic format'.") from None

    earliest, latest = now - signature.lifetime, now + SKEW
    if signed_at < earliest:
        message = f"Signature expired: {signature.date} is now earlier than {_basic(earliest)}"
        raise ServiceError("SignatureDoesNotMatch", message)

    if signed_at > latest:
        message = f"Signature not yet current: {signature.date} is still later than"
        raise ServiceError("SignatureDoesNotMatch", f"{message} {_basic(latest)}")


def _compute(request: SignedRequest, signature: Signature, secret: str) -> str:
    """Return the signature that the secret gives."""
    canonical = _canonical_request(request, signature.signed_headers)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"{ALGORITHM}\n{signature.date}\n{'/'.join(signature.scope)}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in signature.scope:
        key = hmac.digest(key, part.encode(), "sha256")

    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _canonical_request(request: SignedRequest, signed_headers: tuple[str, ...]) -> str:
    """Return a request in the canonical form that is signed."""
    return "\n".join(
        (
            request.method,
            quote(request.path, safe=f"/{_UNRESERVED}"),
            _canonical_query(request.query),
            *(_canonical_header(request, name) for name in signed_headers),
            "",
            ";".join(signed_headers),
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def _canonical_header(request: SignedRequest, name: str) -> str:
    return f"{name}:{' '.join(request.headers.get(name, '').split())}"


def _canonical_query(query: str) -> str:
    pairs = (
        (quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED))
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name != "X-Amz-Signature"
    )
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _basic(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(_DATE)


def _same(expected: str, actual: str) -> bool:
    return hmac.compare_digest(expected.encode(), actual.encode())
