"""A request to the page /authorize, parsed and compared with the registration of the client.

There are two kinds of mistakes. If client or redirect URI is wrong, the browser must not be
redirected, and parsing fails. Any other mistake is reported to the client by a redirect, and is in
`AuthorizationRequest.error`. See RFC 6749, section 4.1.2.1:
https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from .registered_clients import AUTHORIZATION_CODE

if TYPE_CHECKING:
    from .registered_clients import Clients, Registration

__all__ = [
    "AuthorizationError",
    "AuthorizationRequest",
    "UntrustedRequestError",
    "is_same_redirect_uri",
    "parse_request",
    "query_of",
]

_PATH = "/authorize"

_CHALLENGE = re.compile(r"[\w-]{43}=?", re.ASCII)
"""A SHA-256 in base64url. The AWS CLI sends it with padding."""

_ANY_PORT = ("127.0.0.1", "::1")
"""The hosts for which a client may use any port: RFC 8252, section 7.3."""


class UntrustedRequestError(ValueError):
    """Client or redirect URI is wrong, so the browser must not be redirected."""


class AuthorizationError(NamedTuple):
    """What the client gets instead of a code."""

    code: str
    description: str


@dataclass(frozen=True)
class AuthorizationRequest:
    """What a client asks the user to approve, and where the browser is redirected."""

    client: Registration
    redirect_uri: str
    state: str
    scopes: tuple[str, ...]
    challenge: str
    error: AuthorizationError | None

    def location(self, **result: str) -> str:
        """Return the redirect URI with a result and the state of the request."""
        parts = urlsplit(self.redirect_uri)
        fields = {**result, "state": self.state} if self.state else result
        query = "&".join(filter(None, (parts.query, urlencode(fields))))
        return urlunsplit(parts._replace(query=query))

    def error_location(self, error: AuthorizationError) -> str:
        """Return the redirect URI with an error."""
        return self.location(error=error.code, error_description=error.description)


def query_of(url: str, base: str) -> str:
    """Return the query of a URL.

    :raises ValueError: if the URL is not the page /authorize of the server at `base`.
    """
    page, _, query = url.partition("?")
    if page != f"{base.rstrip('/')}{_PATH}":
        raise ValueError(f"{page} is not {base.rstrip('/')}{_PATH}.")

    return query


def parse_request(query: str, clients: Clients) -> AuthorizationRequest:
    """Return the request of a query.

    :raises UntrustedRequestError: if client or redirect URI is wrong.
    """
    given = parse_qs(query, keep_blank_values=True)
    client = _client(_single_value(given, "client_id"), clients)
    redirect_uri = _single_value(given, "redirect_uri")
    if not any(is_same_redirect_uri(redirect_uri, each) for each in client.redirect_uris):
        raise UntrustedRequestError("The redirect URI is not registered for this client.")

    scopes = _scopes(given)
    return AuthorizationRequest(
        client=client,
        redirect_uri=redirect_uri,
        state=given.get("state", [""])[0],
        scopes=scopes or client.scopes,
        challenge=given.get("code_challenge", [""])[0].rstrip("="),
        error=_find_error(given, client, scopes),
    )


def is_same_redirect_uri(redirect_uri: str, registered: str) -> bool:
    """Compare all but the port of a loopback address, if none is registered."""
    parts = urlsplit(registered)
    if parts.hostname not in _ANY_PORT or parts.port is not None:
        return redirect_uri == registered

    start = f"{parts.scheme}://{parts.netloc}"
    end = re.escape(registered.removeprefix(start))
    return bool(re.fullmatch(rf"{re.escape(start)}(:[0-9]{{1,5}})?{end}", redirect_uri))


def _single_value(given: dict[str, list[str]], name: str) -> str:
    values = given.get(name, [""])
    if len(values) > 1 or not values[0]:
        raise UntrustedRequestError(f"The request must have one {name}.")

    return values[0]


def _client(client_id: str, clients: Clients) -> Registration:
    client = clients.find(client_id)
    if client is None:
        raise UntrustedRequestError(
            "The client is not registered, or its registration has expired."
        )

    return client


def _scopes(given: dict[str, list[str]]) -> tuple[str, ...]:
    """Return the requested scopes. AWS calls the parameter `scopes`, OAuth `scope`."""
    values = given.get("scopes", []) + given.get("scope", [])
    return tuple(scope for value in values for scope in re.split("[ ,]+", value) if scope)


def _find_error(
    given: dict[str, list[str]], client: Registration, scopes: tuple[str, ...]
) -> AuthorizationError | None:
    """Return the first mistake in all but client and redirect URI; None if there is none."""
    repeated = [name for name, values in given.items() if len(values) > 1 and "scope" not in name]
    if repeated:
        return AuthorizationError("invalid_request", f"{repeated[0]} appears twice")

    if not client.allows(AUTHORIZATION_CODE):
        return AuthorizationError("unauthorized_client", "Client is not authorized for this grant")

    if given.get("response_type") != ["code"]:
        return AuthorizationError("unsupported_response_type", "response_type must be code")

    return _find_challenge_error(given) or _find_scope_error(client, scopes)


def _find_challenge_error(given: dict[str, list[str]]) -> AuthorizationError | None:
    if given.get("code_challenge_method") != ["S256"]:
        return AuthorizationError("invalid_request", "code_challenge_method must be S256")

    if not _CHALLENGE.fullmatch(given.get("code_challenge", [""])[0]):
        message = "code_challenge must be a SHA-256 in base64url"
        return AuthorizationError("invalid_request", message)

    return None


def _find_scope_error(client: Registration, scopes: tuple[str, ...]) -> AuthorizationError | None:
    unknown = [each for each in scopes if each not in client.scopes]
    if unknown:
        return AuthorizationError("invalid_scope", f"Client has no scope {unknown[0]}")

    return None
