"""Check whether files can be encrypted, and whether one in clear text lies beside them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from sso_plugin.storage import sealed_files
from sso_plugin.storage.keys import registration_key, role_key

from .finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sso_plugin.signin.configured_login import ConfiguredLogin
    from sso_plugin.storage.cache import Cache
    from sso_plugin.storage.documents import DocumentFolder
    from sso_plugin.storage.sealing import Sealing

__all__ = ["check_encryption", "parted"]

_FIX = "Fix this, or set sso_key to keyring, file:PATH or env."


def check_encryption(login: ConfiguredLogin) -> Iterator[Finding]:
    """Check the key and the files of a profile that encrypts; no findings for another one.

    Without a home directory, there are no files. That is another finding.
    """
    profile = login.profile
    files = sealed_files(profile.options) if _encrypts(login) else []
    if not files:
        return
    tokens, roles, _ = files
    sealing = tokens[0].sealing
    if sealing is not None:
        yield _check_key(sealing, profile.options.key)
    if profile.options.token_cache == "sealed":  # noqa: S105 - where tokens are
        yield from _check_plain(tokens, login.key, "the token", f"{profile.login_command} --force")
        yield from _check_plain(tokens, registration_key(profile), "the registration")
    if profile.options.cache != "file" and profile.account_id and profile.role_name:
        key = role_key(profile, profile.account_id)
        yield from _check_plain(roles, key, "role credentials")


def _encrypts(login: ConfiguredLogin) -> bool:
    options = login.profile.options
    return "sealed" in (options.token_cache, options.cache)


def _check_key(sealing: Sealing, setting: str) -> Finding:
    """Encrypt and decrypt a sample."""
    why = sealing.why_no_key()
    name = sealing.describe()
    if why is not None:
        what, fix = parted(why)
        return problem("key", f"Files cannot be encrypted: {what}.", fix)
    kind, _, path = setting.partition(":")
    if kind == "file" and not Path(path).expanduser().exists():
        return ok("key", f"{_sentence(name)} does not exist yet. It is made when it is needed.")
    return ok("key", f"{_sentence(name)} works: a sample was encrypted and decrypted.")


def parted(clause: str, otherwise: str = _FIX) -> tuple[str, str]:
    """Return what is wrong, and how to fix it, which is in brackets at the end.

    :param otherwise: how to fix it if the clause does not say so.
    """
    what, _, fix = clause.removesuffix(")").rpartition(" (")
    if not what or " " not in fix:
        return clause, otherwise
    if fix.startswith("run: "):
        return what, fix[len("run: ") :]
    # A full stop after a command would be copied with it.
    return what, _sentence(fix) if ": " in fix else f"{_sentence(fix)}."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _check_plain(
    files: tuple[DocumentFolder, Cache], key: str, what: str, fix: str | None = None
) -> Iterator[Finding]:
    """Warn about a file in clear text.

    :param fix: the command that encrypts it; None if it can be deleted.
    """
    sealed, plain = files
    mark, encrypted = plain.mark(key), sealed.mark(key)
    if mark is None:
        return
    path = plain.describe(key)
    is_older = encrypted is not None and encrypted[0] >= mark[0]
    delete = f"rm {shlex.quote(path)}"
    yield warning(
        "key",
        f"{path} has {what} in clear text.",
        delete if fix is None or is_older else fix,
    )
