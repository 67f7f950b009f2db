"""``except`` clauses that catch the errors of stock botocore catch ours, too."""

from __future__ import annotations

import copy
import gc
import json
import pickle
from typing import TYPE_CHECKING, Any

import botocore.session
import command
import pytest
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    InvalidDefaultsMode,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from broken_portals import answer, closed_port, error, full_port, portal
from stock import IS_OLDER
from world import World

import sso_plugin
from sso_plugin import PortalError
from sso_plugin.emulator import Emulator, Organization
from sso_plugin.portal import service_client

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Port = Callable[[], contextlib.AbstractContextManager[int]]

PAST = "2020-01-01T00:00:00Z"


# After some failures urllib3 leaves a socket to the garbage collector, also on stock botocore.
leaves_sockets = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make our clients send each request once, with the timeouts of the sessions below."""
    set_timeouts(monkeypatch, 60.0)
    monkeypatch.setattr("sso_plugin.portal.client.Portal.attempts", 1)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield
    # The sockets that urllib3 has left count for this test, not for a later one.
    gc.collect()


def set_timeouts(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Set how long clients wait for a connection, and for a response."""
    for name in ("_CONNECT_TIMEOUT", "_READ_TIMEOUT"):
        monkeypatch.setattr(f"sso_plugin.portal.service_client.{name}", seconds)


def pickled(exc: Exception) -> Exception:
    """Return an exception as another process receives it."""
    received: Exception = pickle.loads(pickle.dumps(exc))  # noqa: S301 - it is our own
    return received


def session_of(*, ours: bool) -> botocore.session.Session:
    session = botocore.session.Session(profile="dev")
    config = Config(
        connect_timeout=service_client._CONNECT_TIMEOUT,
        read_timeout=service_client._READ_TIMEOUT,
        retries={"total_max_attempts": 1},
    )
    session.set_default_client_config(config)
    if ours:
        sso_plugin.enable(session)
    return session


def fetch_keys(session: Any) -> object:
    """Call GetRoleCredentials."""
    return session.get_credentials().get_frozen_credentials()


def fetch_token(session: Any) -> object:
    """Call CreateToken, with an expired token."""
    return session.get_auth_token().get_frozen_token()


CALLS = [fetch_keys, pytest.param(fetch_token, marks=pytest.mark.long)]


def raised(call: Callable[[Any], object], *, ours: bool) -> Exception:
    """Return the error that a call of a new session raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - it is compared
        call(session_of(ours=ours))
    return caught.value


def classes(exc: Exception) -> list[type]:
    """Return the classes of botocore that an ``except`` clause for an error can name."""
    return [each for each in type(exc).__mro__ if each.__module__.startswith("botocore.")]


def assert_is_caught_alike(call: Callable[[Any], object], kind: type[Exception]) -> PortalError:
    """Check that our error is each class of the error of stock, and no other kind; return it."""
    stock, ours = raised(call, ours=False), raised(call, ours=True)
    assert isinstance(stock, kind)
    assert [each for each in classes(stock) if not isinstance(ours, each)] == []
    for other in (EndpointConnectionError, ConnectTimeoutError, ReadTimeoutError, HTTPClientError):
        assert isinstance(ours, other) == isinstance(stock, other)
    assert isinstance(ours, PortalError)
    return ours


def plain(port: int) -> dict[str, str]:
    return endpoints(f"http://127.0.0.1:{port}")


def tls(port: int) -> dict[str, str]:
    return endpoints(f"https://127.0.0.1:{port}")


def proxied(port: int) -> dict[str, str]:
    return {"HTTPS_PROXY": f"http://127.0.0.1:{port}", **endpoints("https://portal.invalid")}


def unknown(_: int) -> dict[str, str]:
    return endpoints("http://portal.invalid")


def endpoints(url: str) -> dict[str, str]:
    return {"AWS_ENDPOINT_URL_SSO": url, "AWS_ENDPOINT_URL_SSO_OIDC": url}


def set_variables(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def sending(data: bytes | None) -> Port:
    return lambda: portal(data)


FAILURES: dict[str, tuple[Port, Callable[[int], dict[str, str]], type[Exception]]] = {
    "refused": (closed_port, plain, EndpointConnectionError),
    "not resolved": (closed_port, unknown, EndpointConnectionError),
    "not TLS": (sending(b"HTTP/1.1 400 Bad Request\r\n\r\n"), tls, SSLError),
    "proxy that refuses": (closed_port, proxied, ProxyConnectionError),
    "proxy that wants a password": (
        sending(answer(b"", status="407 Proxy Authentication Required")),
        proxied,
        ProxyConnectionError,
    ),
    "no connection in time": (full_port, plain, ConnectTimeoutError),
    "no answer in time": (sending(None), plain, ReadTimeoutError),
    "no TLS handshake in time": (sending(None), tls, BotoCoreError),
    "closed": (sending(b""), plain, ConnectionClosedError),
    "closed in the body": (
        sending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"),
        plain,
        ConnectionClosedError,
    ),
    "not HTTP": (sending(b"SSH-2.0-OpenSSH\r\n\r\n"), plain, ConnectionClosedError),
    "two lengths": (
        sending(b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n{}"),
        plain,
        HTTPClientError,
    ),
}


@leaves_sockets
@pytest.mark.usefixtures("once")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_of_the_network_is_caught_as_on_stock(
    world: World, monkeypatch: pytest.MonkeyPatch, failure: str, call: Callable[[Any], object]
) -> None:
    """The error is each class of the error of stock, and no other kind of network error."""
    world.sign_in(**({"expiresAt": PAST} if call is fetch_token else {}))
    listen, environment, kind = FAILURES[failure]
    if failure.endswith("in time"):
        set_timeouts(monkeypatch, 0.3)
    with listen() as port:
        set_variables(monkeypatch, environment(port))
        exc = assert_is_caught_alike(call, kind)
    assert exc.retryable
    assert str(exc).startswith('The profile "dev" cannot reach Identity Center (sso')


@pytest.fixture
def secure(sso_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Return a world whose portal uses TLS, with a certificate that is not trusted here."""
    with Emulator(Organization.example(), tls=True) as emulator:
        set_variables(monkeypatch, emulator.environment())
        monkeypatch.delenv("AWS_CA_BUNDLE")
        world = World(sso_home, emulator)
        world.configure(emulator.profile())
        yield world


@leaves_sockets
@pytest.mark.usefixtures("once")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("bundle", [None, "no-such-file.pem", __file__])
def test_a_certificate_that_cannot_be_verified_is_caught_as_on_stock(
    secure: World,
    monkeypatch: pytest.MonkeyPatch,
    call: Callable[[Any], object],
    bundle: str | None,
) -> None:
    """With an unknown CA, and with a CA bundle that does not exist or is not valid."""
    secure.sign_in(**({"expiresAt": PAST} if call is fetch_token else {}))
    if bundle:
        monkeypatch.setenv("AWS_CA_BUNDLE", bundle)
    exc = assert_is_caught_alike(call, SSLError)
    assert "SSL validation failed for https://127.0.0.1:" in str(exc)


@pytest.mark.long
def test_exec_reports_a_failure_of_tls(secure: World) -> None:
    """The error is an ``OSError`` too, but not a problem of the command that runs."""
    secure.sign_in()
    printed = command.run("exec", "--profile", "dev", "--", "true")
    assert "SSL validation failed for https://127.0.0.1:" in printed.stderr
    assert "cannot be run" not in printed.stderr
    assert printed.returncode == 1


REFUSALS = {
    "400": ("400 Bad Request", "InvalidRequestException", ClientError, TokenRetrievalError),
    "401": (
        "401 Unauthorized",
        "UnauthorizedException",
        UnauthorizedSSOTokenError,
        TokenRetrievalError,
    ),
    "403": ("403 Forbidden", "ForbiddenException", ClientError, TokenRetrievalError),
    "404": ("404 Not Found", "ResourceNotFoundException", ClientError, TokenRetrievalError),
    "429": ("429 Too Many", "TooManyRequestsException", ClientError, TokenRetrievalError),
    "500": ("500 Error", "InternalServerException", ClientError, TokenRetrievalError),
}


@leaves_sockets
@pytest.mark.usefixtures("once")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_is_caught_as_on_stock(
    world: World, monkeypatch: pytest.MonkeyPatch, refusal: str, call: Callable[[Any], object]
) -> None:
    """With the code, the operation and the metadata of the response."""
    status, code, of_keys, of_token = REFUSALS[refusal]
    world.sign_in(**({"expiresAt": PAST} if call is fetch_token else {}))
    with portal(error(status, code)) as port:
        set_variables(monkeypatch, plain(port))
        stock, ours = raised(call, ours=False), raised(call, ours=True)
    assert isinstance(stock, of_keys if call is fetch_keys else of_token)
    named = [each for each in classes(stock) if each.__module__ == "botocore.exceptions"]
    assert [each for each in named if not isinstance(ours, each)] == []
    if isinstance(stock, ClientError):
        assert isinstance(ours, ClientError)
        assert ours.operation_name == stock.operation_name == "GetRoleCredentials"
        assert ours.response["Error"] == stock.response["Error"]
        metadata, stocks = (exc.response["ResponseMetadata"] for exc in (ours, stock))
        assert stocks.keys() <= metadata.keys()
        assert (metadata["HTTPStatusCode"], metadata["RequestId"]) == (int(refusal), "request-7")
        assert metadata["HTTPHeaders"] == stocks["HTTPHeaders"]


@leaves_sockets
@pytest.mark.usefixtures("once")
@pytest.mark.parametrize("ours", [False, True])
@pytest.mark.parametrize("code", ["ResourceNotFoundException", "TooManyRequestsException"])
def test_a_refusal_has_the_class_of_a_client_of_the_session(
    world: World, monkeypatch: pytest.MonkeyPatch, code: str, *, ours: bool
) -> None:
    """All clients of one session share the error classes of the model of a service."""
    world.sign_in()
    with portal(error("404 Not Found", code)) as port:
        set_variables(monkeypatch, plain(port))
        session: Any = session_of(ours=ours)
        client = session.create_client("sso", region_name="eu-central-1")
        with pytest.raises(getattr(client.exceptions, code)) as caught:
            fetch_keys(session)
        assert caught.value.response["Error"]["Code"] == code
        assert isinstance(copy.copy(caught.value), ClientError)
        assert isinstance(pickled(caught.value), ClientError)


@leaves_sockets
@pytest.mark.usefixtures("once")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        *(
            pytest.param(body, marks=pytest.mark.long)
            for body in (b"[1]", b"null", b"\xff", b"[" * 100_000)
        ),
    ],
)
def test_an_invalid_response_is_an_error_of_the_connection(
    world: World, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    """Stock raises KeyError, AttributeError, TypeError, UnicodeDecodeError or RecursionError."""
    world.sign_in()
    with portal(answer(body)) as port:
        set_variables(monkeypatch, plain(port))
        assert not isinstance(raised(fetch_keys, ours=False), BotoCoreError)
        exc = raised(fetch_keys, ours=True)
    assert isinstance(exc, PortalError)
    assert isinstance(exc, EndpointConnectionError)


@leaves_sockets
@pytest.mark.usefixtures("once")
@pytest.mark.parametrize(
    ("setting", "value", "kind"),
    [
        ("AWS_ENDPOINT_URL_SSO", "nonsense", ValueError),
        ("AWS_ENDPOINT_URL_SSO", "https://[x/", ValueError),
        ("AWS_DEFAULTS_MODE", "nonsense", InvalidDefaultsMode),
    ],
)
def test_a_setting_that_botocore_refuses_is_caught_as_on_stock(
    world: World, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, kind: type[Exception]
) -> None:
    """It is a ConfigError and has the class of the error of stock, also when pickled."""
    world.sign_in()
    monkeypatch.setenv(setting, value)
    assert isinstance(raised(fetch_keys, ours=False), kind)
    exc = raised(fetch_keys, ours=True)
    for each in (exc, copy.copy(exc), copy.deepcopy(exc), pickled(exc)):
        assert isinstance(each, sso_plugin.ConfigError)
        assert isinstance(each, kind)
        assert str(each) == str(exc)


def test_a_region_that_botocore_refuses_is_caught_as_on_stock(world: World) -> None:
    """It is a ``ValueError`` too."""
    world.configure(world.config_file.read_text().replace("eu-central-1", "eu central 1"))
    world.sign_in()
    stock, ours = raised(fetch_keys, ours=False), raised(fetch_keys, ours=True)
    assert [each for each in classes(stock) if not isinstance(ours, each)] == []
    assert isinstance(stock, ValueError)
    assert isinstance(ours, ValueError)


def without_token(world: World) -> None:
    """Delete the token file."""
    world.token_file().unlink(missing_ok=True)


def with_expired_token(world: World) -> None:
    """Write an expired token without a refresh token."""
    world.sign_in(expiresAt=PAST, refreshToken=None)


def with_revoked_token(world: World) -> None:
    """Write a token that the portal rejects."""
    world.sign_in(accessToken="revoked", refreshToken=None)


def with_expired_registration(world: World) -> None:
    """Write an expired token whose client registration has expired."""
    world.sign_in(expiresAt=PAST, registrationExpiresAt=PAST)


def with_revoked_refresh_token(world: World) -> None:
    """Write an expired token with a revoked refresh token."""
    world.sign_in(expiresAt=PAST, refreshToken="revoked")


LOGINS = [
    (without_token, fetch_keys, SSOTokenLoadError),
    (without_token, fetch_token, SSOTokenLoadError),
    (with_expired_token, fetch_keys, TokenRetrievalError),
    (with_expired_token, fetch_token, TokenRetrievalError),
    (with_expired_registration, fetch_token, TokenRetrievalError),
    (with_revoked_refresh_token, fetch_keys, TokenRetrievalError),
    (with_revoked_token, fetch_keys, UnauthorizedSSOTokenError),
]


@pytest.mark.one_quick_case
@pytest.mark.parametrize(("prepare", "call", "kind"), LOGINS)
def test_a_missing_login_is_caught_as_on_stock(
    world: World,
    prepare: Callable[[World], None],
    call: Callable[[Any], object],
    kind: type[Exception],
) -> None:
    """In a profile with an sso-session."""
    prepare(world)
    assert isinstance(raised(call, ours=False), kind)
    assert isinstance(raised(call, ours=True), kind)


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        (None, SSOTokenLoadError),
        ({"expiresAt": PAST}, UnauthorizedSSOTokenError),
        ({"accessToken": None}, SSOTokenLoadError),
        ({"expiresAt": None}, SSOTokenLoadError),
        ({"accessToken": "revoked"}, UnauthorizedSSOTokenError),
    ],
)
def test_a_missing_login_of_a_legacy_profile_is_caught_as_on_stock(
    world: World, changes: dict[str, Any] | None, kind: type[Exception]
) -> None:
    """In a profile with its own start URL."""
    world.configure(
        f"[profile dev]\nsso_start_url = {world.emulator.start_url}\n"
        "sso_region = eu-central-1\nsso_account_id = 111111111111\n"
        "sso_role_name = AdministratorAccess\n"
    )
    if changes is not None:
        world.sign_in(name=world.emulator.start_url, refreshToken=None, **changes)
    if not (IS_OLDER and changes == {"expiresAt": PAST}):
        # Botocore 1.31 sends an expired token to the portal.
        assert isinstance(raised(fetch_keys, ours=False), kind)
    assert isinstance(raised(fetch_keys, ours=True), kind)


@pytest.mark.parametrize("fault", [{"status": 500}, {"kind": "reset"}])
@leaves_sockets
@pytest.mark.usefixtures("once")
def test_a_revoked_token_that_cannot_be_renewed_now_is_caught_as_on_stock(
    world: World, fault: dict[str, Any]
) -> None:
    """Stock does not try to renew it. Here the renewal has failed as well."""
    world.sign_in(accessToken="revoked")
    world.emulator.faults.add("CreateToken", **fault)
    assert isinstance(raised(fetch_keys, ours=False), UnauthorizedSSOTokenError)
    exc = raised(fetch_keys, ours=True)
    assert isinstance(exc, UnauthorizedSSOTokenError)
    assert isinstance(exc, PortalError)
    assert exc.retryable


CROWD = """
import json, os, sys
import botocore.session, crowd

def use(profile, results):
    session = botocore.session.Session(profile=profile)
    try:
        session.get_credentials().get_frozen_credentials()
    except Exception as exc:
        metadata = getattr(exc, "response", None) and exc.response["ResponseMetadata"]
        code = getattr(exc, "response", None) and exc.response["Error"]
        kinds = [each.__name__ for each in type(exc).__mro__]
        results.append(json.dumps([kinds, str(exc), code, metadata]))

crowd.use = use
sys.argv = ["crowd.py", "4", "1", "dev"]
crowd.main()
"""


LATENCY = 3.0
"""Seconds. All processes begin to wait while one of them sends the request."""


def errors_of_crowd(world: World) -> list[Any]:
    """Return the error of each of four processes that need the same credentials at once."""
    finished = world.run(CROWD)
    assert finished.stderr == ""
    return [json.loads(line) for line in finished.stdout.splitlines()]


@pytest.mark.long
@pytest.mark.parametrize("operation", ["GetRoleCredentials", "CreateToken"])
def test_processes_that_wait_for_a_failed_request_raise_the_same_error(
    world: World, operation: str
) -> None:
    """One sends the request; the others raise its error."""
    world.sign_in(**({"expiresAt": PAST} if operation == "CreateToken" else {}))
    world.emulator.faults.add(operation, kind="reset", latency=LATENCY)
    errors = errors_of_crowd(world)
    assert world.count(operation) == 3
    assert len(errors) == 4
    assert errors == [errors[0]] * 4
    assert errors[0][0][0] == "PortalConnectionClosed"
    assert "ConnectionClosedError" in errors[0][0]


@pytest.mark.long
@pytest.mark.parametrize("operation", ["GetRoleCredentials", "CreateToken"])
def test_processes_that_wait_for_a_refused_request_have_its_metadata(
    world: World, operation: str
) -> None:
    """Status, request id, code and message. Only the process that sent it has the headers."""
    world.sign_in(**({"expiresAt": PAST} if operation == "CreateToken" else {}))
    world.emulator.faults.add(
        operation, status=500, code="InternalServerException", latency=LATENCY
    )
    errors = errors_of_crowd(world)
    assert world.count(operation) == 3
    [asked] = [each for each in errors if each[3].pop("HTTPHeaders")]
    waited = [each for each in errors if each is not asked]
    assert [each[1:] for each in waited] == [asked[1:]] * 3
    assert asked[2]["Code"] == "InternalServerException"
    assert asked[3]["HTTPStatusCode"] == 500
    assert asked[3]["RequestId"]
    assert "ClientError" in waited[0][0]
    assert ("TokenRetrievalError" in waited[0][0]) == (operation == "CreateToken")
