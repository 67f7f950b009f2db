"""The service `sso-oidc`: client registrations, device authorizations and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..state.registered_clients import (
    AUTHORIZATION_CODE,
    DEVICE_CODE,
    GRANT_TYPES,
    REFRESH_TOKEN,
    Registration,
)
from ..state.service_errors import ServiceError
from .json_bodies import error_headers, json_object, json_response, oauth_error
from .operation import Operation, Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug import Request, Response

    from ..state.emulator_state import State
    from ..state.issued_tokens import IssuedTokens

__all__ = ["ROUTES"]


def register_client(state: State, request: Request) -> Response:
    """Register a public client."""
    body = json_object(request)
    if not _text(body, "clientName") or _text(body, "clientType") != "public":
        raise ServiceError(
            "InvalidClientMetadataException", "clientName is required and clientType is 'public'"
        )

    grant_types = _texts(body, "grantTypes")
    client = state.clients.register(
        name=_text(body, "clientName"),
        scopes=_texts(body, "scopes"),
        grant_types=grant_types,
        redirect_uris=_texts(body, "redirectUris"),
        issuer_url=_issuer_url(state, body, required=AUTHORIZATION_CODE in grant_types),
    )
    return json_response(
        {
            "clientId": client.client_id,
            "clientSecret": client.client_secret,
            "clientIdIssuedAt": int(client.issued_at),
            "clientSecretExpiresAt": int(client.expires_at),
            "authorizationEndpoint": f"{request.host_url}authorize",
            "tokenEndpoint": f"{request.host_url}token",
        }
    )


def start_device_authorization(state: State, request: Request) -> Response:
    """Return a device code for the client to poll with, and a user code for the user to approve."""
    body = json_object(request)
    client = _client(state, body)
    _check_grant(client, DEVICE_CODE)
    if not state.organization.has_start_url(_text(body, "startUrl")):
        raise ServiceError("InvalidRequestException", "Invalid startUrl provided")

    device = state.devices.start(client)
    page = f"{request.host_url}device"
    return json_response(
        {
            "deviceCode": device.device_code,
            "userCode": device.user_code,
            "verificationUri": page,
            "verificationUriComplete": f"{page}?user_code={quote(device.user_code)}",
            "expiresIn": round(device.expires_at - state.clock.now()),
            "interval": device.interval,
        }
    )


def create_token(state: State, request: Request) -> Response:
    """Return an access token for a device code, an authorization code or a refresh token."""
    body = json_object(request)
    client = _client(state, body)
    grant_type = _text(body, "grantType")
    handle_grant = _GRANTS.get(grant_type)
    if handle_grant is None:
        raise ServiceError("UnsupportedGrantTypeException", "Unsupported grant type")

    _check_grant(client, grant_type)
    tokens = handle_grant(state, client, body)
    response = {
        "accessToken": tokens.access.value,
        "tokenType": "Bearer",
        "expiresIn": round(tokens.access.expires_at - state.clock.now()),
    }
    if tokens.refresh:
        response["refreshToken"] = tokens.refresh.value

    return json_response(response)


def error_response(error: ServiceError) -> Response:
    """Return an error in the format of OAuth."""
    body = {"error": oauth_error(error.code), "error_description": error.message}
    return json_response(body, error.status, error_headers(error))


def _device_code_grant(state: State, client: Registration, body: dict[str, Any]) -> IssuedTokens:
    user = state.devices.redeem(client, _required(body, "deviceCode"))
    return state.tokens.sign_in(user, client)


def _authorization_code_grant(
    state: State, client: Registration, body: dict[str, Any]
) -> IssuedTokens:
    code, redirect_uri = _required(body, "code"), _required(body, "redirectUri")
    verifier = _required(body, "codeVerifier")
    return state.tokens.sign_in(
        state.authorization_codes.redeem(client, code, redirect_uri, verifier), client
    )


def _refresh_token_grant(state: State, client: Registration, body: dict[str, Any]) -> IssuedTokens:
    return state.tokens.refresh(client, _required(body, "refreshToken"))


_GRANTS: dict[str, Callable[[State, Registration, dict[str, Any]], IssuedTokens]] = {
    DEVICE_CODE: _device_code_grant,
    AUTHORIZATION_CODE: _authorization_code_grant,
    REFRESH_TOKEN: _refresh_token_grant,
}


def _client(state: State, body: dict[str, Any]) -> Registration:
    return state.clients.authenticate(_required(body, "clientId"), _required(body, "clientSecret"))


def _issuer_url(state: State, body: dict[str, Any], *, required: bool) -> str:
    """Return the start URL of a client. An authorization request does not contain it."""
    url = _required(body, "issuerUrl") if required else _text(body, "issuerUrl")
    if url and not state.organization.has_start_url(url):
        raise ServiceError("InvalidRequestException", "Invalid issuerUrl provided")

    return url


def _check_grant(client: Registration, grant_type: str) -> None:
    if grant_type in GRANT_TYPES and not client.allows(grant_type):
        raise ServiceError("UnauthorizedClientException", "Client is not authorized for this grant")


def _required(body: dict[str, Any], name: str) -> str:
    value = _text(body, name)
    if not value:
        raise ServiceError("InvalidRequestException", f"Missing parameter {name}")

    return value


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name) or ""
    if not isinstance(value, str):
        raise ServiceError("InvalidRequestException", f"{name} must be a string")

    return value


def _texts(body: dict[str, Any], name: str) -> list[str]:
    values = body.get(name) or []
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise ServiceError("InvalidRequestException", f"{name} must be a list of strings")

    return values


ROUTES: tuple[Route, ...] = (
    ("POST", "/client/register", Operation("RegisterClient", register_client, error_response)),
    (
        "POST",
        "/device_authorization",
        Operation("StartDeviceAuthorization", start_device_authorization, error_response),
    ),
    ("POST", "/token", Operation("CreateToken", create_token, error_response)),
)
