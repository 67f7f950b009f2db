"""The calls to the services ``sso`` and ``sso-oidc``, typed.

The only place where botocore's errors become ours. What comes back from here is plain values;
what is asked of the portal is decided in `tokens`, `role_credentials` and `flows`.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
)
from botocore.exceptions import (
    ConnectionError as BotocoreConnectionError,
)
from botocore.parsers import ResponseParserError

from . import __version__
from .errors import ConfigError, PortalError, PortalRefusal, PortalUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from botocore.session import Session

    from .clock import Clock
    from .config import SsoProfile

__all__ = ["DeviceAuthorization", "Grant", "Portal", "Registration", "RoleKeys"]

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a grant type

_CONNECT_TIMEOUT = 5
_READ_TIMEOUT = 10
_ATTEMPTS = 3
_RETRYABLE = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT)


@dataclass(frozen=True)
class RoleKeys:
    """The answer of GetRoleCredentials; ``expires_at`` in epoch seconds."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at: float


@dataclass(frozen=True)
class Registration:
    """The program as an OAuth client of one Identity Center; ``expires_at`` in epoch seconds."""

    client_id: str
    client_secret: str = field(repr=False)
    expires_at: float


@dataclass(frozen=True)
class DeviceAuthorization:
    """A login that waits for a person. ``expires_in`` and ``interval`` in seconds."""

    device_code: str = field(repr=False)
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: float
    interval: float


@dataclass(frozen=True)
class Grant:
    """The answer of CreateToken; ``expires_in`` in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: float


class Portal:
    """The two services of one Identity Center region, as a session of botocore reaches them.

    Clients are made when first needed, on the caller's session, so that its endpoints, proxies
    and CA bundle hold for them too. FIPS is ours to decide: most regions have no such host.
    """

    def __init__(
        self, session: Session, region: str, clock: Clock, *, use_fips_endpoint: bool = False
    ) -> None:
        self._session = session
        self._region = region
        self._clock = clock
        self._use_fips_endpoint = use_fips_endpoint
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, session: Session, profile: SsoProfile, clock: Clock) -> Portal:
        """Return the portal of a profile's region, as the session reaches it."""
        fips = profile.options.use_fips_endpoint
        return cls(session, profile.region, clock, use_fips_endpoint=fips)

    def get_role_credentials(self, access_token: str, account_id: str, role_name: str) -> RoleKeys:
        """Exchange the token for keys of one role in one account."""
        answer = self._call(
            "sso",
            "get_role_credentials",
            accessToken=access_token,
            accountId=account_id,
            roleName=role_name,
        )
        keys = answer["roleCredentials"]
        return RoleKeys(
            access_key=keys["accessKeyId"],
            secret_key=keys["secretAccessKey"],
            session_token=keys["sessionToken"],
            expires_at=keys["expiration"] / 1000,
        )

    def list_account_roles(self, access_token: str, account_id: str) -> list[str]:
        """Return the names of all roles the user has in the account."""
        names: list[str] = []
        more: dict[str, str] = {}
        while True:
            answer = self._call(
                "sso", "list_account_roles", accessToken=access_token, accountId=account_id, **more
            )
            names += [role["roleName"] for role in answer["roleList"]]
            if not answer.get("nextToken"):
                return names
            more = {"nextToken": answer["nextToken"]}

    def register_client(self, name: str, scopes: Sequence[str]) -> Registration:
        """Register this program, for the device flow and for renewals."""
        answer = self._call(
            "sso-oidc",
            "register_client",
            clientName=name,
            clientType="public",
            scopes=list(scopes),
        )
        return Registration(
            client_id=answer["clientId"],
            client_secret=answer["clientSecret"],
            expires_at=float(answer["clientSecretExpiresAt"]),
        )

    def start_device_authorization(
        self, registration: Registration, start_url: str
    ) -> DeviceAuthorization:
        """Begin a login that a person approves in a browser anywhere."""
        answer = self._call(
            "sso-oidc",
            "start_device_authorization",
            clientId=registration.client_id,
            clientSecret=registration.client_secret,
            startUrl=start_url,
        )
        return DeviceAuthorization(
            device_code=answer["deviceCode"],
            user_code=answer["userCode"],
            verification_uri=answer["verificationUri"],
            verification_uri_complete=answer["verificationUriComplete"],
            expires_in=answer["expiresIn"],
            interval=answer.get("interval", 5),
        )

    def create_token(self, client_id: str, client_secret: str, **grant: str) -> Grant:
        """Exchange a grant, given as CreateToken's own parameters, for an access token."""
        answer = self._call(
            "sso-oidc", "create_token", clientId=client_id, clientSecret=client_secret, **grant
        )
        return Grant(
            access_token=answer["accessToken"],
            refresh_token=answer.get("refreshToken"),
            expires_in=answer["expiresIn"],
        )

    def _call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        with self._mapped_errors(service):
            answer: dict[str, Any] = getattr(self._client(service), operation)(**parameters)
            self._observe(answer)
            return answer

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._create_client(service)
            return self._clients[service]

    def _create_client(self, service: str) -> Any:
        from botocore import UNSIGNED
        from botocore.config import Config

        config = Config(
            region_name=self._region,
            signature_version=UNSIGNED,
            use_fips_endpoint=self._use_fips_endpoint,
            connect_timeout=_CONNECT_TIMEOUT,
            read_timeout=_READ_TIMEOUT,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            user_agent_extra=f"sso-plugin/{__version__}",
        )
        return _nested_client(self._session, service, config=config)

    @contextlib.contextmanager
    def _mapped_errors(self, service: str) -> Iterator[None]:
        name = f"Identity Center ({service} in {self._region})"
        try:
            yield
        except ClientError as exc:
            self._observe(exc.response)
            raise _refusal(name, exc) from exc
        except (BotocoreConnectionError, HTTPClientError, ResponseParserError) as exc:
            raise PortalUnreachable(
                error_msg=f"{name} cannot be reached: {_reason(exc)}", retryable=True
            ) from exc
        except KeyError as exc:
            raise PortalUnreachable(
                error_msg=f"The answer of {name} lacks {exc}", retryable=True
            ) from exc
        except BotoCoreError as exc:
            raise ConfigError(
                error_msg=f"{name} cannot be called with this configuration: {exc}"
            ) from exc

    def _observe(self, answer: Any) -> None:
        date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        if date:
            self._clock.observe(date)


def _nested_client(session: Session, service: str, **kwargs: Any) -> Any:
    try:
        # Newer botocore: keeps its own client plugins away from clients that serve credentials.
        from botocore.utils import create_nested_client
    except ImportError:
        return session.create_client(service, **kwargs)
    return create_nested_client(session, service, **kwargs)


def _refusal(name: str, exc: ClientError) -> PortalError:
    error = exc.response.get("Error", {})
    status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    message = error.get("Message") or exc.response.get("error_description") or "no reason given"
    return PortalRefusal(
        error_msg=f"{name} refused {exc.operation_name}: {error.get('Code')}, {message}",
        response=exc.response,
        operation_name=exc.operation_name,
        retryable=status in _RETRYABLE or status >= HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def _reason(exc: Exception) -> str:
    """Say why in words, without what a parser quotes of a body that may hold secrets."""
    if isinstance(exc, ResponseParserError):
        return "the answer is not what the service sends"
    return str(exc)
