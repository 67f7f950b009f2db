"""Starting, stopping, and what the server promises to every client."""

from __future__ import annotations

import ast
import hashlib
import http.client
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

import sso_plugin.emulator
from sso_plugin.emulator import Account, Emulator, Organization, Settings, User

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sso_plugin.emulator import SignIn

PRODUCTION = "1" * 12
FOLDER = Path(sso_plugin.emulator.__file__).parent


@pytest.fixture
def connection(sso_emulator: Emulator) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(sso_emulator.url.removeprefix("http://"), timeout=10)
    yield connection
    connection.close()


def imports_of(path: Path) -> set[str]:
    """Return the modules a file imports; relative ones begin with a dot."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))

    return found


def test_state_knows_no_http() -> None:
    """The modules that remember and those that speak HTTP are kept apart."""
    for path in FOLDER.glob("state/*.py"):
        foreign = ("werkzeug", "http", "..")
        assert {each for each in imports_of(path) if each.startswith(foreign)} == set(), path.name


def test_the_emulator_stands_alone() -> None:
    """It imports nothing else of this project."""
    for path in FOLDER.rglob("*.py"):
        outside = "." * (len(path.relative_to(FOLDER).parts) + 1)
        foreign = {
            each for each in imports_of(path) if each.startswith((outside, "sso_plugin", "boto"))
        }

        assert not foreign, path.name


def test_two_emulators_do_not_share_anything() -> None:
    """Each has a port and a memory of its own."""
    with Emulator() as one, Emulator() as other:
        token = one.sign_in().access_token

        assert one.url != other.url
        assert other.state.tokens.find(token) is None


def test_an_emulator_can_be_stopped_and_started_again() -> None:
    """What it knows stays; stopping twice does no harm."""
    emulator = Emulator()
    emulator.start()
    token = emulator.sign_in().access_token
    emulator.stop()
    emulator.stop()

    with emulator:
        assert emulator.state.tokens.find(token)


def test_an_emulator_is_started_once() -> None:
    """A second start is a mistake."""
    with Emulator() as emulator, pytest.raises(RuntimeError, match="running already"):
        emulator.start()


def test_an_emulator_that_does_not_run_has_no_address() -> None:
    """And says so."""
    with pytest.raises(RuntimeError, match="not running"):
        Emulator().environment()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", ""])  # noqa: S104
def test_only_loopback_is_served(host: str) -> None:
    """Nobody else on the network can sign in."""
    with pytest.raises(ValueError, match="this machine only"):
        Emulator(host=host)


def test_the_address_may_be_a_name() -> None:
    """It appears in the URL as it was given."""
    with Emulator(host="localhost") as emulator:
        assert emulator.url.startswith("http://localhost:")


def test_stopping_ends_idle_connections(sso_emulator: Emulator) -> None:
    """A client that keeps its connection learns that nobody is there any more."""
    emulator = Emulator()
    emulator.start()
    client = socket.create_connection(("127.0.0.1", int(emulator.url.rpartition(":")[2])), 10)
    with client:
        client.sendall(b"GET /device HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(15) == b"HTTP/1.1 200 OK"

        emulator.stop()
        while client.recv(65536):
            pass


def test_stopping_lets_go_of_requests_that_are_held_up() -> None:
    """No thread sleeps on after the end."""
    emulator = Emulator()
    emulator.start()
    emulator.faults.add(latency=60)
    port = int(emulator.url.rpartition(":")[2])
    before = set(threading.enumerate())
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(b"GET /device HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while not (held_up := set(threading.enumerate()) - before):
            time.sleep(0.001)

        emulator.stop()
        for thread in held_up:
            thread.join(timeout=10)
            assert not thread.is_alive()


def test_settings_given_at_the_start_survive_a_reset() -> None:
    """They are what a reset goes back to; the object given is not touched."""
    given = Settings(role_credentials=42)
    emulator = Emulator(settings=given)
    emulator.settings.role_credentials = 1

    emulator.reset()

    assert (emulator.settings.role_credentials, given.role_credentials) == (42, 42)


def test_another_organization_lasts_until_the_next_reset(sso_emulator: Emulator) -> None:
    """So that one server serves tests of every size."""
    sso_emulator.reset(Organization.generated(5))
    assert len(sso_emulator.organization.accounts) == 5

    sso_emulator.reset()

    assert len(sso_emulator.organization.accounts) == 3


def test_a_profile_leads_stock_botocore_to_the_emulator(
    sso_emulator: Emulator, sso_home: Path
) -> None:
    """Profiles of both kinds name what the emulator knows."""
    (sso_home / ".aws" / "config").write_text(
        sso_emulator.profile("new", role_name="ReadOnlyAccess")
        + "\n"
        + sso_emulator.profile("default", account_id="2" * 12, legacy=True)
    )

    new = botocore.session.Session(profile="new")
    old = botocore.session.Session()

    assert new.get_scoped_config()["sso_role_name"] == "ReadOnlyAccess"
    assert new.full_config["sso_sessions"]["corp"]["sso_start_url"] == sso_emulator.start_url
    assert old.get_scoped_config()["sso_start_url"] == sso_emulator.start_url
    assert old.get_scoped_config()["sso_account_id"] == "2" * 12
    assert new.create_client("sts").meta.endpoint_url == sso_emulator.url


def test_stock_botocore_gets_its_credentials_from_the_emulator(
    sso_emulator: Emulator, sso_home: Path
) -> None:
    """From a cached sign-in to an assumed role, through nothing but configuration."""
    (sso_home / ".aws" / "config").write_text(
        sso_emulator.profile("dev", session_name="corp")
        + f"\n[profile chain]\nrole_arn = arn:aws:iam::{PRODUCTION}:role/Deploy\n"
        + "source_profile = dev\nrole_session_name = release\nregion = eu-central-1\n"
    )
    cache = sso_home / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    name = hashlib.sha1(b"corp", usedforsecurity=False).hexdigest()
    (cache / f"{name}.json").write_text(json.dumps(sso_emulator.sign_in("alice").cached()))

    session = botocore.session.Session(profile="chain")
    sts: Any = session.create_client("sts")
    identity = sts.get_caller_identity()

    assert identity["Arn"] == f"arn:aws:sts::{PRODUCTION}:assumed-role/Deploy/release"
    operations = [each.operation for each in sso_emulator.requests]
    assert operations == ["GetRoleCredentials", "AssumeRole", "GetCallerIdentity"]


def test_a_profile_of_an_organization_without_assignments_must_be_spelt_out() -> None:
    """There is nothing to choose from."""
    account = Account(PRODUCTION, "production", "production@example.com")
    emulator = Emulator(Organization((User("alice"),), (account,), (), ()))

    assert "sso_role_name = Any" in emulator.profile(account_id=PRODUCTION, role_name="Any")
    with pytest.raises(ValueError, match="no assignments"):
        emulator.profile()


def test_a_sign_in_hides_its_secrets(alice: SignIn) -> None:
    """They do not appear in a test's output."""
    for secret in (alice.access_token, alice.refresh_token, alice.client_secret):
        assert str(secret) not in repr(alice)


def test_a_misspelt_operation_is_not_counted_as_zero(sso_emulator: Emulator) -> None:
    """It would make a test pass for the wrong reason."""
    with pytest.raises(ValueError, match="no operation 'CreateTokens'"):
        sso_emulator.requests.count("CreateTokens")


def test_concurrent_requests_are_all_served(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """Each gets credentials of its own, and each is counted."""

    def ask(_: int) -> str:
        answer = sso.get_role_credentials(
            accessToken=alice.access_token, accountId=PRODUCTION, roleName="ReadOnlyAccess"
        )
        return str(answer["roleCredentials"]["accessKeyId"])

    with ThreadPoolExecutor(16) as threads:
        keys = set(threads.map(ask, range(200)))

    assert len(keys) == 200
    assert sso_emulator.requests.count("GetRoleCredentials") == 200


def test_a_thousand_accounts_are_listed_by_many_threads(sso: Any, sso_emulator: Emulator) -> None:
    """All pages of accounts, then the roles of each account, nothing lost."""
    sso_emulator.reset(Organization.generated(1000))
    token = sso_emulator.sign_in().access_token

    def roles(account_id: str) -> int:
        return len(sso.list_account_roles(accessToken=token, accountId=account_id)["roleList"])

    accounts = [
        each["accountId"]
        for page in sso.get_paginator("list_accounts").paginate(accessToken=token)
        for each in page["accountList"]
    ]
    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(roles, accounts)) == 2000

    assert len(set(accounts)) == 1000
    assert sso_emulator.requests.count() == 1010


def test_one_of_many_gets_a_rotating_refresh_token(oidc: Any, sso_emulator: Emulator) -> None:
    """A single-use token is traded once, however many ask at the same time."""
    sso_emulator.settings.refresh_tokens = "rotate"
    sign_in = sso_emulator.sign_in()

    def refresh(_: int) -> bool:
        try:
            oidc.create_token(
                clientId=sign_in.client_id,
                clientSecret=sign_in.client_secret,
                grantType="refresh_token",
                refreshToken=sign_in.refresh_token,
            )
        except oidc.exceptions.InvalidGrantException:
            return False

        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(refresh, range(20))) == 1


def test_an_answer_to_head_has_no_body(connection: http.client.HTTPConnection) -> None:
    """The next request on the connection is answered properly."""
    connection.request("HEAD", "/device")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"")

    connection.request("GET", "/device")
    assert connection.getresponse().read().startswith(b"<!doctype html>")


@pytest.mark.parametrize("headers", [{"Transfer-Encoding": "chunked"}, {"Content-Length": "many"}])
def test_a_body_of_unknown_length_is_refused(
    connection: http.client.HTTPConnection, headers: dict[str, str]
) -> None:
    """No SDK sends one to these services, and guessing would confuse two requests."""
    connection.putrequest("POST", "/token")
    for name, value in headers.items():
        connection.putheader(name, value)

    connection.endheaders()

    assert connection.getresponse().status == 411
