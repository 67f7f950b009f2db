"""Which user of this machine holds the other end of a loopback connection."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from loopback_clients import LOOPBACK_ADDRESSES, needs_linux

from sso_plugin.web import peers
from sso_plugin.web.peers import users_of

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = needs_linux


@contextlib.contextmanager
def connected(address: str) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Connect to 127.0.0.1 by one of its names; return the ends of the client and of the server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection((address, port), 60) as client, listener.accept()[0] as end:
            yield client, end


@pytest.mark.parametrize("address", LOOPBACK_ADDRESSES)
def test_the_user_of_an_open_connection_is_found(address: str) -> None:
    """Each way to write the address has its own table."""
    with connected(address) as (_, server):
        users = users_of(server.getpeername(), server.getsockname())
    assert users == frozenset({os.geteuid()})


@pytest.mark.parametrize("address", LOOPBACK_ADDRESSES)
def test_a_closed_connection_has_no_user(address: str) -> None:
    """The table lists it under root, which does not hold it."""
    with connected(address) as (client, server):
        peer = server.getpeername()
        client.close()
        assert server.recv(1) == b""
        assert users_of(peer, server.getsockname()) == frozenset()


def test_a_connection_to_another_server_does_not_count() -> None:
    """Both ends have to match."""
    with connected("127.0.0.1") as (_, server), connected("127.0.0.1") as (_, other):
        assert users_of(server.getpeername(), other.getsockname()) == frozenset()


def test_one_table_is_enough_and_without_any_the_result_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A kernel without IPv6 has one; macOS and Windows have none."""
    with connected("127.0.0.1") as (_, server):
        ends = server.getpeername(), server.getsockname()
        monkeypatch.setattr(peers, "_TABLES", (Path("/proc/net/tcp"), tmp_path / "tcp6"))
        assert users_of(*ends) == frozenset({os.geteuid()})
        monkeypatch.setattr(peers, "_TABLES", (tmp_path / "tcp", tmp_path / "tcp6"))
        assert users_of(*ends) is None
