"""``sso-plugin store init``: the key of a store, and what to write where."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sso_plugin.errors import ConfigError

__all__ = ["ACL", "NEEDED", "StoreKeyFile", "init_store", "next_steps"]

_KEY = "SSO_PLUGIN_STORE_KEY"
_KEY_FILE = "SSO_PLUGIN_STORE_KEY_FILE"
_DEFAULT = "~/.aws/sso-plugin/store.key"

_HEAD = (
    "# The key of a store of sso-plugin, which all machines have. Treat it like a password.\n"
    "# The first key encrypts, all of them decrypt. The last key also names the documents: put a\n"
    "# new key in front of it, and keep it.\n"
)

NEEDED = (
    "eval", "evalsha", "get", "set", "del", "exists", "pexpire", "hmget", "hset", "hget", "time"
)  # fmt: skip
"""The commands of the server that sso-plugin uses."""

ACL = "user sso-plugin on >PASSWORD resetchannels ~{sso-plugin:*}:* -@all " + " ".join(
    f"+{name}" for name in (*NEEDED, "select", "info")
)
"""A user of the server who can do what sso-plugin needs. Doctor uses INFO."""


@dataclass(frozen=True)
class StoreKeyFile:
    """The key file of a store.

    :param is_new: whether it was made just now.
    """

    path: str
    is_new: bool


def init_store(path: str | None = None) -> StoreKeyFile:
    """Make a key file with one new key. A file that exists stays as it is.

    :param path: None for the file that ``SSO_PLUGIN_STORE_KEY_FILE`` names, or the default one.
    :raises ConfigError: if the file cannot be made, or one that exists has no valid key.
    """
    from sso_plugin.storage.sealing.key_file import KeyFile
    from sso_plugin.storage.sealing.key_source import KeyUnavailableError

    found = _path_of(path)
    try:
        source = KeyFile(found, Path.home() / ".aws" / "sso-plugin", _HEAD)
        is_new = not source.read()
        source.create()
    except KeyUnavailableError as exc:
        raise ConfigError(
            subject="The key of the store", problem=f"cannot be created: {exc}"
        ) from None
    return StoreKeyFile(found, is_new)


def _path_of(given: str | None) -> str:
    if given:
        return os.path.abspath(os.path.expanduser(given))  # noqa: PTH100, PTH111 - keeps links
    if os.environ.get(_KEY, "").strip():
        raise ConfigError(
            subject=f"The variable {_KEY}",
            problem="has a key already, so a key file would not be used",
            fix=f"Unset it, or name a file with --key-file and set {_KEY_FILE} on other machines.",
        )
    return os.path.expanduser(os.environ.get(_KEY_FILE, "").strip() or _DEFAULT)  # noqa: PTH111


def next_steps(key_file: str) -> str:
    """Return what to write on the server, on this machine and on the workers."""
    return f"""\
On the server, in redis.conf or valkey.conf, with a password of your own:
  {ACL}
  maxmemory-policy noeviction
  appendonly yes

On each machine, in ~/.aws/config, in the [sso-session]:
  sso_store = rediss://sso-plugin@HOST:6379

On each machine, the same key file, and a file with the password; mode 600. In the environment:
  export SSO_PLUGIN_STORE_KEY_FILE={_quoted(key_file)}
  export SSO_PLUGIN_STORE_PASSWORD_FILE=/PATH/OF/THE/PASSWORD/FILE

Workers whose config has no sso_store need this, too:
  export SSO_PLUGIN_STORE=rediss://sso-plugin@HOST:6379

Then log in on one machine, and check another one:
  sso-plugin login
  sso-plugin doctor"""


def _quoted(path: str) -> str:
    import shlex

    return shlex.quote(path)
