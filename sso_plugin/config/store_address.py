"""The address of a store of many machines: ``sso_store``, or ``SSO_PLUGIN_STORE``.

Not imported for a profile without a store. A message shows no address that may have a password.
"""

from __future__ import annotations

import os
import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from ..errors import ConfigError

__all__ = ["DEFAULT_PORT", "StoreAddress", "read_store_address"]

DEFAULT_PORT = 6379

_SCHEMES = {"redis": False, "rediss": True, "valkey": False, "valkeys": True, "unix": False}
"""The schemes, and whether they mean TLS."""

_NETWORK = re.compile(
    r"(?:(?P<user>[^@:/?#\[\]]+)@)?"
    r"(?:(?P<host>[A-Za-z0-9_][A-Za-z0-9._-]*)|\[(?P<ipv6>[0-9A-Fa-f:.]+)\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/(?P<database>[0-9]{0,5}))?"
)
_SOCKET = re.compile(
    r"(?:(?P<user>[^@:/?#\[\]]+)@)?(?P<path>/[^?#]+)(?:\?db=(?P<database>[0-9]{1,5}))?"
)
_PASSWORD = re.compile(r":[^@]*@|[?&]password=", re.IGNORECASE)
_LAST_PORT = 65535


class StoreAddress(NamedTuple):
    """Where a store is, and how to connect to it.

    :param url: as it was given, for messages. It has no password.
    :param socket: the path of a socket; empty for a host. A socket has no host and no port.
    :param username: empty for the default user of the server.
    :param ca_bundle: the path of a file with certificates of authorities; empty for those of the
        system.
    """

    url: str
    host: str
    port: int
    socket: str
    database: int
    username: str
    is_tls: bool
    ca_bundle: str


def read_store_address(
    text: str, subject: str, *, is_insecure: bool = False, ca_bundle: str = ""
) -> StoreAddress:
    """Read and check the address of a store.

    :param text: such as ``rediss://user@host:6379/0``.
    :param subject: what has the address, as the start of messages.
    :param is_insecure: accept a connection to another machine without TLS.
    :param ca_bundle: a path that may begin with ``~``.
    :raises ConfigError: if the address is not valid. The message does not show a password.
    """
    scheme, separator, rest = text.partition("://")
    if _PASSWORD.search(rest):
        raise _error(subject, "has a password", _KEEP_OUT)
    if scheme.lower() not in _SCHEMES or not separator:
        raise _error(subject, "does not begin with a known scheme", _USE)
    path = os.path.expanduser(ca_bundle)  # noqa: PTH111 - pathlib raises an error without a home
    if scheme.lower() == "unix":
        return _of_socket(text, rest, subject, path)
    address = _of_host(text, rest, subject)._replace(
        is_tls=_SCHEMES[scheme.lower()], ca_bundle=path
    )
    if not (address.is_tls or is_insecure or _is_loopback(address.host)):
        raise _error(subject, "is the address of another machine without TLS", _WITH_TLS)
    return address


def _of_socket(text: str, rest: str, subject: str, ca_bundle: str) -> StoreAddress:
    found = _SOCKET.fullmatch(rest)
    path, user = (unquote(found["path"]), unquote(found["user"] or "")) if found else ("", "")
    if not found or not (path + user).isprintable():
        raise _error(subject, "is not the valid address of a socket", _USE_SOCKET)
    database = int(found["database"] or 0)
    return StoreAddress(text, "", 0, path, database, user, is_tls=False, ca_bundle=ca_bundle)


def _of_host(text: str, rest: str, subject: str) -> StoreAddress:
    if "?" in rest:
        raise _error(subject, "has a part that begins with ?", _USE)
    found = _NETWORK.fullmatch(rest)
    user = unquote(found["user"] or "") if found else ""
    port = int(found["port"] or DEFAULT_PORT) if found else 0
    is_valid = 0 < port <= _LAST_PORT and user.isprintable()
    if not found or not is_valid or not _is_ipv6(found["ipv6"]):
        raise _error(subject, "is not a valid address", _USE)
    host, database = found["ipv6"] or found["host"], int(found["database"] or 0)
    return StoreAddress(text, host, port, "", database, user, is_tls=False, ca_bundle="")


def _is_ipv6(text: str | None) -> bool:
    try:
        return text is None or bool(IPv6Address(text))
    except AddressValueError:
        return False


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return (IPv6Address(host) if ":" in host else IPv4Address(host)).is_loopback
    except AddressValueError:
        return False


def _error(subject: str, problem: str, fix: str) -> ConfigError:
    from ..errors import ConfigError

    return ConfigError(subject=subject, problem=problem, fix=fix)


_USE = (
    "Set it to one such as rediss://HOST:6379, redis://localhost:6379/2, rediss://USER@HOST or "
    "unix:///run/redis/redis.sock."
)
_USE_SOCKET = "Set it to one such as unix:///run/redis/redis.sock or unix:///run/redis.sock?db=2."
_WITH_TLS = (
    "Set it to an address that begins with rediss://, or add sso_store_insecure = true to the "
    "config if the network protects the connection."
)
_KEEP_OUT = (
    "Set it to the address without the password, write the password to a file that only you can "
    "read, and set SSO_PLUGIN_STORE_PASSWORD_FILE to the path of that file."
)
