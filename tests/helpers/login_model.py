"""A model of one login of one user: its tokens, its role credentials, its files and its portal.

`LoginModel` has the state, `ModelPortal` answers requests from it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

from botocore.credentials import ReadOnlyCredentials
from botocore.tokens import SSOTokenProvider
from caches import token_cache

from sso_plugin.clock import Clock
from sso_plugin.config.profile import Options, SsoProfile
from sso_plugin.credentials import Login, role_request, token_renewal, token_source
from sso_plugin.errors import PortalRefusal, PortalUnreachable
from sso_plugin.portal import outage
from sso_plugin.portal.responses import Grant
from sso_plugin.storage import memory_cache, unwritable
from sso_plugin.storage.keys import token_key
from sso_plugin.storage.writing import FolderToWrite
from sso_plugin.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sso_plugin.storage import Stores
    from sso_plugin.storage.folder import OpenFolder

__all__ = [
    "BEGIN",
    "HOUR",
    "PROFILE",
    "REGISTRATION_EXPIRES_AT",
    "ROLE_LIFETIME",
    "TOKEN_LIFETIME",
    "IssuedCredentials",
    "IssuedToken",
    "LoginModel",
    "ModelPortal",
    "login_to",
    "model_time",
    "refused",
]

BEGIN = 1_800_000_000.0
HOUR = 3600.0
"""Seconds."""

ROLE_LIFETIME = HOUR
TOKEN_LIFETIME = 2 * HOUR
REGISTRATION_EXPIRES_AT = BEGIN + 1000 * 24 * HOUR

PROFILE = SsoProfile(
    name="dev",
    start_url="https://corp.awsapps.com/start",
    region="eu-west-1",
    session_name="corp",
    account_id="111111111111",
    role_name="Admin",
    # Its end is announced in a thread, which would write while the folder is removed.
    options=Options(warn_before=0.0),
)


@dataclass(frozen=True)
class IssuedToken:
    """An access token, the login it belongs to, and when that login began."""

    access: str
    refresh: str | None
    issued: float
    expires: float
    login: str
    since: float

    def is_valid(self, now: float) -> bool:
        return now < self.expires

    def is_fresh(self, now: float) -> bool:
        return now < self.expires - min(15 * 60, (self.expires - self.issued) / 4)

    def text(self) -> str:
        document = {
            "startUrl": PROFILE.start_url,
            "region": PROFILE.region,
            "accessToken": self.access,
            "expiresAt": format_timestamp(self.expires),
            "clientId": "client",
            "clientSecret": "hush",
            "registrationExpiresAt": format_timestamp(REGISTRATION_EXPIRES_AT),
        }
        return json.dumps({**document, **({"refreshToken": self.refresh} if self.refresh else {})})


@dataclass(frozen=True)
class IssuedCredentials:
    """Role credentials. ``login`` is None if another program wrote them to the cache."""

    name: str
    issued: float
    expires: float
    login: str | None = None

    def is_valid(self, now: float) -> bool:
        return now < self.expires

    def is_fresh(self, now: float) -> bool:
        return now < self.expires - min(15 * 60, (self.expires - self.issued) / 4)


@dataclass
class LoginModel:
    """What Identity Center knows, and what is in the two files."""

    now: float = BEGIN
    up: bool = True
    rotates: bool = False
    assigned: bool = True
    access: dict[str, float] = field(default_factory=dict)
    refresh: set[str] = field(default_factory=set)
    token_file: IssuedToken | None = None
    role_file: IssuedCredentials | None = None
    issued: dict[str, IssuedCredentials] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    other_program_renews_first: bool = False
    count: int = 0

    def new_name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}"

    def grant(
        self,
        *,
        renewable: bool = True,
        refresh: str | None = None,
        renews: IssuedToken | None = None,
    ) -> IssuedToken:
        """Issue an access token, and a refresh token unless the current one stays valid."""
        access = self.new_name("access")
        self.access[access] = self.now + TOKEN_LIFETIME
        if renewable and refresh is None:
            refresh = self.new_name("refresh")
            self.refresh.add(refresh)
        login = renews.login if renews else self.new_name("login")
        since = renews.since if renews else self.now
        return IssuedToken(access, refresh, self.now, self.now + TOKEN_LIFETIME, login, since)

    def renew(self, refresh: str | None, renews: IssuedToken | None = None) -> IssuedToken | None:
        """Exchange a refresh token as CreateToken does; None if it is refused.

        :param renews: the token that we renew. A renewal by another program looks like a new login.
        """
        if refresh not in self.refresh:
            return None
        if not self.rotates:
            return self.grant(refresh=refresh, renews=renews)
        self.refresh.discard(refresh)
        return self.grant(renews=renews)

    def accepts(self, access: str) -> bool:
        return self.now < self.access.get(access, 0.0)

    def issue_credentials(self, login: str | None = None) -> IssuedCredentials:
        keys = IssuedCredentials(self.new_name("AKIA"), self.now, self.now + ROLE_LIFETIME, login)
        self.issued[keys.name] = keys
        return keys

    @property
    def token_path(self) -> Path:
        return Path(token_cache().describe(token_key(PROFILE)))

    def write_token_file(self, token: IssuedToken) -> None:
        """Write the file as another program does, without our lock."""
        self.token_file = token
        self.token_path.parent.mkdir(parents=True, exist_ok=True)
        self.token_path.write_text(token.text(), encoding="utf-8")
        self.token_path.chmod(0o600)
        os.utime(self.token_path, (self.now, self.now))


class ModelPortal:
    """Replaces `sso_plugin.portal.client.Portal`, and answers from the model."""

    def __init__(self, login: LoginModel) -> None:
        self.login = login

    def create_token(self, client_id: str, client_secret: str, **grant: str) -> Grant:
        login = self.login
        self._answer("CreateToken")
        assert (client_id, client_secret) == ("client", "hush")
        held, ours = grant["refreshToken"], login.token_file
        if login.other_program_renews_first and held in login.refresh:
            login.other_program_renews_first = False
            renewed = login.renew(held)
            assert renewed is not None
            login.write_token_file(renewed)
            if login.rotates:
                raise refused("CreateToken", "InvalidGrantException")
        token = login.renew(held, ours)
        if token is None:
            raise refused("CreateToken", "InvalidGrantException")
        login.token_file = token
        return Grant(token.access, token.refresh if login.rotates else None, TOKEN_LIFETIME)

    def get_role_credentials(
        self, access_token: str, account_id: str, role_name: str
    ) -> tuple[ReadOnlyCredentials, float]:
        login = self.login
        self._answer("GetRoleCredentials")
        assert (account_id, role_name) == (PROFILE.account_id, PROFILE.role_name)
        if not login.accepts(access_token):
            raise refused("GetRoleCredentials", "UnauthorizedException")
        if not login.assigned:
            raise refused("GetRoleCredentials", "ForbiddenException")
        assert login.token_file
        login.role_file = keys = login.issue_credentials(login.token_file.login)
        return ReadOnlyCredentials(keys.name, "secret", "session"), keys.expires

    def list_account_roles(self, *_: object) -> tuple[list[str], str | None]:
        self._answer("ListAccountRoles")
        return ["Another"], None

    def _answer(self, operation: str) -> None:
        self.login.requests.append(operation)
        if not self.login.up:
            raise PortalUnreachable(error_msg="The portal is not available", retryable=True)


def refused(operation: str, code: str) -> PortalRefusal:
    """Return the error for a refused request."""
    response = {"Error": {"Code": code, "Message": "no"}}
    return PortalRefusal(error_msg=code, response=response, operation_name=operation)


@contextlib.contextmanager
def model_time(login: LoginModel, home: Path) -> Iterator[None]:
    """Use the time of the model in the whole package and for the dates of its files."""
    fake = SimpleNamespace(time=lambda: login.now, sleep=lambda _: None, monotonic=time.monotonic)
    prepared = FolderToWrite._write_temporary

    def dated(self: FolderToWrite, folder: OpenFolder, *content: Any) -> str:
        name = prepared(self, folder, *content)
        os.utime(name, (login.now, login.now), dir_fd=folder.descriptor)
        return name

    with contextlib.ExitStack() as stack:
        for module in (memory_cache, outage, role_request, token_renewal, token_source, unwritable):
            stack.enter_context(mock.patch.object(module, "time", fake))
        stack.enter_context(mock.patch.object(FolderToWrite, "_write_temporary", dated))
        stack.enter_context(mock.patch.object(os, "fsync"))
        folder = str(home / ".aws/sso/cache")
        stack.enter_context(mock.patch.object(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", folder))
        # By its method: loggers cache which levels are enabled.
        logger = logging.getLogger("sso_plugin")
        stack.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL)
        yield


def login_to(portal: Any, stores: Stores, now: Callable[[], float]) -> Login:
    """Return a login of the package that sends its requests to a portal of the model."""
    return Login(PROFILE, lambda: portal, Clock(now, None), stores)
