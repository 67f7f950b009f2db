"""What went wrong at a server, in words."""

from __future__ import annotations

import socket
import ssl

from ...printable import one_line

__all__ = ["PASSWORD_FILE", "ServerAwayError", "why_away"]

PASSWORD_FILE = "SSO_PLUGIN_STORE_PASSWORD_FILE"  # noqa: S105 - the name of a variable
"""The path of a file with the password of the server."""


class ServerAwayError(Exception):
    """The server did not do what was asked. The message is a clause without a full stop.

    :param kind: ``unreachable``, ``timeout``, ``tls``, ``password``, ``permission``, ``memory``,
        ``package`` or ``other``.
    """

    def __init__(self, message: str, kind: str = "other") -> None:
        super().__init__(message)
        self.kind = kind


def why_away(exc: Exception, name: str) -> ServerAwayError:
    """Return what an error means for a person. The text of the error may have arguments."""
    from redis import exceptions

    causes: list[BaseException] = [exc]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) and cause not in causes:
        causes.append(cause)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = one_line(cause.verify_message).rstrip(".")
            return ServerAwayError(f"{name} has a TLS certificate that is not valid: {why}", "tls")
    text = str(exc)
    for names, parts, what, kind in _KINDS:
        classes = tuple(getattr(exceptions, each, OSError) for each in names)
        if isinstance(exc, classes) or any(part in text for part in parts):
            why = _why_unreachable(causes) if what == _UNREACHABLE else ""
            return ServerAwayError(f"{name} {what}{why}", kind)
    code = one_line(text.partition(" ")[0])
    return ServerAwayError(f"{name} returned an error ({type(exc).__name__}, {code})")


def _why_unreachable(causes: list[BaseException]) -> str:
    for cause in causes:
        for kind, why in _REASONS:
            if isinstance(cause, kind):
                return f": {why}"
    return ""


_REASONS: list[tuple[type[BaseException], str]] = [
    (socket.gaierror, "the name of its host is not known"),
    (ConnectionRefusedError, "no server listens there"),
    (FileNotFoundError, "there is no such socket"),
    (PermissionError, "this user may not use the socket"),
]
_UNREACHABLE = "cannot be reached"
_KINDS = [
    (("TimeoutError",), (), "does not respond", "timeout"),
    (
        ("AuthenticationError",),
        ("NOAUTH",),
        f"refuses the user or the password ({PASSWORD_FILE})",
        "password",
    ),
    (
        ("NoPermissionError",),
        # Redis has no code for a command in a script that the user may not use. 7.0 and later:
        ("NOPERM", "The user executing the script can't", "ACL failure in script"),
        "does not permit this user what is needed (sso-plugin store init prints its ACL)",
        "permission",
    ),
    (("OutOfMemoryError",), ("OOM",), "is out of memory (raise its maxmemory)", "memory"),
    (("BusyLoadingError",), (), "is still loading its data", "unreachable"),
    (("ReadOnlyError",), (), "is a replica that cannot be written", "other"),
    (("ConnectionError", "OSError"), (), _UNREACHABLE, "unreachable"),
]
"""For each kind: the names of its exceptions, texts that it has, what it means, its name."""
