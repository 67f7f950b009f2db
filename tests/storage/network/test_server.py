"""A real server: lost connections, pauses, TLS, passwords, and what messages show."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from traceback import TracebackException
from typing import TYPE_CHECKING, Any

import pytest

from sso_plugin.config.store_address import StoreAddress, read_store_address
from sso_plugin.storage.network import server
from sso_plugin.storage.network.scripts import (
    ACQUIRE,
    CONFIRM,
    READ,
    READ_TOKEN,
    WRITE,
    WRITE_TOKEN,
    Script,
)
from sso_plugin.storage.network.server import RedisServer, server_at
from sso_plugin.storage.network.server_errors import ServerAwayError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from redis_server import RedisServer as Program

    Start = Callable[..., Program]

KEYS = ["{sso-plugin:0}:roles:1", "{sso-plugin:0}:clock"]
LOCK = ["{sso-plugin:0}:roles:1:lock", KEYS[0]]
SECRET = "the-password-of-the-store"


def client_of(program: Program, *, clock: Callable[[], float] = time.monotonic) -> RedisServer:
    return RedisServer(address_of(program), clock)


def address_of(program: Program, url: str = "") -> StoreAddress:
    bundle = str(program.ca_bundle or "")
    return read_store_address(url or program.url, "sso_store", ca_bundle=bundle)


def read(client: RedisServer) -> Any:
    return client.call(READ, KEYS)


def failure(client: RedisServer, *, at_once: bool = False) -> ServerAwayError:
    with pytest.raises(ServerAwayError) as caught:
        client.call(READ, KEYS, at_once=at_once)
    return caught.value


def failure_of(
    client: RedisServer, script: Script, keys: list[str], arguments: list[Any]
) -> ServerAwayError:
    with pytest.raises(ServerAwayError) as caught:
        client.call(script, keys, arguments)
    return caught.value


@pytest.fixture
def password_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "password"
    path.write_text(f"{SECRET}\n")
    path.chmod(0o600)
    monkeypatch.setenv("SSO_PLUGIN_STORE_PASSWORD_FILE", str(path))
    return path


class TestCalls:
    """A script is sent by its digest, and by its text when that is needed."""

    def test_replies_are_bytes_and_numbers(self, client: RedisServer) -> None:
        """As scripts return them."""
        assert client.call(ACQUIRE, LOCK, ["one", 1000]) == [1, b"one", None]
        now, ahead, version, data = read(client)
        assert isinstance(now, int)
        assert (ahead, version, data) == (None, None, None)

    def test_a_server_that_lost_its_scripts_gets_the_text_again(
        self, client: RedisServer, redis_server: Program
    ) -> None:
        """After SCRIPT FLUSH or a restart, in one call."""
        read(client)
        redis_server.admin.script_flush()
        client.call(WRITE, KEYS, ["text", 60_000, ""])
        assert read(client)[3] == b"text"

    def test_the_text_is_sent_once(self, client: RedisServer, redis_server: Program) -> None:
        """Each request is small."""
        with redis_server.monitor() as lines:
            for _ in range(5):
                read(client)
        sent = b"".join(lines).upper()
        assert sent.count(b'"EVAL"') == 1
        assert sent.count(b'"EVALSHA"') == 5

    def test_a_closed_connection_is_no_error(
        self, client: RedisServer, redis_server: Program
    ) -> None:
        """A server or a firewall closes those that were not used for some time."""
        read(client)
        redis_server.admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        client.call(WRITE, KEYS, ["text", 60_000, ""])
        assert read(client)[3] == b"text"

    def test_a_restarted_server_is_used_again(
        self, client: RedisServer, redis_server: Program
    ) -> None:
        """Without a failed call, if it is back by then."""
        read(client)
        redis_server.restart_empty()
        assert read(client)[3] is None

    def test_threads_share_it(self, client: RedisServer) -> None:
        """Each has a connection of its own while it needs one."""
        errors: list[Exception] = []

        def work(number: int) -> None:
            try:
                for _ in range(20):
                    assert client.call(ACQUIRE, [f"{LOCK[0]}{number}", LOCK[1]], [number, 9000])[0]
            except Exception as exc:  # noqa: BLE001 - reported below
                errors.append(exc)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []

    def test_a_forked_child_has_a_connection_of_its_own(self, client: RedisServer) -> None:
        """Otherwise parent and child would read the replies of each other."""
        children = []
        read(client)
        for number in range(4):
            child = os.fork()
            if child == 0:
                key = [f"{LOCK[0]}{number}", LOCK[1]]
                own = str(number).encode()
                good = all(client.call(ACQUIRE, key, [number, 9000])[1] == own for _ in range(50))
                os._exit(0 if good else 1)
            children.append(child)
        for _ in range(50):
            assert client.call(ACQUIRE, LOCK, ["parent", 9000])[1] == b"parent"
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4

    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    def test_a_child_that_is_forked_during_a_request_is_not_blocked(
        self, client: RedisServer
    ) -> None:
        """A thread of the parent holds a lock of the connections, and is not in the child."""
        read(client)
        held, forked = threading.Event(), threading.Event()

        def hold() -> None:
            with client.client().connection_pool._lock:
                held.set()
                assert forked.wait(60)

        thread = threading.Thread(target=hold)
        thread.start()
        assert held.wait(60)
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            os._exit(0 if read(client) else 1)
        forked.set()
        thread.join()
        assert os.waitpid(child, 0)[1] == 0

    def test_a_socket_can_be_used(self, redis_server: Program) -> None:
        """The admin of the server has one, too."""
        client = RedisServer(address_of(redis_server, redis_server.unix_url))
        assert read(client)[3] is None
        assert client.describe() == f"the store {redis_server.unix_url}"

    def test_all_sessions_share_one(self, redis_server: Program) -> None:
        """One for each address."""
        address = address_of(redis_server)
        assert server_at(address) is server_at(StoreAddress(*address))
        assert server_at(address) is not server_at(address._replace(database=1))

    def test_another_database_can_be_used(self, start_redis: Start) -> None:
        """With one more permission, which the message asks for."""
        program = start_redis()
        client = RedisServer(address_of(program, f"{program.url}/2"))
        assert failure(client).kind == "permission"
        program.allow("+select")
        client.call(WRITE, KEYS, ["text", 60_000, ""], at_once=True)
        assert read(client)[3] == b"text"
        assert read(client_of(program))[3] is None

    def test_it_is_prepared_without_a_connection(self, redis_server: Program) -> None:
        """The client is made where no other thread imports it."""
        client = client_of(redis_server)
        redis_server.kill()
        client.prepare()
        assert client._clients
        assert failure(client).kind == "unreachable"


class TestAway:
    """The server does not reply."""

    @pytest.fixture
    def _timeout(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(server, "_TIMEOUT", 3.0)

    @pytest.mark.long
    @pytest.mark.usefixtures("_timeout")
    def test_a_paused_server_ends_a_call_by_a_timeout(
        self, client: RedisServer, redis_server: Program
    ) -> None:
        """Its system accepts connections, and nothing replies."""
        read(client)
        with redis_server.paused():
            error = failure(client)
        assert error.kind == "timeout"
        assert str(error) == f"the store {redis_server.url} does not respond"
        assert client.call(READ, KEYS, at_once=True)[3] is None

    @pytest.mark.long
    @pytest.mark.usefixtures("_timeout")
    def test_a_timeout_is_not_repeated(
        self, client: RedisServer, redis_server: Program, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The caller has waited long enough."""
        read(client)
        sent: list[object] = []
        execute: Any = client.client().execute_command

        def count(*arguments: object) -> Any:
            sent.append(arguments)
            return execute(*arguments)

        monkeypatch.setattr(client.client(), "execute_command", count)
        with redis_server.paused():
            failure(client)
        assert len(sent) == 1

    def test_after_a_failure_no_request_is_sent_for_some_time(
        self, redis_server: Program, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Otherwise each call of a program would wait for the timeout. Some are sent at once."""
        now = [0.0]
        client = client_of(redis_server, clock=lambda: now[0])
        redis_server.kill()
        assert failure(client).kind == "unreachable"
        redis_server.start()
        assert failure(client).kind == "unreachable"
        now[0] = 1.9
        assert failure(client).kind == "unreachable"
        now[0] = 2.1
        assert read(client)[3] is None

    def test_what_cannot_wait_is_sent_at_once(self, redis_server: Program) -> None:
        """And ends the pause."""
        client = client_of(redis_server, clock=lambda: 0.0)
        redis_server.kill()
        failure(client)
        redis_server.start()
        failure(client)
        assert client.call(READ, KEYS, at_once=True)[3] is None
        assert read(client)[3] is None

    def test_an_outage_is_one_warning(
        self, redis_server: Program, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It says that nothing has failed yet."""
        now = [0.0]
        client = client_of(redis_server, clock=lambda: now[0])
        for _ in range(2):
            caplog.clear()
            redis_server.kill()
            for _ in range(4):
                failure(client)
                failure(client, at_once=True)
                now[0] += 3.0
            assert [record.levelno for record in caplog.records] == [logging.WARNING]
            assert caplog.messages == [
                f"the store {redis_server.url} cannot be reached: no server listens there; "
                "credentials that are valid stay in use"
            ]
            redis_server.start()
            read(client)

    def test_a_server_without_memory_says_so(self, start_redis: Start) -> None:
        """Its data can still be read."""
        program = start_redis()
        client = client_of(program)
        client.call(WRITE, KEYS, ["text", 60_000, ""])
        program.admin.config_set("maxmemory", 1)
        with pytest.raises(ServerAwayError, match=r"is out of memory \(raise its maxmemory\)$"):
            client.call(ACQUIRE, LOCK, ["one", 60_000])
        assert client.call(READ, KEYS, at_once=True)[3] == b"text"

    def test_a_server_without_memory_stores_a_renewed_token(self, start_redis: Start) -> None:
        """It was confirmed before, and its refresh token is the only one. Others are not used."""
        program = start_redis()
        client = client_of(program)
        token = [f"{{sso-plugin:0}}:{name}" for name in ("a", "clock", "a:offered")]
        client.call(WRITE_TOKEN, token, ["login", "", "first", 1.0, "text", 60_000, 5000])
        program.admin.config_set("maxmemory", 1)
        generation = int(client.call(READ_TOKEN, token)[3])
        arguments: list[str | float] = [generation, "first", "second", 2.0, "text", 60_000, 5000]
        assert client.call(WRITE_TOKEN, token, arguments)[0] == 1
        assert client.call(READ_TOKEN, token)[4] == b"second"
        confirm = [LOCK[0], token[0]], ["one", 60_000, "second"]
        assert failure_of(client, CONFIRM, *confirm).kind == "memory"

    def test_a_missing_permission_says_so(self, start_redis: Start) -> None:
        """Of a command, and of a key."""
        for rules in ("-evalsha -eval", "+evalsha +eval -hset", "resetkeys ~other:*"):
            program = start_redis()
            program.allow(rules)
            error = failure_of(client_of(program), WRITE, KEYS, ["text", 60_000, ""])
            assert error.kind == "permission"
            assert str(error).endswith("(sso-plugin store init prints its ACL)")

    def test_a_wrong_script_is_an_error_of_the_server(self, client: RedisServer) -> None:
        """Not one of the caller's program."""
        error = failure_of(client, Script("wrong", "return nothing.at_all"), [], ["hidden"])
        assert error.kind == "other"
        assert "hidden" not in str(error)

    def test_without_the_package_it_is_away(
        self, redis_server: Program, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The message has the command that installs it."""
        monkeypatch.setitem(__import__("sys").modules, "redis", None)
        client = client_of(redis_server)
        client.prepare()
        error = failure(client)
        assert error.kind == "package"
        assert "pip install 'sso-plugin[fleet]'" in str(error)


class TestTls:
    """The certificate of the server is checked."""

    def test_the_right_name_of_a_private_authority_is_accepted(self, start_redis: Start) -> None:
        """With its certificate."""
        assert read(client_of(start_redis(host="127.0.0.1")))[3] is None

    def test_a_wrong_name_is_refused(self, start_redis: Start) -> None:
        """Although the authority is known."""
        error = failure(client_of(start_redis(host="another.example")))
        assert error.kind == "tls"
        assert "has a TLS certificate that is not valid: IP address mismatch" in str(error)

    def test_an_unknown_authority_is_refused(self, start_redis: Start) -> None:
        """The system does not have it."""
        address = address_of(start_redis(host="127.0.0.1"))._replace(ca_bundle="")
        error = failure(RedisServer(address))
        assert error.kind == "tls"
        assert "is not valid: " in str(error)

    @pytest.mark.long
    def test_a_server_without_tls_is_not_used_with_it(
        self, redis_server: Program, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The password would be readable."""
        monkeypatch.setattr(server, "_TIMEOUT", 1.0)
        address = address_of(redis_server)._replace(is_tls=True)
        assert failure(RedisServer(address)).kind in ("unreachable", "tls", "timeout")

    @pytest.mark.parametrize("content", [None, "no certificate"])
    def test_a_bundle_that_cannot_be_read_is_named(
        self, start_redis: Start, tmp_path: Path, content: str | None
    ) -> None:
        """The network is not the reason."""
        path = tmp_path / "bundle"
        if content:
            path.write_text(content)
        address = address_of(start_redis(host="127.0.0.1"))._replace(ca_bundle=str(path))
        error = failure(RedisServer(address))
        assert error.kind == "tls"
        assert str(path) in str(error)


class TestPassword:
    """It is read from a file for each connection."""

    def test_it_is_that_of_the_file(self, start_redis: Start, password_file: Path) -> None:
        """Without the end of the line."""
        assert read(client_of(start_redis(password=SECRET)))[3] is None

    @pytest.mark.parametrize("content", ["wrong", ""])
    def test_a_wrong_one_says_so(
        self, start_redis: Start, password_file: Path, content: str
    ) -> None:
        """And names the variable."""
        password_file.write_text(content)
        error = failure(client_of(start_redis(password=SECRET)))
        assert error.kind == "password"
        assert "SSO_PLUGIN_STORE_PASSWORD_FILE" in str(error)

    def test_without_one_the_server_refuses(self, start_redis: Start) -> None:
        """The variable is in the message."""
        error = failure(client_of(start_redis(password=SECRET)))
        assert error.kind == "password"
        assert "SSO_PLUGIN_STORE_PASSWORD_FILE" in str(error)

    def test_a_changed_one_needs_no_restart(self, start_redis: Start, password_file: Path) -> None:
        """The next connection has it."""
        program = start_redis(password=SECRET)
        client = client_of(program)
        read(client)
        program.allow("resetpass >changed")
        password_file.write_text("changed")
        program.admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert client.call(READ, KEYS, at_once=True)[3] is None

    def test_a_user_can_have_a_name(self, start_redis: Start, password_file: Path) -> None:
        """Which is in the address."""
        program = start_redis()
        rules = f"on >{SECRET} {program.options.rules}"
        program.admin.execute_command("ACL", "SETUSER", "fleet", *rules.split())
        program.allow("off")
        url = program.url.replace("://", "://fleet@")
        assert read(RedisServer(address_of(program, url)))[3] is None

    def test_a_missing_file_is_named(self, start_redis: Start, password_file: Path) -> None:
        """It may be a mount that is not there yet."""
        client = client_of(start_redis(password=SECRET))
        password_file.unlink()
        error = failure(client)
        assert error.kind == "password"
        assert str(error) == (
            f"the password file {password_file} of SSO_PLUGIN_STORE_PASSWORD_FILE does not exist"
        )
        password_file.write_text(SECRET)
        assert client.call(READ, KEYS, at_once=True)[3] is None

    def test_a_file_that_cannot_be_read_is_named(
        self, start_redis: Start, password_file: Path
    ) -> None:
        """It is a folder, for example."""
        client = client_of(start_redis(password=SECRET))
        password_file.unlink()
        password_file.mkdir()
        error = failure(client)
        assert error.kind == "password"
        assert str(password_file) in str(error)

    @pytest.mark.parametrize("is_right", [True, False])
    def test_no_message_shows_it(
        self,
        start_redis: Start,
        password_file: Path,
        caplog: pytest.LogCaptureFixture,
        *,
        is_right: bool,
    ) -> None:
        """Neither a log at any level, nor a repr, nor a traceback that shows locals."""
        caplog.set_level(logging.DEBUG)
        program = start_redis(password=SECRET if is_right else "other")
        client = client_of(program)
        shown = [repr(client), str(vars(client))]
        if is_right:
            client.call(WRITE, KEYS, ["hidden", 60_000, ""])
            program.kill()
        with pytest.raises(ServerAwayError) as caught:
            client.call(WRITE, KEYS, ["hidden", 60_000, ""])
        whole = TracebackException.from_exception(caught.value, capture_locals=True)
        shown += ["".join(whole.format()), repr(client.client()), caplog.text]
        assert SECRET not in "".join(shown)
        assert "hidden" not in caplog.text
        assert f"the store {program.url} " in caplog.text
