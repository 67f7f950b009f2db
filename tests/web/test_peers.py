"""Another user of the machine, who knows every secret of a login but is not the one it is for."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlsplit

import otheruser
import pytest

from sso_plugin.signin.callback import AuthorizationResponse, Callback
from sso_plugin.web import peers
from sso_plugin.web.hand_over import hand_over
from sso_plugin.web.peers import users_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux reports the peer of a loopback connection"
)

STATE = "the-state-of-this-login"
ADDRESSES = ["127.0.0.1", "::ffff:127.0.0.1"]

ATTACK = """
import encodings.idna, os, socket, sys
address, port, target, times = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
os.setuid(65534)
request = f"GET {target} HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\n\\r\\n".encode()
for _ in range(times):
    # Gone before the server looks.
    with socket.create_connection((address, port), 10) as connection:
        connection.sendall(request)
with socket.create_connection((address, port), 10) as connection:
    connection.sendall(request)
    print(connection.recv(65536).split(b" ")[1].decode())
"""


def attack(url: str, address: str, gone: int = 0) -> str:
    """Ask as another user, over that address, and return the status of the answer."""
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    done = subprocess.run(
        [sys.executable, "-c", ATTACK, address, str(parts.port), target, str(gone)],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return done.stdout.strip()


@contextlib.contextmanager
def connected(address: str) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give both ends of a connection to 127.0.0.1 by one of its names: client, server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection((address, port), 10) as client, listener.accept()[0] as end:
            yield client, end


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_user_at_the_other_end_is_known(address: str) -> None:
    """By either name of the address; each is in a table of its own."""
    with connected(address) as (_, server):
        users = users_of(server.getpeername(), server.getsockname())
    assert users == frozenset({os.geteuid()})


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_connection_that_was_closed_belongs_to_nobody(address: str) -> None:
    """The table gives it to root then, who has nothing to do with it."""
    with connected(address) as (client, server):
        peer = server.getpeername()
        client.close()
        assert server.recv(1) == b""
        assert users_of(peer, server.getsockname()) == frozenset()


def test_a_connection_elsewhere_is_another_one() -> None:
    """The same port of the client, to another server."""
    with connected("127.0.0.1") as (_, server), connected("127.0.0.1") as (_, other):
        assert users_of(server.getpeername(), other.getsockname()) == frozenset()


def test_one_table_is_enough_and_none_says_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A kernel without IPv6 has one; macOS and Windows have none."""
    with connected("127.0.0.1") as (_, server):
        ends = server.getpeername(), server.getsockname()
        monkeypatch.setattr(peers, "_TABLES", (Path("/proc/net/tcp"), tmp_path / "tcp6"))
        assert users_of(*ends) == frozenset({os.geteuid()})
        monkeypatch.setattr(peers, "_TABLES", (tmp_path / "tcp", tmp_path / "tcp6"))
        assert users_of(*ends) is None


def test_where_the_system_does_not_report_the_peer_a_login_works(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The state alone protects it there, as SECURITY.md says."""
    monkeypatch.setattr(peers, "_TABLES", (tmp_path / "tcp", tmp_path / "tcp6"))
    with Callback(STATE) as callback:
        open_page(f"{callback.redirect_uri}?code=right&state={STATE}")
        assert callback.wait(10) == AuthorizationResponse("right", None)


def open_page(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(answer.status)


@otheruser.needs_two_users
@pytest.mark.parametrize("gone", [0, 20], ids=["waits", "closes-at-once"])
@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("answer", ["code=evil", "error=access_denied"])
def test_another_user_who_knows_the_state_cannot_answer(
    answer: str, address: str, gone: int
) -> None:
    """The one whose login it is can, afterwards."""
    with Callback(STATE) as callback:
        assert attack(f"{callback.redirect_uri}?{answer}&state={STATE}", address, gone) == "403"
        assert callback.wait(0.05) is None
        assert open_page(f"{callback.redirect_uri}?code=right&state={STATE}") == 200
        assert callback.wait(10) == AuthorizationResponse("right", None)


@otheruser.needs_two_users
@pytest.mark.parametrize("gone", [0, 20], ids=["waits", "closes-at-once"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_another_user_who_knows_the_address_does_not_get_the_page(address: str, gone: int) -> None:
    """The browser of the right user gets it afterwards, and once only."""
    statuses: list[str] = []

    def start(url: str, _: threading.Event) -> bool:
        statuses.append(attack(url, address, gone))
        statuses.append(str(open_page(url)))
        with pytest.raises(HTTPError, match="403") as caught:
            open_page(url)
        caught.value.close()
        return True

    with Callback(STATE) as page:
        assert hand_over(f"{page.redirect_uri}?code=page&state={STATE}", start, patience=10)
    assert statuses == ["403", "200"]


SERVER = """
import encodings.idna, http.client, os, sys, threading
from sso_plugin.signin.callback import Callback
from sso_plugin.web.hand_over import hand_over
os.setuid(65534)
if sys.argv[1] == "callback":
    with Callback(sys.argv[2]) as callback:
        print(callback.redirect_uri, flush=True)
        print(callback.wait(30).error, flush=True)
else:
    def start(url, came):
        print(url, flush=True)
        return sys.stdin.readline() == "never"
    hand_over("https://secret.example", start)
"""


@contextlib.contextmanager
def serving(kind: str) -> Iterator[subprocess.Popen[str]]:
    """Run a callback or a hand-over of a user who is not root."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, kind, STATE],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.communicate("\n", timeout=30)


@otheruser.needs_two_users
def test_root_may_bring_the_answer() -> None:
    """So do the relays of WSL and of containers; it needs the state too."""
    with serving("callback") as process:
        assert process.stdout
        uri = process.stdout.readline().strip()
        assert open_page(f"{uri}?error=access_denied&state={STATE}") == 200
        assert process.stdout.readline() == "access_denied\n"


@otheruser.needs_two_users
def test_root_does_not_get_the_page() -> None:
    """A hand-over is for one user."""
    with serving("handover") as process:
        assert process.stdout
        with pytest.raises(HTTPError) as caught:
            open_page(process.stdout.readline().strip())
        with caught.value as refusal:
            assert "only for the user who started sso-plugin" in refusal.read().decode()
