"""One Valkey or Redis server: runs scripts, and says in words what went wrong."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import os
import time
from typing import TYPE_CHECKING, Any

from ...printable import one_line
from ...redact import Secret, hide_frames
from ..reading import UnusableFileError, read_content
from .server_errors import PASSWORD_FILE, ServerAwayError, why_away

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis import Redis

    from ...config.store_address import StoreAddress
    from .scripts import Script

__all__ = ["RedisServer", "Server", "server_at"]

_logger = logging.getLogger(__name__)

_TIMEOUT = 1.0
"""Seconds to connect, and to get a reply."""

_PAUSE = 2.0
"""Seconds after a failure in which no other request is sent, so that each does not wait again."""


class Server:
    """What a store needs of a server."""

    def call(
        self,
        script: Script,
        keys: Sequence[str],
        arguments: Sequence[str | bytes | float] = (),
        *,
        at_once: bool = False,
    ) -> Any:
        """Return the reply of a script.

        :param at_once: send it also directly after a failure.
        :raises ServerAwayError: if there is no reply. The script may have run nevertheless.
        """
        raise NotImplementedError

    def prepare(self) -> None:
        """Import what a request needs. Never raises."""

    def describe(self) -> str:
        """Name the server for a message."""
        raise NotImplementedError


class RedisServer(Server):
    """A real server. All threads of a process share its connections."""

    def __init__(self, address: StoreAddress, clock: Callable[[], float] = time.monotonic) -> None:
        self.address = address
        self._clock = clock
        # By process: a fork may copy the locks of a client while they are held.
        self._clients: dict[int, Redis] = {}
        self._digests: dict[str, str] = {}
        self._failure: tuple[float, ServerAwayError] | None = None

    def call(
        self,
        script: Script,
        keys: Sequence[str],
        arguments: Sequence[str | bytes | float] = (),
        *,
        at_once: bool = False,
    ) -> Any:
        """See `Server`."""
        failure = self._failure
        if failure and not at_once and self._clock() < failure[0]:
            raise ServerAwayError(str(failure[1]), failure[1].kind)
        try:
            reply = self._send(script, keys, arguments)
        except ServerAwayError as exc:
            if failure is None or failure[1].kind != exc.kind:
                _logger.warning("%s; credentials that are valid stay in use", exc)
            self._failure = (self._clock() + _PAUSE, exc)
            raise
        self._failure = None
        return reply

    def prepare(self) -> None:
        """See `Server`."""
        with contextlib.suppress(ServerAwayError):
            self.client()

    def describe(self) -> str:
        """See `Server`."""
        return f"the store {self.address.url}"

    def client(self) -> Redis:
        """Return the client, which connects when it is first used.

        :raises ServerAwayError: if its package is not installed.
        """
        own = self._clients.get(os.getpid())
        if own is None:
            own = _client_of(self.address, self.describe())
            own = self._clients.setdefault(os.getpid(), own)
        return own

    @hide_frames
    def _send(
        self, script: Script, keys: Sequence[str], arguments: Sequence[str | bytes | float]
    ) -> Any:
        client: Any = self.client()
        from redis.exceptions import ConnectionError as LostConnectionError
        from redis.exceptions import NoScriptError, RedisError
        from redis.exceptions import TimeoutError as NoReplyError

        digest = self._digests.get(script.text)
        if digest is None:
            text = script.text.encode()
            digest = hashlib.sha1(text, usedforsecurity=False).hexdigest()
            self._digests[script.text] = digest
        parts = (len(keys), *keys, *arguments)

        def send() -> Any:
            try:
                return client.execute_command("EVALSHA", digest, *parts)
            except NoScriptError:
                return client.execute_command("EVAL", script.text, *parts)

        try:
            try:
                return send()
            except NoReplyError:
                raise
            except LostConnectionError:
                # The server may have closed a connection that was not used for some time.
                return send()
        except (RedisError, OSError) as exc:
            raise why_away(exc, self.describe()) from None


@functools.cache
def server_at(address: StoreAddress) -> RedisServer:
    """Return the server at an address. All sessions of a process share it."""
    return RedisServer(address)


def _client_of(address: StoreAddress, name: str) -> Redis:
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        raise ServerAwayError(
            "the package redis is missing (run: pip install 'sso-plugin[fleet]')", "package"
        ) from None
    settings: dict[str, Any] = {
        "db": address.database,
        "socket_timeout": _TIMEOUT,
        "socket_connect_timeout": _TIMEOUT,
        "retry": Retry(NoBackoff(), 0),
        "credential_provider": _credentials_of(address, name),
        **_anonymous(),
    }
    if address.socket:
        pool = redis.ConnectionPool(
            connection_class=redis.UnixDomainSocketConnection, path=address.socket, **settings
        )
        return redis.Redis(connection_pool=pool)
    settings |= {"host": address.host, "port": address.port}
    if not address.is_tls:
        return redis.Redis(connection_pool=redis.ConnectionPool(**settings))
    _check_bundle(address.ca_bundle, name)
    pool = redis.ConnectionPool(
        connection_class=redis.SSLConnection,
        ssl_cert_reqs="required",
        ssl_check_hostname=True,
        ssl_ca_certs=address.ca_bundle or None,
        **settings,
    )
    return redis.Redis(connection_pool=pool)


def _check_bundle(path: str, name: str) -> None:
    import ssl

    try:
        ssl.create_default_context(cafile=path or None)
    except OSError as exc:  # SSLError is one, too
        why = "does not exist" if isinstance(exc, FileNotFoundError) else "cannot be used"
        raise ServerAwayError(f"the CA bundle {one_line(path)} of {name} {why}", "tls") from None


def _anonymous() -> dict[str, None]:
    """Return the settings of a connection that does not tell the server which client it has."""
    from importlib.util import find_spec

    # Since redis-py 8, `lib_name` is deprecated.
    names = ("driver_info",) if find_spec("redis.driver_info") else ("lib_name", "lib_version")
    return dict.fromkeys(names)


def _credentials_of(address: StoreAddress, name: str) -> Any:
    from redis.credentials import CredentialProvider

    class Credentials(CredentialProvider):
        """Reads the password for each new connection, so that it can be changed."""

        @hide_frames
        def get_credentials(self) -> Any:
            password = _read_password(name)
            if password is None:
                return (address.username, Secret("")) if address.username else ()
            return (address.username, password) if address.username else (password,)

    has_any = os.environ.get(PASSWORD_FILE) or address.username
    return Credentials() if has_any else None


@hide_frames
def _read_password(name: str) -> Secret | None:
    path = os.environ.get(PASSWORD_FILE, "").strip()
    if not path:
        return None
    try:
        found = read_content(os.path.expanduser(path))  # noqa: PTH111 - as for keys
    except UnusableFileError as exc:
        why = f"the password file of {name}, {one_line(path)}, {exc}"
        raise ServerAwayError(why, "password") from None
    if found is None:
        raise ServerAwayError(
            f"the password file {one_line(path)} of {PASSWORD_FILE} does not exist", "password"
        )
    return Secret(found[0].decode("utf-8", "replace").strip("\r\n"))
