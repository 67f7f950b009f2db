"""Fixtures: stock botocore clients of the emulator, and other ways to send requests to it."""

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
from emulator_clients import SCOPES, CodeLogin, DeviceLogin, MovableTime, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sso_plugin.emulator import Emulator, SignIn

PRODUCTION, STAGING, SANDBOX = "1" * 12, "2" * 12, "3" * 12

NO_RETRIES = Config(retries={"total_max_attempts": 1})


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send requests to this machine without a proxy."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")


@pytest.fixture(scope="session")
def stock_session() -> botocore.session.Session:
    """Return one session for all tests, because loading the models takes time."""
    return botocore.session.Session()


@pytest.fixture
def make_client(
    stock_session: botocore.session.Session, sso_emulator: Emulator
) -> Callable[..., Any]:
    """Return a function that creates a stock client; its keys are named as by the portal."""

    def make(service: str, keys: Mapping[str, Any] | None = None) -> Any:
        keys = keys or {"accessKeyId": "ASIAUNKNOWN", "secretAccessKey": "none"}
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
    """Return role credentials of alice, as the portal returns them."""
    response = sso.get_role_credentials(
        accessToken=alice.access_token, accountId=PRODUCTION, roleName="AdministratorAccess"
    )
    credentials: dict[str, Any] = response["roleCredentials"]
    return credentials


@pytest.fixture
def ask(sso_emulator: Emulator) -> Callable[..., tuple[int, str]]:
    """Return a function that sends an HTTP request, and returns status and text."""

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
            with urllib.request.urlopen(request) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as exc:
            with exc:
                return exc.code, exc.read().decode()

    return send


@pytest.fixture
def browse() -> Iterator[Callable[..., Any]]:
    """Return a function that sends a request, and follows no redirect."""
    with urllib3.PoolManager(retries=False) as pool:
        yield partial(pool.request, redirect=False)


@pytest.fixture
def control(ask: Callable[..., tuple[int, str]]) -> Callable[..., Any]:
    """Return a function that sends a control request, and returns status and decoded JSON."""

    def send(method: str, name: str, **arguments: Any) -> Any:
        status, text = ask(method, f"/_emulator/{name}", arguments or None)
        return status, json.loads(text)

    return send


@pytest.fixture
def login(sso_emulator: Emulator, ask: Callable[..., tuple[int, str]]) -> CodeLogin:
    """Return a client that is registered for the authorization code."""
    return CodeLogin(sso_emulator, ask)


@pytest.fixture
def device(oidc: Any, sso_emulator: Emulator) -> DeviceLogin:
    """Return a client that has started a device authorization."""
    return DeviceLogin(oidc, sso_emulator, scopes=SCOPES)


@pytest.fixture
def user_code(device: DeviceLogin) -> str:
    """Return the user code of a device authorization."""
    return str(device.codes["userCode"])


@pytest.fixture
def register(ask: Callable[..., tuple[int, str]]) -> Callable[..., tuple[int, Any]]:
    """Return a function that registers a client with parameters that older models lack."""

    def send(**parameters: Any) -> tuple[int, Any]:
        body = {"clientName": "test", "clientType": "public", **parameters}
        status, text = ask("POST", "/client/register", body)
        return status, json.loads(text)

    return send


@pytest.fixture
def sts(make_client: Callable[..., Any], role_credentials: dict[str, Any]) -> Any:
    """Return a stock client that signs with role credentials of alice."""
    return make_client("sts", role_credentials)


@pytest.fixture
def signed(role_credentials: dict[str, Any], sso_emulator: Emulator) -> dict[str, str]:
    """Return the headers of a valid GetCallerIdentity."""
    return sign(sso_emulator, role_credentials)


@pytest.fixture
def machine_time() -> MovableTime:
    """Return a time that stands still until the test changes it."""
    return MovableTime()
