"""Start, stop, and what two emulators share."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from emulator_clients import wait_until

from sso_plugin.emulator import Emulator

if TYPE_CHECKING:
    from pathlib import Path

PRODUCTION = "1" * 12


def test_two_emulators_share_nothing() -> None:
    """Each has its own port and state."""
    with Emulator() as one, Emulator() as other:
        token = one.sign_in().access_token

        assert one.url != other.url
        assert other.state.tokens.find(token) is None


def test_an_emulator_can_be_stopped_and_started_again() -> None:
    """The state is kept. A second stop does nothing."""
    emulator = Emulator()
    emulator.start()
    token = emulator.sign_in().access_token
    emulator.stop()
    emulator.stop()

    with emulator:
        assert emulator.state.tokens.find(token)


def test_a_second_start_is_an_error() -> None:
    """While the emulator is running."""
    with Emulator() as emulator, pytest.raises(RuntimeError, match="already running"):
        emulator.start()


def test_an_emulator_that_is_not_running_has_no_address() -> None:
    """The error says so."""
    with pytest.raises(RuntimeError, match="not running"):
        Emulator().environment()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", ""])  # noqa: S104
def test_only_loopback_addresses_are_served(host: str) -> None:
    """No other machine can sign in."""
    with pytest.raises(ValueError, match="loopback addresses only"):
        Emulator(host=host)


def test_the_host_can_be_localhost() -> None:
    """The URL has the host as it was given."""
    with Emulator(host="localhost") as emulator:
        assert emulator.url.startswith("http://localhost:")


def test_stop_releases_delayed_requests() -> None:
    """No thread is left."""
    emulator = Emulator()
    emulator.start()
    emulator.faults.add(latency=60)
    port = int(emulator.url.rpartition(":")[2])
    before = set(threading.enumerate())
    with socket.create_connection(("127.0.0.1", port), 60) as client:
        client.sendall(b"GET /device HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: set(threading.enumerate()) - before)
        delayed = set(threading.enumerate()) - before

        emulator.stop()
        assert delayed
        for thread in delayed:
            thread.join(timeout=60)
            assert not thread.is_alive()


def test_stock_botocore_gets_credentials_from_the_emulator(
    sso_emulator: Emulator, sso_home: Path
) -> None:
    """From a cached sign-in to an assumed role, by configuration only."""
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
