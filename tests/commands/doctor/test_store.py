"""The checks of a server that many machines share: key, password, connection, rights, memory."""

from __future__ import annotations

import re
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from caches import KEY
from findings import findings, unhealthy
from redis_server import ACL as TEST_ACL
from redis_server import WHY_NOT
from scenario import log_in

from sso_plugin.commands.doctor import store_connection
from sso_plugin.commands.doctor.store_server import attempts
from sso_plugin.commands.store import ACL, NEEDED, init_store
from sso_plugin.storage.network import server as server_module
from sso_plugin.storage.network import store_key
from sso_plugin.storage.sealing.encryption_key import key_from_text, new_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis_server import RedisServer
    from world import World

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=f"not installed: {WHY_NOT}")

SESSION = "[sso-session corp]\n"
RULES = ACL.partition(">PASSWORD ")[2]


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the servers and keys of other tests, set the key of the store, and be patient."""
    for module in (server_module, store_connection):
        monkeypatch.setattr(module, "_TIMEOUT", 30.0)
    server_module.server_at.cache_clear()
    store_key._sealing.cache_clear()
    for variable in ("KEY_FILE", "PASSWORD_FILE"):
        monkeypatch.delenv(f"SSO_PLUGIN_STORE_{variable}", raising=False)
    monkeypatch.setenv("SSO_PLUGIN_STORE_KEY", KEY)


def configure(world: World, url: str, **keys: object) -> None:
    """Add a store to the sso-session."""
    lines = "".join(f"{key} = {value}\n" for key, value in {"sso_store": url, **keys}.items())
    world.configure(world.emulator.profile().replace(SESSION, f"{SESSION}{lines}"))


def problems() -> list[tuple[str, str, str]]:
    return unhealthy(check="store")


def messages() -> list[str]:
    return [each.message for each in findings("store")]


def key_id(text: str) -> str:
    key = key_from_text(text)
    assert key is not None
    return key.id


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file with a secret."""
    path.write_text(text)
    path.chmod(mode)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_profile_without_a_store_has_no_finding(world: World) -> None:
    """Nothing is imported for it, and no key is needed."""
    assert findings("store") == []


def test_a_server_as_in_the_docs_has_no_problem(
    world: World, start_redis: Callable[..., RedisServer]
) -> None:
    """With the permissions that `sso-plugin store init` prints."""
    server = start_redis(rules=RULES, append_only=True, lines=("maxmemory 100mb",))
    configure(world, server.url)
    log_in(world, "alice")
    assert problems() == []
    assert messages() == [
        f"The key {key_id(KEY)} encrypts and names the documents: the key in SSO_PLUGIN_STORE_KEY.",
        f"The server of {server.url} responds, without TLS.",
        "The user default of the server has all permissions that are needed.",
        "The server keeps its data on disk, and deletes none to save memory.",
        f"The token in the store is encrypted with the key {key_id(KEY)}.",
    ]


def test_nothing_is_left_on_the_server(world: World, redis_server: RedisServer) -> None:
    """The samples are deleted."""
    configure(world, redis_server.url)
    world.token_file().unlink()
    assert (
        "The store has no token of this login yet. If another machine is logged in, its doctor "
        f"must show the same key for the names: {key_id(KEY)}."
    ) in messages()
    assert redis_server.admin.dbsize() == 0


def test_a_token_of_the_store_is_a_token_of_this_machine(
    world: World, redis_server: RedisServer
) -> None:
    """It is brought here, as when the login is used, so that the next checks find it."""
    configure(world, redis_server.url)
    log_in(world, "alice")
    world.token_file().unlink()
    assert "is valid until" in next(iter(findings("files"))).message
    assert unhealthy() == []


def test_a_login_is_not_the_fix_for_a_store_that_is_away(world: World) -> None:
    """The store may have a token."""
    configure(world, f"redis://127.0.0.1:{free_port()}")
    world.token_file().unlink()
    [(status, message, fix)] = unhealthy(check="files")
    assert (status, fix) == ("problem", "Fix the store first, see above.")
    assert message.startswith("There is no token: ")


class TestKey:
    """The key of the store."""

    def test_a_missing_key_is_a_problem(
        self, world: World, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The other checks go on."""
        configure(world, redis_server.url)
        monkeypatch.delenv("SSO_PLUGIN_STORE_KEY")
        [found] = [each for each in problems() if each[0] == "problem"]
        assert found[1] == (
            "There is no key for the store: neither SSO_PLUGIN_STORE_KEY nor "
            "SSO_PLUGIN_STORE_KEY_FILE is set."
        )
        assert "sso-plugin store init" in found[2]
        assert any("responds" in each for each in messages())

    def test_each_key_is_named_by_its_id(
        self,
        world: World,
        redis_server: RedisServer,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The first one encrypts, the last one names the documents. A key is never shown."""
        path = tmp_path / "key"
        monkeypatch.delenv("SSO_PLUGIN_STORE_KEY")
        monkeypatch.setenv("SSO_PLUGIN_STORE_KEY_FILE", str(path))
        new = new_key()
        write(path, f"{new.text!s}\n{KEY}\n")
        configure(world, redis_server.url)
        assert messages()[0] == (
            f"The key {new.id} encrypts the documents, and the key {key_id(KEY)} names them: the "
            f"key file {path} of SSO_PLUGIN_STORE_KEY_FILE."
        )
        assert KEY not in str(findings("store"))

    def test_a_key_file_that_others_can_read_is_a_warning(
        self, world: World, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The fix is a command."""
        monkeypatch.delenv("SSO_PLUGIN_STORE_KEY")
        path = Path(init_store().path)
        monkeypatch.setenv("SSO_PLUGIN_STORE_KEY_FILE", str(path))
        path.chmod(0o644)
        configure(world, redis_server.url)
        assert (
            "warning",
            f"Other users can read the key file {path}.",
            f"chmod 600 {path}",
        ) in problems()

    def test_a_token_of_another_key_is_a_problem(
        self, world: World, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With the ids of both keys. Here the machine lacks the newest key of the others."""
        configure(world, redis_server.url)
        new = new_key()
        monkeypatch.setenv("SSO_PLUGIN_STORE_KEY", f"{new.text!s} {KEY}")
        log_in(world, "alice")
        monkeypatch.setenv("SSO_PLUGIN_STORE_KEY", KEY)
        store_key._sealing.cache_clear()
        [found] = [each for each in problems() if each[0] == "problem"]
        assert found[1:] == (
            f"The token in the store is encrypted with the key {new.id}, which this machine does "
            f"not have. It has: {key_id(KEY)}.",
            "Copy the key file of a machine that has it, or begin with the key of this machine: "
            "sso-plugin login --profile dev --force",
        )

    def test_a_missing_package_is_a_problem(
        self, world: World, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The fix is the command that installs it."""
        configure(world, redis_server.url)
        monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
        assert problems() == [
            (
                "problem",
                "Documents cannot be encrypted: the package cryptography is missing.",
                "pip install 'sso-plugin[fleet]'",
            )
        ]


class TestPassword:
    """The password of the server."""

    @pytest.fixture
    def protected(self, world: World, start_redis: Callable[..., RedisServer]) -> RedisServer:
        server = start_redis(rules=RULES, password="hush")
        configure(world, server.url)
        return server

    @pytest.fixture
    def path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Return the path of a password file, which the environment names. It does not exist."""
        path = tmp_path / "password"
        monkeypatch.setenv("SSO_PLUGIN_STORE_PASSWORD_FILE", str(path))
        return path

    def test_the_right_password_is_accepted(self, protected: RedisServer, path: Path) -> None:
        """A line end after it is ignored."""
        write(path, "hush\n")
        assert [each for each in problems() if each[0] == "problem"] == []

    def test_a_wrong_password_is_a_problem(self, protected: RedisServer, path: Path) -> None:
        """It is not shown."""
        write(path, "wrong-hush\n")
        [(status, message, fix)] = problems()
        assert status == "problem"
        assert "refuses the user or the password" in message
        assert fix == (
            "Write the password of the user default of the server to the file in "
            "SSO_PLUGIN_STORE_PASSWORD_FILE."
        )
        assert "hush" not in message + fix

    def test_a_missing_password_is_a_problem(self, protected: RedisServer) -> None:
        """The fix names the variable."""
        [(_, message, fix)] = problems()
        assert "refuses the user or the password" in message
        assert fix == (
            "Set SSO_PLUGIN_STORE_PASSWORD_FILE to the path of a file with the password of the "
            "server."
        )

    def test_a_missing_file_is_a_problem(self, protected: RedisServer, path: Path) -> None:
        """The fix says what to do."""
        assert problems() == [
            (
                "problem",
                f"The password file {path} of SSO_PLUGIN_STORE_PASSWORD_FILE does not exist.",
                "Write the password to this file, or correct SSO_PLUGIN_STORE_PASSWORD_FILE.",
            )
        ]

    def test_a_file_that_others_can_read_is_a_warning(
        self, protected: RedisServer, path: Path
    ) -> None:
        """The fix is a command."""
        write(path, "hush", 0o644)
        assert problems()[0] == (
            "warning",
            f"Other users can read the password file {path}.",
            f"chmod 600 {path}",
        )

    def test_a_user_without_a_password_is_a_warning(
        self, world: World, redis_server: RedisServer
    ) -> None:
        """The address has a user, so a password is usual."""
        configure(world, redis_server.url.replace("://", "://alice@"))
        assert problems()[0] == (
            "warning",
            "There is no password for the user alice of the server.",
            "Set SSO_PLUGIN_STORE_PASSWORD_FILE to the path of a file with the password.",
        )


class TestConnection:
    """What fails in a connection."""

    def only(self) -> tuple[str, str]:
        [(status, message, fix)] = problems()
        assert status == "problem"
        return message, fix

    def test_nothing_listens(self, world: World) -> None:
        """The server is not started, or the port is wrong."""
        port = free_port()
        configure(world, f"redis://127.0.0.1:{port}")
        assert self.only() == (
            f"The store redis://127.0.0.1:{port} cannot be reached: no server listens at "
            f"127.0.0.1:{port}.",
            "Start the server, or correct the address.",
        )

    def test_the_name_is_not_known(self, world: World) -> None:
        """Names below .invalid never are."""
        configure(world, "rediss://cache.invalid")
        assert self.only() == (
            "The store rediss://cache.invalid cannot be reached: the name cache.invalid is not "
            "known.",
            "Correct the address, or the DNS.",
        )

    def test_there_is_no_socket(self, world: World, tmp_path: Path) -> None:
        """The server is not started, or the path is wrong."""
        configure(world, f"unix://{tmp_path}/socket")
        assert self.only()[0].endswith(f"cannot be reached: there is no socket {tmp_path}/socket.")

    def test_a_socket_works(self, world: World, redis_server: RedisServer) -> None:
        """As a port does."""
        configure(world, redis_server.unix_url)
        assert f"The server of {redis_server.unix_url} responds, without TLS." in messages()

    @pytest.mark.long
    def test_the_server_does_not_respond(
        self, world: World, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The system accepts the connection for it."""
        monkeypatch.setattr(server_module, "_TIMEOUT", 1.0)
        configure(world, redis_server.url)
        with redis_server.paused():
            message, fix = self.only()
        assert message.endswith("accepts connections, but does not respond.")
        assert fix.startswith("See the log of the server. ")

    def test_the_package_is_missing(
        self, world: World, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The fix is the command that installs it."""
        configure(world, redis_server.url)
        monkeypatch.setitem(sys.modules, "redis", None)
        assert self.only() == (
            "The package redis is missing.",
            "pip install 'sso-plugin[fleet]'",
        )


class TestTls:
    """Certificates."""

    def test_a_valid_certificate_is_accepted(
        self, world: World, start_redis: Callable[..., RedisServer]
    ) -> None:
        """Its authority is in the file that the config names."""
        server = start_redis(host="localhost")
        url = f"rediss://localhost:{server.port}"
        configure(world, url, sso_store_ca_bundle=server.ca_bundle)
        assert f"The server of {url} responds, over TLS, with a valid certificate." in messages()

    def test_a_certificate_of_another_host_is_a_problem(
        self, world: World, start_redis: Callable[..., RedisServer]
    ) -> None:
        """The message says which name was expected."""
        server = start_redis(host="cache.corp")
        url = f"rediss://localhost:{server.port}"
        configure(world, url, sso_store_ca_bundle=server.ca_bundle, sso_store_insecure="true")
        [(_, message, fix)] = problems()
        assert re.search(r"not valid: Hostname mismatch, .*'localhost'", message)
        assert fix == "Set sso_store to a name in the certificate, or make one for localhost."

    def test_an_unknown_authority_is_a_problem(
        self, world: World, start_redis: Callable[..., RedisServer]
    ) -> None:
        """The fix names the key of the config."""
        server = start_redis(host="localhost")
        configure(world, f"rediss://localhost:{server.port}")
        [(_, message, fix)] = problems()
        assert "has a TLS certificate that is not valid" in message
        assert fix == (
            "Set sso_store_ca_bundle to the file with the authority that signed the certificate."
        )

    @pytest.mark.parametrize(
        ("text", "what"),
        [(None, "does not exist"), ("hush", "has no certificate in the PEM format")],
    )
    def test_an_unusable_file_of_authorities_is_a_problem(
        self, world: World, tmp_path: Path, text: str | None, what: str
    ) -> None:
        """No connection is tried."""
        path = tmp_path / "authorities"
        if text is not None:
            path.write_text(text)
        configure(world, "rediss://cache.invalid", sso_store_ca_bundle=path)
        assert problems() == [
            (
                "problem",
                f"The file {path} of sso_store_ca_bundle {what}.",
                "Correct sso_store_ca_bundle, or write the certificate of the authority to this "
                "file.",
            )
        ]

    def test_a_server_without_tls_is_a_problem(
        self, world: World, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And one with TLS, if the address is without."""
        monkeypatch.setattr(server_module, "_TIMEOUT", 1.0)
        configure(world, redis_server.url.replace("redis:", "rediss:"))
        [(_, message, fix)] = problems()
        assert message.endswith("accepts connections, but does not respond.")
        assert fix == (
            "See the log of the server. If it is without TLS, set sso_store to redis://..."
        )

    def test_a_server_with_tls_is_a_problem_without(
        self, world: World, start_redis: Callable[..., RedisServer]
    ) -> None:
        """The fix is the other scheme."""
        server = start_redis(host="localhost")
        configure(world, f"redis://localhost:{server.port}")
        [(_, message, fix)] = problems()
        assert message.endswith("ends the connection.")
        assert fix == "See the log of the server. If it is with TLS, set sso_store to rediss://..."


class TestPermissions:
    """The user of the server."""

    def test_all_needed_commands_are_tried(self) -> None:
        """Those that `sso-plugin store init` prints."""
        assert sorted(str(call[0]).lower() for call in attempts("name")) == sorted(NEEDED)

    @pytest.mark.parametrize("name", NEEDED)
    def test_a_missing_permission_is_a_problem(
        self, world: World, redis_server: RedisServer, name: str
    ) -> None:
        """The fix is the command for the administrator of the server."""
        redis_server.allow(f"-{name}")
        configure(world, redis_server.url)
        assert (
            "problem",
            f"The user default of the server lacks permissions: +{name}",
            f"On the server, run: ACL SETUSER default +{name}",
        ) in problems()

    def test_a_missing_pattern_of_names_is_a_problem(
        self, world: World, redis_server: RedisServer
    ) -> None:
        """It is named once."""
        redis_server.allow("resetkeys ~other:*")
        configure(world, redis_server.url)
        assert (
            "problem",
            "The user default of the server lacks permissions: ~{sso-plugin:*}:*",
            "On the server, run: ACL SETUSER default ~{sso-plugin:*}:*",
        ) in problems()

    def test_what_cannot_be_checked_is_said(self, world: World, redis_server: RedisServer) -> None:
        """INFO is not needed otherwise, so this is no problem."""
        assert "info" not in TEST_ACL
        configure(world, redis_server.url)
        assert problems() == []
        assert (
            "Not checked, because the user may not use INFO: the persistence, the memory and the "
            "eviction policy of the server."
        ) in messages()


class TestMemoryAndDisk:
    """What the server keeps."""

    @pytest.fixture
    def server(self, world: World, start_redis: Callable[..., RedisServer]) -> RedisServer:
        server = start_redis(rules=RULES, append_only=True)
        configure(world, server.url)
        return server

    def test_another_policy_is_a_warning(self, server: RedisServer) -> None:
        """The server may delete the login."""
        server.admin.config_set("maxmemory-policy", "allkeys-lru")
        assert problems() == [
            (
                "warning",
                "The server may delete the login when its memory is full (policy allkeys-lru).",
                "On the server, run: CONFIG SET maxmemory-policy noeviction, and write it to its "
                "config file.",
            )
        ]

    def test_no_append_only_file_is_a_warning(self, server: RedisServer) -> None:
        """The server may lose the login."""
        server.admin.config_set("appendonly", "no")
        assert problems() == [
            (
                "warning",
                "The server has no append-only file, so it may lose the login when it restarts.",
                "On the server, run: CONFIG SET appendonly yes, and write it to its config file.",
            )
        ]

    def test_a_server_that_is_out_of_memory_is_a_problem(self, server: RedisServer) -> None:
        """It stores nothing."""
        server.admin.config_set("maxmemory", "1")
        assert (
            "problem",
            "The server is out of memory, and stores nothing.",
            "Raise maxmemory on the server, or give sso-plugin a server of its own.",
        ) in problems()

    def test_a_memory_that_is_almost_full_is_a_warning(self, server: RedisServer) -> None:
        """Before nothing can be stored."""
        server.admin.set("other", bytes(50_000_000))
        used = server.admin.info("memory")["used_memory"]
        server.admin.config_set("maxmemory", int(used * 1.05))
        [(status, message, _)] = problems()
        assert status == "warning"
        assert message.startswith("The memory of the server is almost full: ")


def test_no_secret_is_in_a_finding_or_sent(
    world: World,
    start_redis: Callable[..., RedisServer],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither the key nor the password."""
    server = start_redis(rules=RULES, password="hush")
    configure(world, server.url)
    write(tmp_path / "password", "hush")
    monkeypatch.setenv("SSO_PLUGIN_STORE_PASSWORD_FILE", str(tmp_path / "password"))
    with server.monitor() as lines:
        found = str(findings("store"))
    assert "hush" not in found
    assert KEY not in found
    assert b"hush" not in b"".join(lines)
    assert KEY.encode() not in b"".join(lines)
