"""The clients for Identity Center use a session's settings: TLS, proxies, FIPS, dual-stack."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.session import Session
from connect_proxy import Proxy
from world import World

import sso_plugin
from sso_plugin import PortalError
from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials import Login
from sso_plugin.emulator import Emulator
from sso_plugin.portal.service_client import create_client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def secure(sso_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Start a portal that uses TLS, with a certificate of a private CA."""
    with Emulator(tls=True) as emulator:
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        world = World(sso_home, emulator)
        world.configure(emulator.profile())
        yield world


def arn() -> str:
    sso_plugin.enable()
    session: Any = boto3.Session(profile_name="dev")
    return str(session.client("sts").get_caller_identity()["Arn"])


@pytest.mark.long
def test_the_ca_bundle_of_the_environment_is_used(secure: World) -> None:
    """``AWS_CA_BUNDLE`` applies to the requests for the token and for the credentials."""
    secure.sign_in(expiresAt="2020-01-01T00:00:00Z")
    assert arn().endswith("/alice")
    assert (secure.count("CreateToken"), secure.count("GetRoleCredentials")) == (1, 1)


def test_the_ca_bundle_of_the_profile_is_used(
    secure: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``ca_bundle`` in the profile, as for every client."""
    bundle = os.environ["AWS_CA_BUNDLE"]
    monkeypatch.delenv("AWS_CA_BUNDLE")
    secure.configure(secure.emulator.profile() + f"ca_bundle = {bundle}\n")
    secure.sign_in()
    assert arn().endswith("/alice")


@pytest.mark.long
def test_an_untrusted_certificate_is_refused(
    secure: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is not sent, and the error says why."""
    monkeypatch.delenv("AWS_CA_BUNDLE")
    secure.sign_in()
    with pytest.raises(PortalError, match=r"cannot reach Identity Center .*SSL validation failed"):
        arn()
    assert secure.count("GetRoleCredentials") == 0


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    proxy = Proxy()
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    yield proxy
    proxy.close()


@pytest.mark.long
def test_a_proxy_is_used(secure: World, proxy: Proxy) -> None:
    """``HTTPS_PROXY`` applies to the token, the credentials and the script's own request."""
    secure.sign_in(expiresAt="2020-01-01T00:00:00Z")
    assert arn().endswith("/alice")
    assert len(proxy.asked) >= 2
    assert set(proxy.asked) == {urlsplit(secure.emulator.url).netloc}


def endpoints() -> dict[str, str]:
    """Return the endpoints of our clients and of a client of the script."""
    profile = SsoProfile.of(Session(profile="dev"))
    assert profile is not None
    session = Session(profile="dev")
    portal = Login.of(session, profile).portal
    clients = {service: portal._client(service) for service in ("sso", "sso-oidc")}
    found = {service: client.meta.endpoint_url for service, client in clients.items()}
    return {**found, "dynamodb": session.create_client("dynamodb").meta.endpoint_url}


@pytest.fixture
def us_east(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Use a region in which FIPS hosts exist, and set no endpoint."""
    for variable in world.emulator.environment():
        monkeypatch.delenv(variable)
    world.configure(world.emulator.profile().replace("eu-central-1", "us-east-1"))
    return world


def test_the_fips_setting_does_not_apply_to_the_portal(
    us_east: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The portal has no FIPS host in most regions (aws/aws-cli#9026)."""
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    assert endpoints() == {
        "sso": "https://portal.sso.us-east-1.amazonaws.com",
        "sso-oidc": "https://oidc.us-east-1.amazonaws.com",
        "dynamodb": "https://dynamodb-fips.us-east-1.amazonaws.com",
    }


def test_fips_can_be_turned_on_for_the_portal(us_east: World) -> None:
    """``sso_use_fips_endpoint = true`` does not apply to other clients."""
    us_east.configure(us_east.config_file.read_text() + "sso_use_fips_endpoint = true\n")
    assert endpoints() == {
        "sso": "https://portal.sso-fips.us-east-1.amazonaws.com",
        "sso-oidc": "https://oidc-fips.us-east-1.amazonaws.com",
        "dynamodb": "https://dynamodb.us-east-1.amazonaws.com",
    }


@pytest.mark.long
def test_fips_works_with_a_custom_endpoint_of_the_portal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Botocore refuses FIPS with a custom endpoint, so our clients do not use FIPS."""
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    sso_plugin.enable()
    credentials: Any = boto3.Session(profile_name="dev").get_credentials()
    assert credentials.get_frozen_credentials().access_key.startswith("ASIA")


def test_the_dual_stack_setting_applies_to_the_portal(
    us_east: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``AWS_USE_DUALSTACK_ENDPOINT``, as for every client."""
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
    assert endpoints()["sso"] == "https://portal.sso.us-east-1.api.aws"


def test_a_client_has_short_timeouts_and_a_user_agent(world: World) -> None:
    """A user waits for the portal."""
    session = Session(profile="dev")
    profile = SsoProfile.of(session)
    assert profile is not None
    config = create_client(session, "sso", profile, attempts=1).meta.config
    assert (config.connect_timeout, config.read_timeout) == (5, 10)
    assert f"sso-plugin/{sso_plugin.__version__}" in config.user_agent_extra


def test_all_supported_versions_of_botocore_know_pkce(world: World) -> None:
    """The models of old versions lack its parameters. The session of the caller is not changed."""
    session = Session(profile="dev")
    profile = SsoProfile.of(session)
    assert profile is not None
    paths = list(session.get_component("data_loader").search_paths)
    client = create_client(session, "sso-oidc", profile, attempts=1)
    shape = client.meta.service_model.operation_model("RegisterClient").input_shape
    assert "grantTypes" in shape.members
    assert session.get_component("data_loader").search_paths == paths
