"""The emulator over TLS, with its own certificate authority."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, SSLError

from sso_plugin.emulator import Emulator
from sso_plugin.emulator.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.session import Session

pytest.importorskip("trustme")


@pytest.fixture(scope="module")
def secure() -> Iterator[Emulator]:
    with Emulator(tls=True) as emulator:
        yield emulator


def portal(session: Session, secure: Emulator, verify: str | None) -> Any:
    return session.create_client(
        "sso", region_name=secure.region, endpoint_url=secure.url, verify=verify
    )


def test_a_stock_client_that_trusts_the_authority_is_served(
    stock_session: Session,
    secure: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The environment is enough."""
    for name, value in secure.environment().items():
        monkeypatch.setenv(name, value)

    client: Any = stock_session.create_client("sso", region_name=secure.region)

    assert secure.url.startswith("https://127.0.0.1:")
    assert client.list_accounts(accessToken=secure.sign_in().access_token)["accountList"]


@pytest.mark.long
def test_a_stock_client_that_does_not_trust_the_authority_fails(
    stock_session: Session, secure: Emulator, capfd: pytest.CaptureFixture[str]
) -> None:
    """It ends the connection, and the emulator prints nothing."""
    before = secure.requests.count()

    with pytest.raises(SSLError):
        portal(stock_session, secure, verify=None).list_accounts(accessToken="x")

    assert secure.requests.count() == before
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_certificate_is_for_this_machine(secure: Emulator, host: str) -> None:
    """For its address and its name. Responses contain URLs with the same host."""
    context = ssl.create_default_context(cafile=str(secure.ca_bundle))
    connection = http.client.HTTPSConnection(
        host, int(secure.url.rpartition(":")[2]), timeout=60, context=context
    )
    body = '{"clientName": "x", "clientType": "public"}'
    connection.request("POST", "/client/register", body)
    text = connection.getresponse().read().decode()
    connection.close()

    assert f'"tokenEndpoint": "https://{host}:' in text


def test_a_client_without_tls_handshake_does_not_block_others(
    stock_session: Session, secure: Emulator
) -> None:
    """Nor does a client that sends plain HTTP."""
    address = ("127.0.0.1", int(secure.url.rpartition(":")[2]))
    with socket.create_connection(address, 60), socket.create_connection(address, 60) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        client = portal(stock_session, secure, verify=str(secure.ca_bundle))

        assert client.list_accounts(accessToken=secure.sign_in().access_token)["accountList"]


def test_faults_apply_over_tls_too(stock_session: Session, secure: Emulator) -> None:
    """For example a reset."""
    secure.faults.add("ListAccounts", kind="reset", times=5)
    client = portal(stock_session, secure, verify=str(secure.ca_bundle))

    with pytest.raises((ConnectionClosedError, EndpointConnectionError)):
        client.list_accounts(accessToken="x")

    secure.faults.clear()


def test_stop_removes_the_file_of_the_authority() -> None:
    """It exists only while the emulator is running."""
    emulator = Emulator(tls=True)
    assert emulator.ca_bundle is None

    with emulator:
        path = Path(emulator.environment()["AWS_CA_BUNDLE"])
        assert "BEGIN CERTIFICATE" in path.read_text()

    assert not path.exists()


def test_a_failed_start_removes_the_file_of_the_authority(
    secure: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """For example if the port is in use."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with pytest.raises(OSError, match="in use"):
        Emulator(tls=True, port=int(secure.url.rpartition(":")[2])).start()

    assert list(tmp_path.glob("*.pem")) == []


def test_without_tls_there_is_no_authority(sso_emulator: Emulator) -> None:
    """And no variable for it."""
    assert sso_emulator.ca_bundle is None
    assert "AWS_CA_BUNDLE" not in sso_emulator.environment()


def test_a_missing_trustme_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one sentence, with the command to install it."""
    monkeypatch.setitem(sys.modules, "trustme", None)

    assert main(["--tls"]) == 2

    expected = "TLS needs the package trustme. Run: pip install 'sso-plugin[emulator-tls]'\n"
    assert capsys.readouterr() == ("", expected)


@pytest.mark.long
def test_the_command_serves_tls_and_exports_the_authority() -> None:
    """In one more line for the shell."""
    command = [sys.executable, "-W", "error", "-m", "sso_plugin.emulator", "--tls"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        lines = [process.stdout.readline().strip() for _ in range(5)]
        path = Path(lines[4].removeprefix("export AWS_CA_BUNDLE="))
        existed = path.exists()
        process.terminate()

    assert lines[0].startswith("export AWS_ENDPOINT_URL_SSO=https://")
    assert existed
    assert sys.platform == "win32" or not path.exists()
