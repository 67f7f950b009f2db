"""Check what the user of a server may do, and whether the server keeps what it is given."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

from .finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis import Redis

    from sso_plugin.config.store_address import StoreAddress

__all__ = ["attempts", "check_server"]

_PATTERN = "~{sso-plugin:*}:*"
_SCRIPT = "return 1"
_LIFETIME = 60_000
"""Milliseconds until the sample ends by itself, if it may not be deleted."""

_ALMOST_FULL = 0.9


def check_server(client: Redis, address: StoreAddress) -> Iterator[Finding]:
    """Check the permissions, the memory and the persistence of a server that responds.

    :param client: whose user is checked. It writes a sample, and deletes it.
    """
    from redis.exceptions import RedisError

    try:
        yield from _check_permissions(client, address)
        yield from _check_info(client)
    except (RedisError, OSError) as exc:
        # The message of an error may have arguments.
        yield problem(
            "store",
            f"The connection to {address.url} was lost during the checks ({type(exc).__name__}).",
            "Run the command again.",
        )


def attempts(name: str) -> Iterator[tuple[str | int, ...]]:
    """Yield a call of each command that sso-plugin uses.

    The document is text that expires. So the commands for other kinds are errors that prove the
    permission, and change nothing.

    :param name: of a document that does not exist.
    """
    digest = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()
    yield "SET", name, "sample", "PX", _LIFETIME
    yield "GET", name
    yield "EXISTS", name
    yield "PEXPIRE", name, _LIFETIME
    yield "HSET", name, "field", "sample"
    yield "HGET", name, "field"
    yield "HMGET", name, "field"
    yield "EVAL", _SCRIPT, 1, name
    yield "EVALSHA", digest, 1, name
    yield "DEL", name
    yield ("TIME",)


def _check_permissions(client: Redis, address: StoreAddress) -> Iterator[Finding]:
    user = address.username or "default"
    missing = []
    for call in attempts(f"{{sso-plugin:doctor}}:sample:{secrets.token_hex(8)}"):
        failed = _failure(client, call)
        if failed == "permission":
            missing.append(f"+{str(call[0]).lower()}")
        elif failed == "key":
            missing.append(_PATTERN)
        elif failed:
            yield _WRITE_PROBLEMS[failed]
    if missing:
        rules = " ".join(dict.fromkeys(missing))
        yield problem(
            "store",
            f"The user {user} of the server lacks permissions: {rules}",
            f"On the server, run: ACL SETUSER {user} {rules}",
        )
    else:
        yield ok("store", f"The user {user} of the server has all permissions that are needed.")


def _failure(client: Any, call: tuple[str | int, ...]) -> str:
    """Return why a command fails, in one word; an empty text if the user may use it."""
    from redis.exceptions import (
        NoPermissionError,
        OutOfMemoryError,
        ReadOnlyError,
        ResponseError,
    )

    try:
        client.execute_command(*call)
    except NoPermissionError as exc:
        return "key" if "keys" in str(exc) else "permission"
    except OutOfMemoryError:
        return "memory" if call[0] == "SET" else ""
    except ReadOnlyError:
        return "replica" if call[0] == "SET" else ""
    except ResponseError:
        # The document has another kind, or the script is not known: this is checked later.
        return ""
    return ""


_WRITE_PROBLEMS = {
    "memory": problem(
        "store",
        "The server is out of memory, and stores nothing.",
        "Raise maxmemory on the server, or give sso-plugin a server of its own.",
    ),
    "replica": problem(
        "store",
        "The server is a replica, and stores nothing.",
        "Set sso_store to the address of its primary.",
    ),
}


def _check_info(client: Redis) -> Iterator[Finding]:
    from redis.exceptions import ResponseError

    try:
        info: dict[str, Any] = client.info()
    except ResponseError:
        yield ok(
            "store",
            "Not checked, because the user may not use INFO: the persistence, the memory and the "
            "eviction policy of the server.",
        )
        return
    found = [*_check_memory(info), *_check_persistence(info)]
    yield from found
    if not found:
        yield ok("store", "The server keeps its data on disk, and deletes none to save memory.")


def _check_memory(info: dict[str, Any]) -> Iterator[Finding]:
    policy, limit = info.get("maxmemory_policy", "noeviction"), info.get("maxmemory", 0)
    if policy != "noeviction":
        yield warning(
            "store",
            f"The server may delete the login when its memory is full (policy {policy}).",
            "On the server, run: CONFIG SET maxmemory-policy noeviction, and write it to its "
            "config file.",
        )
    used = info.get("used_memory", 0)
    if limit and used > _ALMOST_FULL * limit:
        yield warning(
            "store",
            f"The memory of the server is almost full: {used:,} of {limit:,} bytes are used.",
            "Raise maxmemory on the server, or give sso-plugin a server of its own.",
        )


def _check_persistence(info: dict[str, Any]) -> Iterator[Finding]:
    if info.get("aof_enabled") == 0:
        yield warning(
            "store",
            "The server has no append-only file, so it may lose the login when it restarts.",
            "On the server, run: CONFIG SET appendonly yes, and write it to its config file.",
        )
    if info.get("aof_last_write_status", "ok") != "ok":
        yield problem(
            "store",
            "The server cannot write its append-only file.",
            "Free some space on its disk, and see its log.",
        )
