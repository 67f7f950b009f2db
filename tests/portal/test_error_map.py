"""botocore's errors become ours: with classes to catch, a fix, and without secrets."""

from __future__ import annotations

import contextlib
import json
import logging
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    InvalidRegionError,
    ProxyConnectionError,
    SSLError,
)
from caches import token_cache
from hostile import ACCOUNTS, CREDENTIALS, DEVICE, REGISTER, ROLES, TOKEN
from hostile_checks import ESCAPES, fetch, is_clean, log_in

import sso_plugin
from sso_plugin import ConfigError, PortalError, SsoPluginError
from sso_plugin.errors import PortalRefusal, PortalUnreachable
from sso_plugin.portal.error_map import Caller, kind_of
from sso_plugin.portal.responses import InvalidResponseError
from sso_plugin.portal.unreachable import (
    PortalConnectTimeout,
    PortalEndpointError,
    PortalHTTPError,
    PortalProxyError,
    PortalSSLError,
)

if TYPE_CHECKING:
    from hostile import HostilePortal
    from world import World

CALLER = Caller('The profile "dev"', "sso", "r", "sso-plugin doctor --profile dev")


def client_error(status: int, code: str, message: str) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "GetRoleCredentials")


@pytest.mark.parametrize(
    ("status", "retryable", "fix"),
    [
        (400, False, "Run: "),
        (403, False, "Run: "),
        (408, True, "Try again later, or run: "),
        (429, True, "Try again later, or run: "),
        (503, True, "Try again later, or run: "),
    ],
)
def test_an_error_response_says_whether_a_retry_may_help(
    status: int, fix: str, *, retryable: bool
) -> None:
    """By its HTTP status."""
    with pytest.raises(PortalRefusal) as caught, CALLER.mapped_errors():
        raise client_error(status, "SomeException", "Some reason")
    assert caught.value.retryable == retryable
    assert str(caught.value) == (
        'The profile "dev" was refused GetRoleCredentials by Identity Center (sso in r): '
        f"SomeException, Some reason. {fix}sso-plugin doctor --profile dev"
    )


class NewTimeout(ConnectTimeoutError):
    """An error class that a program derives from one of botocore's."""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (EndpointConnectionError(endpoint_url="https://x"), PortalEndpointError),
        (SSLError(endpoint_url="https://x", error=OSError("e")), PortalSSLError),
        (ProxyConnectionError(proxy_url="https://x"), PortalProxyError),
        (ConnectTimeoutError(endpoint_url="https://x"), PortalConnectTimeout),
        (NewTimeout(endpoint_url="https://x"), PortalConnectTimeout),
        (HTTPClientError(error="e"), PortalHTTPError),
        (BotoCoreError(), PortalEndpointError),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_each_error_of_botocore_has_a_class_of_ours(
    error: BotoCoreError, kind: type[PortalUnreachable]
) -> None:
    """An unknown class has that of its nearest base."""
    assert kind_of(error) is kind


def test_an_invalid_setting_is_a_config_error() -> None:
    """It is still the error that botocore raises for it."""
    with pytest.raises(ConfigError) as caught, CALLER.mapped_errors_of_config():
        raise ValueError("Invalid endpoint: x")
    assert isinstance(caught.value, ValueError)
    assert str(caught.value) == (
        'The profile "dev" cannot call Identity Center (sso in r) as it is configured: Invalid '
        "endpoint: x. Run: sso-plugin doctor --profile dev"
    )


@pytest.mark.parametrize(
    ("error", "detail"),
    [(KeyError("token"), ""), (InvalidResponseError("x is missing"), ": x is missing")],
)
def test_an_invalid_response_counts_as_unreachable(error: Exception, detail: str) -> None:
    """Only a message of our own is quoted: others may have a part of the response."""
    with pytest.raises(PortalUnreachable) as caught, CALLER.mapped_errors_of_response():
        raise error
    assert str(caught.value) == (
        'The profile "dev" cannot reach Identity Center (sso in r): its response cannot be read'
        f"{detail}. Run: sso-plugin doctor --profile dev"
    )


def test_an_error_is_mapped_once() -> None:
    """InvalidRegionError of botocore is also a ValueError."""
    with pytest.raises(ConfigError) as caught, CALLER.mapped_errors_of_config():
        raise InvalidRegionError(region_name="x y")
    assert isinstance(caught.value, InvalidRegionError)
    assert str(caught.value).count("as it is configured") == 1


DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000


def test_an_error_of_the_portal_cannot_control_a_terminal(
    portal: HostilePortal, caplog: pytest.LogCaptureFixture
) -> None:
    """The message, code, traceback and log have no control characters."""
    changes = {"__type": f"Evil{ESCAPES}", "message": f"explained{ESCAPES}", "more": [ESCAPES]}
    portal.change[CREDENTIALS] = lambda _: (400, changes)
    with caplog.at_level(logging.DEBUG, "sso_plugin"), pytest.raises(SsoPluginError) as caught:
        fetch()
    shown = "".join(traceback.format_exception(caught.value))
    assert is_clean(shown)
    assert is_clean(json.dumps(getattr(caught.value, "response", {}), ensure_ascii=False))
    assert "explained" in str(caught.value)
    assert is_clean(caplog.text)


def test_a_secret_that_an_error_quotes_is_masked(
    portal: HostilePortal, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A proxy may quote the request. No message, log or file of this package has the secret."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    held = json.loads(world.token_file().read_text())
    secrets = [held[name] for name in ("refreshToken", "clientSecret")]
    quoted = " ".join(secrets)
    # Older versions of botocore read only the message.
    changes = {"error": "x", "error_description": quoted, "message": quoted}
    portal.change[TOKEN] = lambda _: (500, changes)
    with caplog.at_level(logging.DEBUG), pytest.raises(PortalError) as caught:
        fetch()
    shown = [str(caught.value), repr(caught.value.__dict__)]
    shown += [each.getMessage() for each in caplog.records if "sso_plugin" in each.name]
    shown += ["".join(traceback.format_exception(caught.value))]
    shown += [file.read_text() for file in (world.home / ".aws/sso-plugin").glob("*.json")]
    shown += [repr(getattr(caught.value.__cause__, "response", None))]
    assert "***" in shown[0]
    assert not [text for text in shown for secret in secrets if secret[:20] in text]


@pytest.mark.parametrize("status", [200, 403])
def test_an_exception_that_the_caller_handles_is_not_changed(
    portal: HostilePortal, world: World, status: int
) -> None:
    """It keeps its traceback and text, although it is the context of our error."""
    portal.change[CREDENTIALS] = lambda _: (status, b"{}")
    (world.home / ".aws/cli/cache").mkdir(parents=True)

    def fail() -> None:
        raise RuntimeError("mine\nsecond line")

    def handle() -> None:
        try:
            fail()
        except RuntimeError:
            world.token_file("other").write_text("damaged")
            token_cache().get(world.token_file("other").stem)
            with contextlib.suppress(SsoPluginError):
                fetch()
            raise

    with pytest.raises(RuntimeError) as caught:
        handle()
    assert caught.value.args == ("mine\nsecond line",)
    assert caught.traceback[-1].name == "fail"


@pytest.mark.long
@pytest.mark.one_quick_case
@pytest.mark.parametrize("path", [ACCOUNTS, ROLES, CREDENTIALS, REGISTER, DEVICE, TOKEN])
@pytest.mark.parametrize("body", [DEEP, b"[]", b"5", b"null", b"\xff\xfe", b'{"a": NaN}', b""])
def test_an_unreadable_response_is_an_error_of_this_package(
    portal: HostilePortal, world: World, path: str, body: bytes
) -> None:
    """Nested too deep for a parser, of a wrong type, or not valid text."""
    portal.change[path] = lambda _: body
    if path == TOKEN:
        world.sign_in(expiresAt="2020-01-01T00:00:00Z")

    def use() -> None:
        fetch()
        list(sso_plugin.roles("111111111111", "dev"))
        log_in(portal, world)

    with pytest.raises(SsoPluginError) as caught:
        use()
    assert portal.asked[-1] == path
    assert str(caught.value).isprintable()
