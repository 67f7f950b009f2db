"""Which users of this machine hold the other end of a loopback connection (Linux only).

https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["this_user", "users_of"]

# Clients can also connect to an IPv4 address written as IPv6, such as ::ffff:127.0.0.1. Those
# connections are in the second table only.
_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_USER, _INODE = 7, 9
"""Columns of a row, which begins with its number and the two ends of the connection."""


def this_user() -> frozenset[int]:
    """Return the effective user id of this process; empty where users have no ids."""
    return frozenset({os.geteuid()} if hasattr(os, "geteuid") else ())


def users_of(client: tuple[str, int], server: tuple[str, int]) -> frozenset[int] | None:
    """Return the ids of the users who hold the client's end of a connection.

    Empty if no process holds it. The table lists a closed socket under user 0, which is root. Such
    rows have no inode and are ignored.

    :returns: None if the system does not report it.
    """
    tables = [table for table in map(_read, _TABLES) if table is not None]
    if not tables:
        return None
    ends = {f"{local} {remote}" for local in _names(*client) for remote in _names(*server)}
    # A busy machine has many rows, so only the matching ones are split.
    rows = (line.split() for table in tables for line in table if any(end in line for end in ends))
    return frozenset(int(row[_USER]) for row in rows if row[_INODE] != "0")


def _read(path: Path) -> list[str] | None:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None


def _names(host: str, port: int) -> Iterator[str]:
    """Yield an IPv4 address and a port as each of the tables writes them."""
    mapped = ipaddress.IPv6Address(f"::ffff:{host}").packed
    for packed in (socket.inet_aton(host), mapped):
        words = (packed[start : start + 4] for start in range(0, len(packed), 4))
        digits = "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
        yield f"{digits}:{port:04X}"
