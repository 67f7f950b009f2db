"""The calls to the services ``sso`` and ``sso-oidc``, typed.

What comes back is a plain value, by `responses`, or an error of ours, by `error_map`.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from .. import __version__
from ..models import DATA_PATH
from ..redact import Secret, conceal, hide_frames, mask_logs
from ..web.addresses import is_of_aws, secrets_in, without_secrets
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
from .throttling import Budget, govern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from botocore.credentials import ReadOnlyCredentials
    from botocore.session import Session

    from ..clock import Clock
    from ..config.profile import SsoProfile

__all__ = ["AUTHORIZATION_CODE", "DEVICE_CODE", "REFRESH_TOKEN", "Portal"]

_logger = logging.getLogger(__name__)

AUTHORIZATION_CODE = "authorization_code"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a grant type

_CONNECT_TIMEOUT = 5
_READ_TIMEOUT = 10
_MOST_REPORTS = 20
_SHORT = 8
"""Characters. What is shorter is no secret, and may be a part of any word."""

_SENT = "sso_plugin_sent"
_REQUEST_ID = "x-amzn-RequestId"

T = TypeVar("T")


class Portal:
    """The two services of one Identity Center region, as a session of botocore reaches them.

    Clients are made when first needed, on the caller's session, so that its endpoints, proxies
    and CA bundle hold for them too. FIPS is ours to decide: most regions have no such host.

    :raises PortalRefusal: from each call, if the portal answers with an error.
    :raises PortalUnreachable: from each call, if no usable answer comes.
    :raises ConfigError: from each call, if no request can be made of this configuration.
    """

    attempts = 3
    """How often each request is sent at the most."""

    def __init__(
        self, session: Session, profile: SsoProfile, clock: Clock, budget: Budget | None = None
    ) -> None:
        self._session = session
        self._profile = profile
        self._clock = clock
        self._budget = budget
        self._clients: dict[str, Any] = {}
        self._reported: set[str] = set()
        self._lock = threading.Lock()
        self._process = os.getpid()

    @classmethod
    def of(cls, session: Session, profile: SsoProfile, clock: Clock) -> Portal:
        """Return the portal of a profile, within the budget of requests that it allows."""
        return cls(session, profile, clock, Budget.of(profile))

    def get_role_credentials(
        self, access_token: str, account_id: str, role_name: str
    ) -> tuple[ReadOnlyCredentials, float]:
        """Return credentials of one role in one account, and when they expire in epoch seconds."""
        call = self._call("sso", "get_role_credentials", read_role_credentials)
        return call(accessToken=access_token, accountId=account_id, roleName=role_name)

    def list_accounts(
        self, access_token: str, next_token: str | None = None
    ) -> tuple[list[Account], str | None]:
        """Return a page of the accounts the user has, and the token of the next page."""

        def read(answer: Mapping[str, Any]) -> tuple[list[Account], str | None]:
            return self._valid(answer["accountList"], Account.of), read_page_token(answer)

        more = {"nextToken": next_token} if next_token else {}
        return self._call("sso", "list_accounts", read)(accessToken=access_token, **more)

    def list_account_roles(
        self, access_token: str, account_id: str, next_token: str | None = None
    ) -> tuple[list[str], str | None]:
        """Return a page of the names of the roles the user has in an account, and as above."""

        def read(answer: Mapping[str, Any]) -> tuple[list[str], str | None]:
            return self._valid(answer["roleList"], read_role_name), read_page_token(answer)

        more = {"nextToken": next_token} if next_token else {}
        call = self._call("sso", "list_account_roles", read)
        return call(accessToken=access_token, accountId=account_id, **more)

    def logout(self, access_token: str) -> None:
        """End the sign-in that the token comes from."""
        self._call("sso", "logout", bool)(accessToken=access_token)

    def register_client(self, name: str, scopes: Sequence[str], **grants: Any) -> Registration:
        """Register this program; ``grants`` are further parameters of RegisterClient."""
        call = self._call("sso-oidc", "register_client", Registration.of)
        return call(clientName=name, clientType="public", scopes=list(scopes), **grants)

    def start_device_authorization(
        self, registration: Registration, start_url: str
    ) -> DeviceAuthorization:
        """Begin a login that a person approves in a browser anywhere."""
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
        """Return the URL of the page on which a person approves in this machine's browser."""
        return f"{self.endpoint('sso-oidc')}/authorize"

    def create_token(self, client_id: str, client_secret: str, **grant: str) -> Grant:
        """Exchange a grant, given as CreateToken's own parameters, for an access token."""
        call = self._call("sso-oidc", "create_token", Grant.of)
        return call(clientId=client_id, clientSecret=client_secret, **grant)

    def _valid(self, entries: Iterable[Any], read: Callable[[Any], T]) -> list[T]:
        """Read the entries of a list; report each invalid one once, and leave it out."""

        def read_or_report(entry: Any) -> T | None:
            try:
                return read(entry or {})
            except InvalidResponseError as exc:
                self._report(str(exc))
                return None

        return [found for found in map(read_or_report, entries) if found is not None]

    def _report(self, fault: str) -> None:
        if fault not in self._reported and len(self._reported) < _MOST_REPORTS:
            self._reported.add(fault)
            _logger.warning("Ignoring an entry in a list of %s: %s", self._profile.start_url, fault)

    def _call(
        self, service: str, operation: str, read: Callable[[Mapping[str, Any]], T]
    ) -> Callable[..., T]:
        """Return what calls an operation and reads its answer, with errors of ours."""

        def call(**parameters: Any) -> T:
            with self._caller(service).mapped_errors_of_config():
                client = self._client(service)
            secrets = [value for value in parameters.values() if isinstance(value, Secret)]
            caller = self._caller(service, client.meta.endpoint_url, *secrets)
            with caller.mapped_errors_of_answer():
                return read(_answer(getattr(client, operation), parameters))

        return call

    def _caller(self, service: str, url: str = "", *secrets: str) -> Caller:
        profile = self._profile
        known = profile.subject, service, profile.region, profile.doctor_command
        sent = tuple(each for each in secrets if len(each) > _SHORT)
        if not url or is_of_aws(url):
            return Caller(*known, sent)
        # Errors of botocore quote the whole address.
        return Caller(*known, sent + secrets_in(url), without_secrets(url))

    def _client(self, service: str) -> Any:
        if self._process != os.getpid():
            # Forked: a thread that is not here may have held the lock, and connections are shared.
            self._clients, self._lock = {}, threading.Lock()
            self._process = os.getpid()
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._create_client(service)
            return self._clients[service]

    def _create_client(self, service: str) -> Any:
        from botocore import UNSIGNED
        from botocore.config import Config

        config = Config(
            region_name=self._profile.region,
            signature_version=UNSIGNED,
            use_fips_endpoint=self._profile.options.use_fips_endpoint,
            connect_timeout=_CONNECT_TIMEOUT,
            read_timeout=_READ_TIMEOUT,
            retries={"mode": "standard", "total_max_attempts": self.attempts},
            user_agent_extra=f"sso-plugin/{__version__}",
        )
        client = _nested_client(_knowing_all_grants(self._session, service), service, config=config)
        client.meta.events.register("request-created", self._mark)
        client.meta.events.register("after-call", self._observe)
        if service == "sso" and self._budget is not None:
            govern(client, self._budget)
        mask_logs()
        return client

    def _mark(self, request: Any, **_: Any) -> None:
        """Answer ``request-created``: note when this attempt goes out."""
        request.context[_SENT] = self._clock.request_time()

    def _observe(self, http_response: Any, context: dict[str, Any], **_: Any) -> None:
        """Answer ``after-call``: every response tells the time, those that refuse included.

        What has no request id comes from something in between, whose clock may be anything.
        """
        date = http_response.headers.get("Date")
        if date and _REQUEST_ID in http_response.headers:
            self._clock.observe(date, context.get(_SENT))


@hide_frames
def _answer(operation: Callable[..., Any], parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    return conceal(operation(**parameters))


def _knowing_all_grants(session: Session, service: str) -> Session:
    """Return the session, or on a botocore that knows no PKCE one like it that has our models.

    Ours stand behind botocore's own, which before 1.34.x have the operations but not all of their
    parameters.
    """
    if service != "sso-oidc":
        return session
    registration: Any = session.get_service_model(service).operation_model("RegisterClient")
    if "grantTypes" in registration.input_shape.members:
        return session
    like_it = type(session)()
    for name, value in session.instance_variables().items():
        like_it.set_config_variable(name, value)
    like_it.set_default_client_config(session.get_default_client_config())
    like_it.get_component("data_loader").search_paths.insert(0, DATA_PATH)
    return like_it


def _nested_client(session: Session, service: str, **kwargs: Any) -> Any:
    try:
        # Newer botocore: keeps its own client plugins away from clients that serve credentials.
        from botocore.utils import create_nested_client
    except ImportError:
        return session.create_client(service, **kwargs)
    return create_nested_client(session, service, **kwargs)
