"""Signature Version 4, checked as AWS checks it: computed again from the request and compared."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import parse_qsl, quote

from ..state.errors import ServiceError
from .signature import ALGORITHM, SKEW, Signature, SignedRequest, incomplete, parse

if TYPE_CHECKING:
    from collections.abc import Callable

_UNRESERVED = "-_.~"
_DATE = "%Y%m%dT%H%M%SZ"

_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details."
)


class Keys(Protocol):
    """The secrets that go with an access key."""

    @property
    def secret_access_key(self) -> str:
        """The key the signature was made with."""

    @property
    def session_token(self) -> str:
        """The token the request must carry."""

    @property
    def expires_at(self) -> float:
        """When the key stops working."""


K = TypeVar("K", bound=Keys)


def verify(
    request: SignedRequest, find: Callable[[str], K | None], *, service: str, now: float
) -> K:
    """Return the keys of whoever signed the request, or refuse as the service does."""
    signature = parse(request)
    _check_scope(signature, service)
    _check_date(signature, now)
    keys = find(signature.access_key_id)
    if keys is None or not _same(keys.session_token, signature.session_token):
        message = "The security token included in the request is invalid."
        raise ServiceError("InvalidClientTokenId", message)

    if not _same(_compute(request, signature, keys.secret_access_key), signature.value):
        raise ServiceError("SignatureDoesNotMatch", _MISMATCH)

    if now >= keys.expires_at:
        message = "The security token included in the request is expired"
        raise ServiceError("ExpiredToken", message)

    return keys


def _check_scope(signature: Signature, service: str) -> None:
    day, _, scoped, end = signature.scope
    if scoped != service:
        message = f"Credential should be scoped to correct service: '{service}'."
        raise ServiceError("SignatureDoesNotMatch", message)

    if end != "aws4_request" or not signature.date.startswith(day):
        message = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date."
        raise ServiceError("SignatureDoesNotMatch", message)


def _check_date(signature: Signature, now: float) -> None:
    """Refuse what was signed too long ago or, beyond the usual skew, in the future."""
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
    """Make the signature that the holder of the secret would have made."""
    canonical = _canonical_request(request, signature.signed_headers)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"{ALGORITHM}\n{signature.date}\n{'/'.join(signature.scope)}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in signature.scope:
        key = hmac.digest(key, part.encode(), "sha256")

    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _canonical_request(request: SignedRequest, signed_headers: tuple[str, ...]) -> str:
    """Write a request in the one form that both sides sign."""
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
