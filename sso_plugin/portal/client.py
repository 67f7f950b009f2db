"""The calls to the services ``sso`` and ``sso-oidc``, typed.

Each returns a plain value, read by `responses`, or raises an error of ours, made by `error_map`.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from ..redact import Secret, conceal, hide_frames, mask_logs
from ..web.addresses import is_aws_url, secrets_in, without_secrets
from .error_map import Caller
from .responses import (
    Account,
    DeviceAuthorization,
    Grant,
    InvalidResponseError,
    Registration,
    read_page_token,
    read_role_credentials,
    read_role_name,
)
from .service_client import create_client
from .throttling import budget_of, limit_rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from botocore.credentials import ReadOnlyCredentials
    from botocore.session import Session

    from ..clock import Clock
    from ..config.profile import SsoProfile
    from ..storage import Stores
    from .budget import Budget

__all__ = ["AUTHORIZATION_CODE", "DEVICE_CODE", "REFRESH_TOKEN", "Portal"]

_logger = logging.getLogger(__name__)

AUTHORIZATION_CODE = "authorization_code"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a grant type

_MAX_WARNINGS = 20
"""How many invalid entries of lists are logged."""

_MIN_SECRET_LENGTH = 9
"""Characters. A shorter text is not masked in errors: it may be part of any word."""

_SENT_AT = "sso_plugin_sent"
"""Where the context of a request has the time at which it was sent."""

_REQUEST_ID = "x-amzn-RequestId"

T = TypeVar("T")


class Portal:
    """The two services of one Identity Center region, called with a session of botocore.

    The clients of the two services are created on first use.

    :raises PortalRefusal: from each call, if the portal returns an error.
    :raises PortalUnreachable: from each call, if there is no valid response.
    :raises ConfigError: from each call, if this configuration is not valid for a request.
    """

    attempts = 3
    """How often each request is sent at most."""

    def __init__(
        self, session: Session, profile: SsoProfile, clock: Clock, budget: Budget | None = None
    ) -> None:
        self._session = session
        self._profile = profile
        self._clock = clock
        self._budget = budget
        self._clients: dict[str, Any] = {}
        self._warned: set[str] = set()
        self._lock = threading.Lock()
        self._process = os.getpid()

    @classmethod
    def of(cls, session: Session, profile: SsoProfile, clock: Clock, stores: Stores) -> Portal:
        """Return the portal of a profile, with the request rate that the profile sets."""
        return cls(session, profile, clock, budget_of(profile, stores))

    def get_role_credentials(
        self, access_token: str, account_id: str, role_name: str
    ) -> tuple[ReadOnlyCredentials, float]:
        """Return credentials of a role in an account, and when they expire in epoch seconds."""
        call = self._call("sso", "get_role_credentials", read_role_credentials)
        return call(accessToken=access_token, accountId=account_id, roleName=role_name)

    def list_accounts(
        self, access_token: str, next_token: str | None = None
    ) -> tuple[list[Account], str | None]:
        """Return a page of the accounts the user has, and the token of the next page."""

        def read(response: Mapping[str, Any]) -> tuple[list[Account], str | None]:
            found = self._read_valid(response["accountList"], Account.of)
            return found, read_page_token(response)

        more = {"nextToken": next_token} if next_token else {}
        return self._call("sso", "list_accounts", read)(accessToken=access_token, **more)

    def list_account_roles(
        self, access_token: str, account_id: str, next_token: str | None = None
    ) -> tuple[list[str], str | None]:
        """Return a page of the user's role names in an account, and the token of the next page."""

        def read(response: Mapping[str, Any]) -> tuple[list[str], str | None]:
            found = self._read_valid(response["roleList"], read_role_name)
            return found, read_page_token(response)

        more = {"nextToken": next_token} if next_token else {}
        call = self._call("sso", "list_account_roles", read)
        return call(accessToken=access_token, accountId=account_id, **more)

    def logout(self, access_token: str) -> None:
        """End the sign-in session that the token belongs to."""
        self._call("sso", "logout", bool)(accessToken=access_token)

    def register_client(self, name: str, scopes: Sequence[str], **grants: Any) -> Registration:
        """Register this client; ``grants`` are further parameters of RegisterClient."""
        call = self._call("sso-oidc", "register_client", Registration.of)
        return call(clientName=name, clientType="public", scopes=list(scopes), **grants)

    def start_device_authorization(
        self, registration: Registration, start_url: str
    ) -> DeviceAuthorization:
        """Start a login that the user approves in a browser on any machine."""
        call = self._call("sso-oidc", "start_device_authorization", DeviceAuthorization.of)
        return call(
            clientId=registration.client_id,
            clientSecret=registration.client_secret,
            startUrl=start_url,
        )

    def endpoint(self, service: str) -> str:
        """Return the URL that the calls to ``sso`` or ``sso-oidc`` go to."""
        with self._caller(service).mapped_errors_of_config():
            return str(self._client(service).meta.endpoint_url).rstrip("/")

    def authorization_endpoint(self) -> str:
        """Return the URL of the page on which the user approves in a browser on this machine."""
        return f"{self.endpoint('sso-oidc')}/authorize"

    def create_token(self, client_id: str, client_secret: str, **grant: str) -> Grant:
        """Exchange a grant for an access token; ``grant`` are further parameters of CreateToken."""
        call = self._call("sso-oidc", "create_token", Grant.of)
        return call(clientId=client_id, clientSecret=client_secret, **grant)

    def _read_valid(self, entries: Iterable[Any], read: Callable[[Any], T]) -> list[T]:
        """Read the entries of a list. An invalid one is ignored, with a warning."""

        def read_or_warn(entry: Any) -> T | None:
            try:
                return read(entry or {})
            except InvalidResponseError as exc:
                self._warn_once(str(exc))
                return None

        return [found for found in map(read_or_warn, entries) if found is not None]

    def _warn_once(self, problem: str) -> None:
        if problem not in self._warned and len(self._warned) < _MAX_WARNINGS:
            self._warned.add(problem)
            start_url = self._profile.start_url
            _logger.warning("Ignoring an entry in a list of %s: %s", start_url, problem)

    def _call(
        self, service: str, operation: str, read: Callable[[Mapping[str, Any]], T]
    ) -> Callable[..., T]:
        """Return a function that calls an operation and reads its response."""

        def call(**parameters: Any) -> T:
            with self._caller(service).mapped_errors_of_config():
                client = self._client(service)
            secrets = [value for value in parameters.values() if isinstance(value, Secret)]
            caller = self._caller(service, client.meta.endpoint_url, *secrets)
            with caller.mapped_errors_of_response():
                return read(_send(getattr(client, operation), parameters))

        return call

    def _caller(self, service: str, url: str = "", *secrets: str) -> Caller:
        profile = self._profile
        known = profile.subject, service, profile.region, profile.doctor_command
        sent = tuple(each for each in secrets if len(each) >= _MIN_SECRET_LENGTH)
        if not url or is_aws_url(url):
            return Caller(*known, sent)
        # botocore's errors quote the whole address.
        return Caller(*known, sent + secrets_in(url), without_secrets(url))

    def _client(self, service: str) -> Any:
        if self._process != os.getpid():
            # After a fork, a thread of the parent may hold the lock, and connections are shared.
            self._clients, self._lock = {}, threading.Lock()
            self._process = os.getpid()
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._create_client(service)
            return self._clients[service]

    def _create_client(self, service: str) -> Any:
        client = create_client(self._session, service, self._profile, self.attempts)
        client.meta.events.register("request-created", self._note_sent_at)
        client.meta.events.register("after-call", self._observe_date)
        if service == "sso" and self._budget is not None:
            limit_rate(client, self._budget)
        mask_logs()
        return client

    def _note_sent_at(self, request: Any, **_: Any) -> None:
        """Handle ``request-created``: note when this attempt is sent."""
        request.context[_SENT_AT] = self._clock.request_time()

    def _observe_date(self, http_response: Any, context: dict[str, Any], **_: Any) -> None:
        """Handle ``after-call``: pass the server's time to the clock, also from an error response.

        A response without a request ID comes from a proxy, whose clock may be wrong.
        """
        date = http_response.headers.get("Date")
        if date and _REQUEST_ID in http_response.headers:
            self._clock.observe(date, context.get(_SENT_AT))


@hide_frames
def _send(operation: Callable[..., Any], parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    return conceal(operation(**parameters))
