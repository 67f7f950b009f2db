"""Whose role credentials these are, according to STS."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import EndpointConnectionError
from botocore.session import Session
from fixed_server import server

import sso_plugin
from sso_plugin import ConfigError, PortalError
from sso_plugin.portal.service_client import create_sts_client
from sso_plugin.portal.sts import session_name_of

if TYPE_CHECKING:
    from world import World

REGION = "eu-central-1"
KEYS = ReadOnlyCredentials("AKIAEXAMPLE", "the-secret-key", "the-session-token")


def keys_of(profile: str = "dev") -> ReadOnlyCredentials:
    """Return valid role credentials."""
    sso_plugin.enable()
    credentials = boto3.Session(profile_name=profile).get_credentials()
    assert credentials is not None
    frozen: ReadOnlyCredentials = credentials.get_frozen_credentials()
    return frozen


def session() -> Session:
    return Session(profile="dev")


def test_the_session_name_of_the_keys_is_the_user(world: World) -> None:
    """Not those of the session, which may have none, or those of another user."""
    world.sign_in("alice")
    keys = keys_of()
    world.token_file().unlink()
    assert session_name_of(Session(), REGION, keys) == "alice"
    assert world.count("GetRoleCredentials") == 1


def test_a_refusal_is_an_error_of_ours(world: World) -> None:
    """It names the operation and the code."""
    with pytest.raises(PortalError) as caught:
        session_name_of(session(), REGION, KEYS)
    assert str(caught.value) == (
        "The login was refused GetCallerIdentity by STS (in eu-central-1, at "
        f"{world.emulator.url}): InvalidClientTokenId, The security token included in the request "
        "is invalid. Run: sso-plugin doctor"
    )


def test_an_unreachable_service_is_an_error_of_ours(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is retryable, and of the class that botocore raises."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "9")
    with pytest.raises(PortalError, match="cannot reach STS") as caught:
        session_name_of(session(), REGION, KEYS)
    assert isinstance(caught.value, EndpointConnectionError)
    assert caught.value.retryable


def test_an_invalid_endpoint_is_an_error_of_the_config(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retry does not help."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "no url")
    with pytest.raises(ConfigError, match="cannot call STS"):
        session_name_of(session(), REGION, KEYS)


RESULT = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult>{}</GetCallerIdentityResult>"
    "</GetCallerIdentityResponse>"
)


@pytest.mark.parametrize(
    "body",
    [
        RESULT.format("<Arn>arn:aws:iam::111111111111:user/alice</Arn>"),
        RESULT.format("<Arn>arn:aws:sts::111111111111:assumed-role/x/</Arn>"),
        RESULT.format("<Arn>arn:aws:sts::111111111111:assumed-role/x/y/z</Arn>"),
        RESULT.format(""),
        "<html>",
        "{}",
    ],
    ids=str,
)
def test_a_response_without_a_role_session_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    """No other name is taken for that of the user."""
    with server(body=body.encode()) as other:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", other.url)
        with pytest.raises(PortalError, match="its response cannot be read"):
            session_name_of(session(), REGION, KEYS)


def test_a_name_is_clean(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown to a person."""
    arn = "arn:aws-cn:sts::111111111111:assumed-role/x/a&#x202e;b"
    with server(body=RESULT.format(f"<Arn>{arn}</Arn>").encode()) as other:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", other.url)
        assert session_name_of(session(), REGION, KEYS) == "a\ufffdb"


def test_errors_and_logs_have_no_keys(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """STS quotes the session token if the signature does not match."""
    quoted = f"x-amz-security-token:{KEYS.token}"
    body = (
        "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code>"
        f"<Message>The Canonical String should have been {quoted}</Message></Error></ErrorResponse>"
    )
    with server(403, body.encode()) as other, caplog.at_level("DEBUG", "sso_plugin"):
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", other.url)
        with pytest.raises(PortalError, match="SignatureDoesNotMatch") as caught:
            session_name_of(session(), REGION, KEYS)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.kwargs)
    for secret in ("the-session-token", "the-secret-key"):
        assert secret not in shown + caplog.text


def test_its_client_has_short_timeouts(world: World) -> None:
    """A call may wait for it."""
    config: Any = create_sts_client(session(), REGION, KEYS).meta.config
    assert (config.connect_timeout, config.read_timeout) == (5, 5)
    assert config.retries["total_max_attempts"] == 2
    assert f"sso-plugin/{sso_plugin.__version__}" in config.user_agent_extra
