"""Find out why a server of many machines cannot be used: name, connection, TLS or password."""

from __future__ import annotations

import os
import socket
import ssl
from typing import TYPE_CHECKING

from sso_plugin.printable import one_line
from sso_plugin.storage.network.scripts import Script
from sso_plugin.storage.network.server import server_at
from sso_plugin.storage.network.server_errors import PASSWORD_FILE, ServerAwayError

from .bounded import within
from .encryption import parted
from .finding import Finding, problem

if TYPE_CHECKING:
    from sso_plugin.config.store_address import StoreAddress

__all__ = ["away_problem", "bundle_problem", "why_away"]

_TIMEOUT = 5.0
"""Seconds to resolve the name of the server, and to connect to it."""

_PROBE = Script("probe", "return 1")


def why_away(address: StoreAddress) -> ServerAwayError | None:
    """Return why a server cannot be used; None if it can."""
    try:
        server_at(address).call(_PROBE, ["{sso-plugin:doctor}:probe"], at_once=True)
    except ServerAwayError as exc:
        return exc
    return None


def bundle_problem(address: StoreAddress) -> Finding | None:
    """Return the finding about a file of authorities that cannot be used; None if it can."""
    if not (address.is_tls and address.ca_bundle):
        return None
    try:
        ssl.create_default_context(cafile=address.ca_bundle)
    except FileNotFoundError:
        what = "does not exist"
    except ssl.SSLError:
        what = "has no certificate in the PEM format"
    except OSError as exc:
        what = f"cannot be read: {exc.strerror}"
    else:
        return None
    return problem(
        "store",
        f"The file {one_line(address.ca_bundle)} of sso_store_ca_bundle {what}.",
        "Correct sso_store_ca_bundle, or write the certificate of the authority to this file.",
    )


def away_problem(address: StoreAddress, away: ServerAwayError) -> Finding:
    """Return the finding about a server that cannot be used."""
    what, fix = parted(str(away), "See the log of the server.")
    what = f"{what[:1].upper()}{what[1:]}"
    if away.kind in ("unreachable", "timeout"):
        what, fix = _what_fails(address, away)
        what = f"The store {address.url} cannot be reached: {what}"
    elif away.kind == "tls":
        fix = _tls_fix(address, str(away))
    elif away.kind == "password" and os.environ.get(PASSWORD_FILE, "").strip():
        user = address.username or "default"
        fix = f"Write the password of the user {user} of the server to the file in {PASSWORD_FILE}."
    elif away.kind == "password":
        fix = f"Set {PASSWORD_FILE} to the path of a file with the password of the server."
    return problem("store", f"{what}.", fix)


def _tls_fix(address: StoreAddress, message: str) -> str:
    if "mismatch" in message:
        return f"Set sso_store to a name in the certificate, or make one for {address.host}."
    if "expired" in message or "not yet valid" in message:
        return "Renew the certificate of the server, and check the clock of this machine."
    return "Set sso_store_ca_bundle to the file with the authority that signed the certificate."


def _what_fails(address: StoreAddress, away: ServerAwayError) -> tuple[str, str]:
    """Return which part of the connection fails, and how to fix it."""
    place = address.socket or f"{address.host}:{address.port}"
    try:
        within(_TIMEOUT, lambda: _connect(address))
    except OSError as exc:
        for kind, what, fix in _FAILURES:
            if isinstance(exc, kind):
                return what.format(place=place, host=address.host), fix
        return f"{place}: {exc.strerror}", _CORRECT
    what = "accepts connections, but does not respond"
    if away.kind != "timeout":
        what = "ends the connection"
    fix = f"See the log of the server. {_OTHER_SCHEME[address.is_tls]}"
    return f"{place} {what}", "See the log of the server." if address.socket else fix


def _connect(address: StoreAddress) -> None:
    if not address.socket:
        socket.create_connection((address.host, address.port), _TIMEOUT).close()
        return
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_TIMEOUT)
        connection.connect(address.socket)


_OTHER_SCHEME = {
    True: "If it is without TLS, set sso_store to redis://...",
    False: "If it is with TLS, set sso_store to rediss://...",
}
_CORRECT = "Start the server, or correct the address."
_FAILURES: list[tuple[type[OSError], str, str]] = [
    (socket.gaierror, "the name {host} is not known", "Correct the address, or the DNS."),
    (
        TimeoutError,
        "{place} does not accept a connection",
        "Correct the address, or allow the connection in the firewalls between.",
    ),
    (ConnectionRefusedError, "no server listens at {place}", _CORRECT),
    (FileNotFoundError, "there is no socket {place}", _CORRECT),
    (PermissionError, "this user may not use {place}", "Add the user to the group of the socket."),
]
"""What can fail before the server is asked, and how to fix it."""
