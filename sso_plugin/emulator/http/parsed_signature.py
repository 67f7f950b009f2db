"""Read the signature of a request from the Authorization header or from the query."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from ..state.service_errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ALGORITHM", "SKEW", "Signature", "SignedRequest", "incomplete", "parse_signature"]

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW = 15 * 60
"""How many seconds the clocks of client and service may differ."""

_MAX_PRESIGNED = 7 * 86400
_SCOPE_PARTS = 4
"""Day, region, service and `aws4_request`."""


@dataclass(frozen=True)
class SignedRequest:
    """A request as it was sent. Header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Signature:
    """A signature to verify. It is valid for `lifetime` seconds from `date`."""

    access_key_id: str
    scope: tuple[str, ...]
    signed_headers: tuple[str, ...]
    value: str
    date: str
    lifetime: float
    session_token: str


def parse_signature(request: SignedRequest) -> Signature:
    """Return the signature of a request.

    :raises ServiceError: if it is missing or incomplete.
    """
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    if "X-Amz-Signature" in query:
        return _from_query(query)

    if "authorization" in request.headers:
        return _from_headers(request.headers)

    raise ServiceError("MissingAuthenticationToken", "Request is missing Authentication Token")


def incomplete(message: str) -> ServiceError:
    """Return the error for a signature that cannot be parsed."""
    return ServiceError("IncompleteSignature", message)


def _from_headers(headers: Mapping[str, str]) -> Signature:
    algorithm, _, rest = headers["authorization"].partition(" ")
    fields = dict(re.findall(r"(\w+)=([^,\s]+)", rest))
    _check_algorithm(algorithm)
    return Signature(
        *_split_credential(fields.get("Credential", "")),
        signed_headers=_split_names(fields.get("SignedHeaders", "")),
        value=fields.get("Signature", ""),
        date=headers.get("x-amz-date", ""),
        lifetime=SKEW,
        session_token=headers.get("x-amz-security-token", ""),
    )


def _from_query(query: Mapping[str, str]) -> Signature:
    lifetime = query.get("X-Amz-Expires", "")
    if not lifetime.isdecimal() or int(lifetime) > _MAX_PRESIGNED:
        raise incomplete("X-Amz-Expires must be a number of seconds, at most a week.")

    _check_algorithm(query.get("X-Amz-Algorithm", ""))
    return Signature(
        *_split_credential(query.get("X-Amz-Credential", "")),
        signed_headers=_split_names(query.get("X-Amz-SignedHeaders", "")),
        value=query["X-Amz-Signature"],
        date=query.get("X-Amz-Date", ""),
        lifetime=float(lifetime),
        session_token=query.get("X-Amz-Security-Token", ""),
    )


def _check_algorithm(algorithm: str) -> None:
    if algorithm != ALGORITHM:
        raise incomplete(f"Unsupported AWS 'algorithm': '{algorithm}'.")


def _split_credential(credential: str) -> tuple[str, tuple[str, ...]]:
    key, *scope = credential.split("/")
    if len(scope) != _SCOPE_PARTS:
        raise incomplete("Credential must name key, date, region, service and 'aws4_request'.")

    return key, tuple(scope)


def _split_names(signed_headers: str) -> tuple[str, ...]:
    names = tuple(signed_headers.split(";"))
    if "host" not in names:
        raise incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization.")

    return names
