"""``sso-plugin rotate-key``: a new encryption key, and all files encrypted with it.

A key source keeps one older key. A file with a key that is older than that could not be decrypted.
So the files are encrypted with the newest key before another one is made, and again after that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sso_plugin.errors import ConfigError
from sso_plugin.signin.configured_login import ConfiguredLogin
from sso_plugin.storage import sealed_files
from sso_plugin.storage.resealing import reseal_all

if TYPE_CHECKING:
    from sso_plugin.storage.resealing import Resealed
    from sso_plugin.storage.sealing import Sealing

__all__ = ["Rotation", "rotate_key"]


@dataclass(frozen=True)
class Rotation:
    """What was done.

    :param key: the name of the key, for messages.
    :param is_new: whether a key was made, rather than found in the environment.
    :param files: what was done with the files.
    """

    key: str
    is_new: bool
    files: Resealed


def rotate_key(profile_name: str | None = None) -> Rotation:
    """Make a new key for a profile, and encrypt all files with it that have its present key.

    A key in the environment is not made here: the first one there is the new one.

    :param profile_name: as for `ConfiguredLogin.find`.
    :raises ConfigError: if the key cannot be changed. Then all files can still be decrypted.
    """
    from sso_plugin.storage.sealing import KeyUnavailableError

    profile = ConfiguredLogin.find(profile_name).profile
    options = profile.options
    folders = sealed_files(options)
    sealing = folders[0][0].sealing if folders else None
    if sealing is None or "sealed" not in (options.token_cache, options.cache):
        raise ConfigError(
            subject=profile.subject,
            problem="does not encrypt its files",
            fix="Set sso_token_cache = sealed in its sso-session first.",
        )
    try:
        files = reseal_all(folders)
        is_new = options.key != "env" or not files.done
        if is_new:
            _make_key(sealing, files)
            files = reseal_all(folders)
    except KeyUnavailableError as exc:
        raise ConfigError(
            subject=profile.subject, problem=f"cannot change its encryption key: {exc}"
        ) from exc
    return Rotation(sealing.describe(), is_new, files)


def _make_key(sealing: Sealing, files: Resealed) -> None:
    from sso_plugin.storage.sealing import KeyUnavailableError

    if files.failed:
        raise KeyUnavailableError(f"not all files have the present key: {files.failed[0]}")
    sealing.rotate()
