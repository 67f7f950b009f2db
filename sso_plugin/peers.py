"""Which users of this machine are at the other end of a loopback connection (Linux).

https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["users_of"]

# A server on an IPv4 address also has clients that connected to the same address written as IPv6,
# such as ::ffff:127.0.0.1. They are in the second table only.
_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LOCAL, _REMOTE, _USER, _INODE = 1, 2, 7, 9


def users_of(client: tuple[str, int], server: tuple[str, int]) -> frozenset[int] | None:
    """Return the ids of the users who hold the client's end of a connection.

    Empty if no process holds it: for a socket that was closed, the table says user 0, which is
    root. Such rows have no inode and are ignored.

    :returns: None if the system does not say.
    """
    tables = [table for table in map(_read, _TABLES) if table is not None]
    if not tables:
        return None
    local, remote = set(_names(*client)), set(_names(*server))
    return frozenset(
        int(row[_USER])
        for table in tables
        for row in table
        if row[_LOCAL] in local and row[_REMOTE] in remote and row[_INODE] != "0"
    )


def _read(path: Path) -> list[list[str]] | None:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
    except OSError:
        return None
    return [row for row in (line.split() for line in lines) if len(row) > _INODE]


def _names(host: str, port: int) -> Iterator[str]:
    """Yield the names that both tables have for an IPv4 address and a port."""
    mapped = ipaddress.IPv6Address(f"::ffff:{host}").packed
    for packed in (socket.inet_aton(host), mapped):
        words = (packed[start : start + 4] for start in range(0, len(packed), 4))
        digits = "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
        yield f"{digits}:{port:04X}"
