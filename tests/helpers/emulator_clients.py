"""Clients of the emulator, for its own tests: sign-ins, signed requests, bare sockets."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pytest

    from sso_plugin.emulator import Emulator, SignIn

    Ask = Callable[..., tuple[int, str]]

PRODUCTION = "1" * 12

SCOPES = ["sso:account:access"]
REGISTERED = "http://127.0.0.1/oauth/callback"
CALLBACK = "http://127.0.0.1:54321/oauth/callback"
VERIFIER = "v" * 64
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"

GET_CALLER_IDENTITY = "Action=GetCallerIdentity&Version=2011-06-15"
"""A request to STS, as a form."""

GET_DEVICE_PAGE = b"GET /device HTTP/1.1\r\nHost: localhost\r\n\r\n"


class CodeLogin:
    """A client that signs in with an authorization code."""

    def __init__(self, emulator: Emulator, ask: Ask, **metadata: Any) -> None:
        self.emulator = emulator
        self.ask = ask
        status, text = ask(
            "POST",
            "/client/register",
            {
                "clientName": "test & co",
                "clientType": "public",
                "grantTypes": ["authorization_code", "refresh_token"],
                "redirectUris": [REGISTERED],
                "issuerUrl": emulator.start_url,
                "scopes": SCOPES,
                **metadata,
            },
        )
        assert status == 200
        self.client = json.loads(text)

    def url(self, **changes: str | None) -> str:
        """Return the address that the browser opens. A parameter that is None is left out."""
        digest = hashlib.sha256(VERIFIER.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.client["clientId"],
            "redirect_uri": CALLBACK,
            "state": "abc",
            "code_challenge_method": "S256",
            "scopes": " ".join(SCOPES),
            "code_challenge": base64.urlsafe_b64encode(digest).decode(),
            **changes,
        }
        given = {name: value for name, value in query.items() if value is not None}
        return f"{self.client['authorizationEndpoint']}?{urlencode(given)}"

    def redeem(self, location: str, **changes: str) -> tuple[int, Any]:
        """Send the code of a redirect to CreateToken."""
        body = {
            "clientId": self.client["clientId"],
            "clientSecret": self.client["clientSecret"],
            "grantType": "authorization_code",
            "code": redirect_query(location).get("code", ""),
            "redirectUri": CALLBACK,
            "codeVerifier": VERIFIER,
            **changes,
        }
        status, text = self.ask("POST", "/token", body)
        return status, json.loads(text)


def redirect_query(location: str) -> dict[str, str]:
    """Return the parameters that a redirect sends to the client."""
    return dict(parse_qsl(urlsplit(location).query))


class DeviceLogin:
    """A client that signs in with a device code."""

    def __init__(self, oidc: Any, emulator: Emulator, scopes: Sequence[str] = ()) -> None:
        self.oidc = oidc
        self.client = oidc.register_client(
            clientName="test", clientType="public", scopes=list(scopes)
        )
        self.identity = {key: self.client[key] for key in ("clientId", "clientSecret")}
        self.codes = oidc.start_device_authorization(**self.identity, startUrl=emulator.start_url)

    def poll(self) -> Any:
        """Send the device code to CreateToken."""
        return self.oidc.create_token(
            **self.identity, grantType=DEVICE_CODE, deviceCode=self.codes["deviceCode"]
        )


def refresh(oidc: Any, sign_in: SignIn, token: str | None = None) -> Any:
    """Send a refresh token to CreateToken, by default that of the sign-in."""
    return oidc.create_token(
        clientId=sign_in.client_id,
        clientSecret=sign_in.client_secret,
        grantType="refresh_token",
        refreshToken=token or sign_in.refresh_token,
    )


def error_description(caught: pytest.ExceptionInfo[Any]) -> str:
    """Return the description of an OAuth error. Older models of botocore do not print it."""
    return str(caught.value.response["error_description"])


def get_role_credentials(
    sso: Any, token: str, account: str = PRODUCTION, role: str = "ReadOnlyAccess"
) -> Any:
    """Call GetRoleCredentials."""
    return sso.get_role_credentials(accessToken=token, accountId=account, roleName=role)


def list_accounts_status(sso: Any, token: str) -> int:
    """Call ListAccounts, and return the HTTP status."""
    try:
        response = sso.list_accounts(accessToken=token)
    except ClientError as exc:
        response = exc.response

    status: int = response["ResponseMetadata"]["HTTPStatusCode"]
    return status


def sign(emulator: Emulator, keys: Mapping[str, Any], service: str = "sts") -> dict[str, str]:
    """Return the headers of a signed GetCallerIdentity."""
    credentials = Credentials(
        keys["accessKeyId"], keys["secretAccessKey"], keys.get("sessionToken")
    )
    request = AWSRequest("POST", f"{emulator.url}/", data=GET_CALLER_IDENTITY)
    request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    SigV4Auth(credentials, service, emulator.region).add_auth(request)
    return dict(request.headers.items())


def presigned_path(sts: Any, seconds: int = 60) -> str:
    """Return path and query of a presigned GetCallerIdentity."""
    url: str = sts.generate_presigned_url(
        "get_caller_identity", ExpiresIn=seconds, HttpMethod="GET"
    )
    return "/?" + url.partition("/?")[2]


def error_code(response: tuple[int, str]) -> tuple[int, str]:
    """Return status and error code of a response of STS."""
    found = re.search("<Code>(.*?)</Code>", response[1])
    return response[0], found[1] if found else ""


@contextmanager
def connected(emulator: Emulator) -> Iterator[socket.socket]:
    """Connect a socket to an emulator."""
    address = ("127.0.0.1", int(emulator.url.rpartition(":")[2]))
    with socket.create_connection(address, timeout=60) as client:
        yield client


def receive_all(client: socket.socket) -> bytes:
    """Return everything until the server closes the connection."""
    parts = []
    while part := client.recv(65536):
        parts.append(part)

    return b"".join(parts)


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until a condition is true. Fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition is still false"
        time.sleep(0.001)


class MovableTime:
    """A source of time that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
