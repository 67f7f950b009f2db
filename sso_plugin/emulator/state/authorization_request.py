"""A request to the authorization page, read from its address and held against the registration.

Two kinds of mistake: where client or redirect URI is in doubt, the browser must not be sent
there, so that reading fails; any other is told to the client, so that it is part of the value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from .clients import AUTHORIZATION_CODE

if TYPE_CHECKING:
    from .clients import Clients, Registration

_PATH = "/authorize"

# A SHA-256 in base64url; the AWS CLI leaves the padding in its place.
_CHALLENGE = re.compile(r"[\w-]{43}=?", re.ASCII)

# The hosts on which RFC 8252 lets a client choose its port at the last moment.
_ANY_PORT = ("127.0.0.1", "::1")


class UntrustedRequestError(ValueError):
    """The browser must not be sent where this request says."""


class Refusal(NamedTuple):
    """What the client is told instead of a code."""

    error: str
    description: str


@dataclass(frozen=True)
class AuthorizationRequest:
    """What a client asks a person for, and where it waits for the answer."""

    client: Registration
    redirect_uri: str
    state: str
    scopes: tuple[str, ...]
    challenge: str
    refusal: Refusal | None

    def location(self, **answer: str) -> str:
        """Return the client's address with the answer and the state it came with."""
        parts = urlsplit(self.redirect_uri)
        fields = {**answer, "state": self.state} if self.state else answer
        query = "&".join(filter(None, (parts.query, urlencode(fields))))
        return urlunsplit(parts._replace(query=query))

    def refused(self, refusal: Refusal) -> str:
        """Return the client's address with an error."""
        return self.location(error=refusal.error, error_description=refusal.description)


def query_of(url: str, base: str) -> str:
    """Return the query of an address, if it is the authorization page of the server at `base`."""
    page, _, query = url.partition("?")
    if page != f"{base.rstrip('/')}{_PATH}":
        raise ValueError(f"{page} is not {base.rstrip('/')}{_PATH}.")

    return query


def read(query: str, clients: Clients) -> AuthorizationRequest:
    """Read a request; raises `UntrustedRequestError` where there is nobody to answer to."""
    given = parse_qs(query, keep_blank_values=True)
    client = _client(_single(given, "client_id"), clients)
    redirect_uri = _single(given, "redirect_uri")
    if not any(matches(redirect_uri, each) for each in client.redirect_uris):
        raise UntrustedRequestError("The redirect URI is not the one the client registered.")

    scopes = _scopes(given)
    return AuthorizationRequest(
        client=client,
        redirect_uri=redirect_uri,
        state=given.get("state", [""])[0],
        scopes=scopes or client.scopes,
        challenge=given.get("code_challenge", [""])[0].rstrip("="),
        refusal=_refusal(given, client, scopes),
    )


def matches(redirect_uri: str, registered: str) -> bool:
    """Compare character by character, except for the port where none is registered."""
    parts = urlsplit(registered)
    if parts.hostname not in _ANY_PORT or parts.port is not None:
        return redirect_uri == registered

    start = f"{parts.scheme}://{parts.netloc}"
    end = re.escape(registered.removeprefix(start))
    return bool(re.fullmatch(rf"{re.escape(start)}(:[0-9]{{1,5}})?{end}", redirect_uri))


def _single(given: dict[str, list[str]], name: str) -> str:
    values = given.get(name, [""])
    if len(values) > 1 or not values[0]:
        raise UntrustedRequestError(f"The request must have one {name}.")

    return values[0]


def _client(client_id: str, clients: Clients) -> Registration:
    client = clients.find(client_id)
    if client is None:
        raise UntrustedRequestError("The client is not registered, or no longer.")

    return client


def _scopes(given: dict[str, list[str]]) -> tuple[str, ...]:
    """Return the scopes asked for; the service calls them `scopes`, OAuth `scope`."""
    values = given.get("scopes", []) + given.get("scope", [])
    return tuple(scope for value in values for scope in re.split("[ ,]+", value) if scope)


def _refusal(
    given: dict[str, list[str]], client: Registration, scopes: tuple[str, ...]
) -> Refusal | None:
    """Say what is wrong with everything but client and redirect URI; None if nothing is."""
    repeated = [name for name, values in given.items() if len(values) > 1 and "scope" not in name]
    if repeated:
        return Refusal("invalid_request", f"{repeated[0]} appears twice")

    if not client.may(AUTHORIZATION_CODE):
        return Refusal("unauthorized_client", "Client is not authorized for this grant")

    if given.get("response_type") != ["code"]:
        return Refusal("unsupported_response_type", "response_type must be code")

    if given.get("code_challenge_method") != ["S256"]:
        return Refusal("invalid_request", "code_challenge_method must be S256")

    if not _CHALLENGE.fullmatch(given.get("code_challenge", [""])[0]):
        return Refusal("invalid_request", "code_challenge must be a SHA-256 in base64url")

    unknown = [each for each in scopes if each not in client.scopes]
    return Refusal("invalid_scope", f"Client has no scope {unknown[0]}") if unknown else None
