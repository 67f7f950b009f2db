"""Our own requests take the ways that a session is told to take: TLS, proxies, FIPS, dual-stack."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.session import Session
from quicklogin import login
from world import World

import sso_plugin
from sso_plugin import ConfigError, LoginFailed, PortalError
from sso_plugin.commands.doctor import diagnose
from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials import Login
from sso_plugin.emulator import Emulator, Organization, VanityUrl
from sso_plugin.signin.vanity import resolve_start_url
from sso_plugin.web.request import send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def secure(sso_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Give a world whose portal speaks TLS, with a certificate of a private CA."""
    organization = replace(
        Organization.example(),
        vanity_urls=(
            VanityUrl("/vanity"),
            VanityUrl("/get-only", head=False),
            VanityUrl("/far", hops=3),
            VanityUrl("/too-far", hops=9),
            VanityUrl("/elsewhere", leads_to="https://evil.example/start"),
            VanityUrl("/plain", leads_to="http://plain.example/start"),
            VanityUrl("/bucket", leads_to="https://bucket.s3.amazonaws.com/start"),
            VanityUrl("/broken", leads_to="https://[x/"),
            VanityUrl("/user", leads_to="https://corp.awsapps.com@evil.example/start"),
            VanityUrl("/script", leads_to="javascript:alert(1)"),
        ),
    )
    with Emulator(organization, tls=True) as emulator:
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        world = World(sso_home, emulator)
        world.configure(emulator.profile())
        yield world


def arn() -> str:
    sso_plugin.enable()
    session: Any = boto3.Session(profile_name="dev")
    return str(session.client("sts").get_caller_identity()["Arn"])


def test_the_ca_bundle_of_the_environment_is_used(secure: World) -> None:
    """``AWS_CA_BUNDLE``, as for every client: both for the token and for the credentials."""
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


def test_a_certificate_that_nobody_vouches_for_is_refused(
    secure: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token goes to nobody, and the error says why."""
    monkeypatch.delenv("AWS_CA_BUNDLE")
    secure.sign_in()
    with pytest.raises(PortalError, match=r"cannot reach Identity Center .*SSL validation failed"):
        arn()
    assert secure.count("GetRoleCredentials") == 0


class Proxy:
    """A proxy that knows CONNECT only, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def close(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._tunnel, args=(client,), daemon=True).start()

    def _tunnel(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        target = head.split()[1].decode()
        self.asked.append(target)
        host, port = target.rsplit(":", 1)
        server = socket.create_connection((host, int(port)), 10)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=pump, args=(server, client), daemon=True).start()
        pump(client, server)


def pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        source.close()
        sink.close()


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    proxy = Proxy()
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    yield proxy
    proxy.close()


def test_a_proxy_is_used(secure: World, proxy: Proxy) -> None:
    """``HTTPS_PROXY``: token, credentials and the script's own call all go through it."""
    secure.sign_in(expiresAt="2020-01-01T00:00:00Z")
    assert arn().endswith("/alice")
    assert len(proxy.asked) >= 2
    assert set(proxy.asked) == {urlsplit(secure.emulator.url).netloc}


def endpoints() -> dict[str, str]:
    """Return where our own clients would go, and where a client of the script would."""
    profile = SsoProfile.of(Session(profile="dev"))
    assert profile is not None
    session = Session(profile="dev")
    portal = Login.of(session, profile).portal
    clients = {service: portal._client(service) for service in ("sso", "sso-oidc")}
    found = {service: client.meta.endpoint_url for service, client in clients.items()}
    return {**found, "dynamodb": session.create_client("dynamodb").meta.endpoint_url}


@pytest.fixture
def us_east(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Give a world in a region where FIPS hosts exist, with no endpoint set."""
    for variable in world.emulator.environment():
        monkeypatch.delenv(variable)
    world.configure(world.emulator.profile().replace("eu-central-1", "us-east-1"))
    return world


def test_fips_is_for_the_workload_only(us_east: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """``AWS_USE_FIPS_ENDPOINT``: the portal has no FIPS host there (aws/aws-cli#9026)."""
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    assert endpoints() == {
        "sso": "https://portal.sso.us-east-1.amazonaws.com",
        "sso-oidc": "https://oidc.us-east-1.amazonaws.com",
        "dynamodb": "https://dynamodb-fips.us-east-1.amazonaws.com",
    }


def test_fips_can_be_turned_on_for_the_portal(us_east: World) -> None:
    """``sso_use_fips_endpoint = true``, where the hosts exist; the workload is not touched."""
    us_east.configure(us_east.config_file.read_text() + "sso_use_fips_endpoint = true\n")
    assert endpoints() == {
        "sso": "https://portal.sso-fips.us-east-1.amazonaws.com",
        "sso-oidc": "https://oidc-fips.us-east-1.amazonaws.com",
        "dynamodb": "https://dynamodb.us-east-1.amazonaws.com",
    }


def test_fips_for_the_workload_goes_with_an_endpoint_of_the_portal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rule set refuses FIPS with a custom endpoint, so ours do not ask for it."""
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    sso_plugin.enable()
    credentials: Any = boto3.Session(profile_name="dev").get_credentials()
    assert credentials.get_frozen_credentials().access_key.startswith("ASIA")


def test_dual_stack_is_for_all(us_east: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """``AWS_USE_DUALSTACK_ENDPOINT`` holds for our clients as for others."""
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
    assert endpoints()["sso"] == "https://portal.sso.us-east-1.api.aws"


def log_in(world: World, path: str) -> str:
    """Log in by a start URL of the company's own, on another name of the same machine."""
    url = world.emulator.url.replace("127.0.0.1", "localhost") + path
    world.configure(world.emulator.profile().replace(world.emulator.start_url, url))
    login(
        "dev",
        flow="device",
        show=lambda prompt: world.emulator.approve(str(prompt.user_code), "alice"),
        open_browser=None,
    )
    return url


@pytest.mark.parametrize("path", ["/vanity", "/get-only", "/far"])
def test_a_start_url_of_ones_own_is_followed(secure: World, path: str) -> None:
    """By HEAD, or GET where that is refused; the token is kept under the name of the session."""
    log_in(secure, path)
    assert arn().endswith("/alice")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/too-far", "there are more than 3 redirects"),
        ("/elsewhere", "cannot be resolved"),
        ("/plain", "http://plain.example/start is not an https address"),
        ("/nothing", "it answers 404 and does not lead to AWS"),
        ("/bucket", "cannot be resolved"),
        ("/broken", "cannot be resolved"),
        ("/user", "it leads to https://corp.awsapps.com@evil.example/start, which is not valid"),
        ("/script", r"it leads to javascript:alert\(1\), which is not valid"),
    ],
)
def test_a_start_url_that_does_not_lead_to_aws_is_refused(
    secure: World, monkeypatch: pytest.MonkeyPatch, path: str, why: str
) -> None:
    """No login is begun with a host that is not AWS's."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with pytest.raises(LoginFailed, match=why):
        log_in(secure, path)
    assert secure.count("StartDeviceAuthorization") == 0


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/vanity", "ok", "leads to https://"),
        ("/nothing", "problem", "cannot be resolved: it answers 404 and does not lead to AWS."),
        ("/user", "problem", "cannot be resolved: it leads to https://corp.awsapps.com@evil"),
    ],
)
def test_doctor_follows_a_start_url_of_ones_own(
    secure: World, path: str, status: str, words: str
) -> None:
    """A web server that answers is not enough: it has to lead to AWS."""
    url = secure.emulator.url.replace("127.0.0.1", "localhost") + path
    secure.configure(secure.emulator.profile().replace(secure.emulator.start_url, url))
    [found] = [each for each in diagnose("dev") if each.message.startswith(f"The start URL {url}")]
    assert (found.check, found.status) == ("network", status)
    assert words in found.message


def refuse(_: object) -> None:
    pytest.fail("a login was begun")


def resolve(url: str, endpoint: str) -> str:
    session = Session()
    profile = SsoProfile(name="dev", start_url=url, region="eu-central-1")
    return resolve_start_url(session, profile, endpoint)


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://corp.awsapps.com/start#/", "https://oidc.eu-central-1.amazonaws.com"),
        ("https://sso.example.com/start", "https://sso.example.com:8443/oidc"),
        ("http://127.0.0.1:8080/start", "http://127.0.0.1:8080"),
    ],
)
def test_a_start_url_at_aws_or_at_the_endpoint_is_not_requested(url: str, endpoint: str) -> None:
    """It is where it leads already; http only on this machine."""
    assert resolve(url, endpoint) == url


@pytest.mark.parametrize("url", ["http://sso.example.com/start", "http://127.0.0.1:8081/start"])
def test_a_start_url_over_http_is_refused(url: str) -> None:
    """Also at the endpoint's host, where anybody on the way could change the answer."""
    with pytest.raises(LoginFailed, match="is not an https address"):
        resolve(url, "http://sso.example.com")


@pytest.mark.parametrize(
    "url",
    [
        "https://[x/",
        "https://sso.example.com:99999/",
        "https://sso.example.com:port/",
        "https://corp.awsapps.com@evil.example/",
        "https://sso.example.com/a b",
        "https://sso.example.com/\x1b[31m",
        "sso.example.com",
        "ftp://sso.example.com",
    ],
)
def test_a_start_url_that_is_no_address_is_an_error_of_the_config(
    sso_home: Path, sso_emulator: Emulator, url: str
) -> None:
    """When a login uses it, and not before; the message names key, profile and file."""
    world = World(sso_home, sso_emulator)
    world.configure(world.emulator.profile().replace(world.emulator.start_url, url))
    assert sso_plugin.status("dev").state == "login needed"
    with pytest.raises(ConfigError) as caught:
        sso_plugin.login("dev", show=refuse, open_browser=None)
    shown = url.replace("\x1b", "\ufffd")
    assert str(caught.value) == (
        f'The profile "dev": sso_start_url in {world.config_file} is not a valid address: '
        f'"{shown}". Set it to the address of the AWS access portal, such as '
        "https://example.awsapps.com/start."
    )


def test_a_start_url_given_as_an_option_that_is_no_address_names_the_option() -> None:
    """There is no config file to fix."""
    with pytest.raises(ConfigError, match=r"^--start-url is not a valid address: "):
        sso_plugin.login(start_url="https://[x/", sso_region="eu-central-1")


def test_another_portal_than_at_the_last_login_is_refused(secure: World) -> None:
    """An attacker may have changed the redirect; logout and login accept the new one."""
    url = log_in(secure, "/vanity")
    [record] = (secure.home / ".aws/sso-plugin").glob("portal-*.json")
    other = "https://other.awsapps.com/start"
    record.write_text(record.read_text().replace(secure.emulator.start_url, other))
    requests = secure.count("StartDeviceAuthorization")
    with pytest.raises(LoginFailed) as caught:
        sso_plugin.login("dev", force=True, show=refuse, open_browser=None)
    assert str(caught.value) == (
        f'The profile "dev" was not logged in: its start URL {url} now leads to '
        f"{secure.emulator.start_url}, and at the last login led to {other}. If that is right, "
        "run: sso-plugin logout --profile dev, then log in again"
    )
    assert secure.count("StartDeviceAuthorization") == requests
    sso_plugin.logout("dev")
    assert not record.exists()
    log_in(secure, "/vanity")
    assert secure.emulator.start_url in record.read_text()


def test_the_same_portal_may_have_another_query(secure: World) -> None:
    """A redirect may carry what changes each time."""
    log_in(secure, "/vanity")
    [record] = (secure.home / ".aws/sso-plugin").glob("portal-*.json")
    known = f"{secure.emulator.start_url}/?id=1#/"
    record.write_text(record.read_text().replace(secure.emulator.start_url, known))
    record_of_session = secure.token_file()
    record_of_session.unlink()
    log_in(secure, "/vanity")
    assert record_of_session.exists()


def test_a_login_that_fails_records_no_portal(secure: World) -> None:
    """It may have failed because the portal was the wrong one."""
    secure.emulator.faults.add("StartDeviceAuthorization", status=400)
    with pytest.raises(LoginFailed):
        log_in(secure, "/vanity")
    assert not list((secure.home / ".aws/sso-plugin").glob("portal-*.json"))


class Endless(BaseHTTPRequestHandler):
    """Answers with a page that does not end."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"x" * 65536)

    do_POST = do_HEAD = do_GET  # noqa: N815 - names of http.server

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.mark.usefixtures("world")
def test_only_the_beginning_of_a_page_is_read() -> None:
    """A web server on the way could otherwise fill the memory."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        answer = send(Session(), "GET", f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()
    assert answer.status == 200
    assert len(answer.body) == 65536


@pytest.mark.parametrize("endpoint", ["https://[x/", "x\x1b[31m"])
def test_an_endpoint_that_is_no_address_is_an_error_of_the_config(
    world: World, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    """Also for doctor, which says so."""
    world.sign_in()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", endpoint)
    with pytest.raises(ConfigError, match="as it is configured") as caught:
        list(sso_plugin.accounts("dev"))
    assert str(caught.value).isprintable()
    assert any("as it is configured" in each.message for each in diagnose("dev"))


def get_session(start_url: str, sso_region: str) -> object:
    return sso_plugin.get_session(
        account="1" * 12, role="x", start_url=start_url, sso_region=sso_region
    )


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("url", ["https://\ud800", "https://[x/", "-x"])
@pytest.mark.parametrize("use", [sso_plugin.login, get_session])
def test_a_start_url_that_a_caller_gives_is_checked(url: str, use: Callable[..., object]) -> None:
    """Before anything is asked or written."""
    with pytest.raises(ConfigError, match="is not a valid address"):
        use(start_url=url, sso_region="eu-central-1")
    with pytest.raises(ConfigError, match="is no region"):
        use(start_url="https://example.awsapps.com/start", sso_region="\udcff")
