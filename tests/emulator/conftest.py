"""Stock botocore clients, and other ways to talk to the emulator."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from functools import partial
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
import urllib3
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sso_plugin.emulator import Emulator, SignIn

PRODUCTION, STAGING, SANDBOX = "1" * 12, "2" * 12, "3" * 12

NO_RETRIES = Config(retries={"total_max_attempts": 1})


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep requests to this machine away from a proxy."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")


@pytest.fixture(scope="session")
def stock_session() -> botocore.session.Session:
    """Load botocore's models once for all tests."""
    return botocore.session.Session()


@pytest.fixture
def make_client(
    stock_session: botocore.session.Session, sso_emulator: Emulator
) -> Callable[..., Any]:
    """Make a stock client of the emulator; role credentials as the portal gives them."""

    def make(service: str, keys: Mapping[str, Any] | None = None) -> Any:
        keys = keys or {"accessKeyId": "ASIANOBODY", "secretAccessKey": "none"}
        return stock_session.create_client(
            service,
            region_name=sso_emulator.region,
            endpoint_url=sso_emulator.url,
            aws_access_key_id=keys["accessKeyId"],
            aws_secret_access_key=keys["secretAccessKey"],
            aws_session_token=keys.get("sessionToken"),
            config=NO_RETRIES,
        )

    return make


@pytest.fixture
def sso(make_client: Callable[..., Any]) -> Any:
    return make_client("sso")


@pytest.fixture
def oidc(make_client: Callable[..., Any]) -> Any:
    return make_client("sso-oidc")


@pytest.fixture
def alice(sso_emulator: Emulator) -> SignIn:
    """Sign alice in."""
    return sso_emulator.sign_in("alice")


@pytest.fixture
def role_credentials(sso: Any, alice: SignIn) -> dict[str, Any]:
    """Return the values of alice's role credentials, as the portal gives them."""
    answer = sso.get_role_credentials(
        accessToken=alice.access_token, accountId=PRODUCTION, roleName="AdministratorAccess"
    )
    credentials: dict[str, Any] = answer["roleCredentials"]
    return credentials


@pytest.fixture
def ask(sso_emulator: Emulator) -> Callable[..., tuple[int, str]]:
    """Send a bare HTTP request; returns status and text."""

    def send(
        method: str,
        path: str,
        body: object = None,
        *,
        form: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        content = form if form is not None else json.dumps(body) if body is not None else None
        request = urllib.request.Request(
            sso_emulator.url + path,
            data=content.encode() if content is not None else None,
            headers=dict(headers or {}),
            method=method,
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    return send


@pytest.fixture
def browse() -> Iterator[Callable[..., Any]]:
    """Send a request that follows no redirect."""
    with urllib3.PoolManager(retries=False) as pool:
        yield partial(pool.request, redirect=False)
