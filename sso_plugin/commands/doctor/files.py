"""Check the token file and the role file: present, readable, valid, and private."""

from __future__ import annotations

import errno
import os
import shlex
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from sso_plugin.credentials.access_token import TokenState
from sso_plugin.credentials.role_credentials import RoleFile
from sso_plugin.credentials.token_file import TokenFile
from sso_plugin.printable import one_line
from sso_plugin.storage.reading import UnusableFileError, read_document
from sso_plugin.storage.unwritable import explain
from sso_plugin.timestamps import clock_time

from .finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sso_plugin.credentials.access_token import AccessToken
    from sso_plugin.signin.configured_login import ConfiguredLogin

__all__ = ["check_files"]

_OTHER_USERS = stat.S_IRWXG | stat.S_IRWXO


def check_files(login: ConfiguredLogin) -> Iterator[Finding]:
    """Check the token file, the role file, and their folders."""
    try:
        Path.home()
    except RuntimeError:
        yield warning(
            "files",
            "There is no home directory: tokens and credentials are cached in memory only.",
            "Set HOME.",
        )
        return
    token = Path(TokenFile(login).path)
    command = login.profile.login_command
    yield from _check_folder(token)
    broken = list(_check_file(token, f"rm {shlex.quote(str(token))}; {command}"))
    yield from broken
    if not any(each.status == "problem" for each in broken):
        yield _check_token(login, token)
        yield from _check_valid_token(login, token)
    yield from _check_role(login)


def _check_folder(path: Path) -> Iterator[Finding]:
    """Check the folder of a file."""
    folder = path.parent
    if not folder.is_dir():
        yield from _check_missing_folder(path)
        return
    quoted = shlex.quote(str(folder))
    if folder.stat().st_mode & _OTHER_USERS:
        mode = f"{stat.S_IMODE(folder.stat().st_mode):04o}"
        yield warning(
            "files", f"Other users can read {folder} (mode {mode}).", f"chmod 700 {quoted}"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        fix = f"sudo chown -R $USER {quoted}; chmod u+rwx {quoted}"
        yield problem("files", f"{folder} is not writable: nothing is cached.", fix)


def _check_missing_folder(path: Path) -> Iterator[Finding]:
    """Report if the folder cannot be created. Creating it to find out would change something."""
    there = next(each for each in path.parents if os.path.lexists(each))
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return
    denied = OSError(errno.EACCES if there.is_dir() else errno.ENOTDIR, "Permission denied")
    what, _, command = explain(path, denied).removesuffix(")").partition(" (run: ")
    yield problem("files", f"{what}.", command)


def _check_file(path: Path, replace: str) -> Iterator[Finding]:
    """Check the owner and the mode of a file, and whether it is valid JSON."""
    try:
        status = path.stat()
    except OSError:
        return
    quoted = shlex.quote(str(path))
    if not stat.S_ISREG(status.st_mode):
        yield problem("files", f"{path} is not a regular file, and is ignored.", replace)
        return
    error = _error(path)
    if error and error.startswith("is not trusted"):
        what, _, rest = error.partition(" (if you trust it, run: ")
        yield problem("files", f"{path} {what}.", rest.removesuffix(")") or replace)
        return
    foreign = hasattr(os, "getuid") and status.st_uid != os.getuid()
    open_to_others = os.name == "posix" and bool(status.st_mode & _OTHER_USERS)
    if foreign:
        fix = f"sudo chown $USER {quoted}"
        yield problem("files", f"{path} belongs to another user ({status.st_uid}).", fix)
    elif open_to_others:
        mode = f"{stat.S_IMODE(status.st_mode):04o}"
        yield problem("files", f"Other users can read {path} (mode {mode}).", f"chmod 600 {quoted}")
    # A missing permission is already reported.
    if error and not (error.startswith("cannot") and (foreign or open_to_others)):
        yield problem("files", f"{path} {error}.", replace)


def _error(path: Path) -> str | None:
    try:
        read_document(str(path))
    except UnusableFileError as exc:
        return str(exc)
    return None


def _check_token(login: ConfiguredLogin, path: Path) -> Finding:
    command = login.profile.login_command
    if not path.exists():
        if login.away() is not None:
            # A login would not help.
            command = "Fix the store first, see above."
        return problem("files", f"There is no token: {path} does not exist.", command)
    token = TokenFile(login).load()
    if token is None:
        fault = TokenFile(login).problem() or f"{path} does not contain a valid token"
        if login.stores.tokens.why_no_key() is not None:
            # A login would not help.
            command = "Fix the key first, see above."
        return problem("files", f"{fault[:1].upper()}{fault[1:]}.", command)
    now, end = login.clock.now(), clock_time(token.lifetime.expires_at)
    if token.state(now) is not TokenState.EXPIRED:
        return ok("files", f"The token in {path} is valid until {end}.")
    if token.can_be_renewed(now):
        return ok("files", f"The token in {path} expired at {end}, and is renewed when next used.")
    return problem(
        "files", f"The token in {path} expired at {end}, and cannot be renewed.", command
    )


def _check_valid_token(login: ConfiguredLogin, path: Path) -> Iterator[Finding]:
    """Yield unexpected properties of a token that is valid or can be renewed."""
    token, profile = TokenFile(login).load(), login.profile
    if token is None:
        return
    command = f"{profile.login_command} --force"
    for key, name, own in (
        ("startUrl", "start URL", profile.start_url),
        ("region", "region", profile.region),
    ):
        held = token.document.get(key)
        if isinstance(held, str) and _bare(held) != _bare(own):
            message = f"The token in {path} is for the {name} {one_line(held)}, not for {own}."
            yield warning("files", message, command)
    now = login.clock.now()
    if token.state(now) is not TokenState.EXPIRED and not token.can_be_renewed(now):
        yield warning(
            "files", f"The token in {path} cannot be renewed: {_why_not(token)}.", command
        )


def _bare(url: str) -> str:
    """Return a start URL, or a region, in the form in which it is compared."""
    return url.partition("#")[0].rstrip("/").casefold()


def _why_not(token: AccessToken) -> str:
    end = token.registration_expires_at
    if end is None or "refreshToken" not in token.document:
        return "it has no refresh token"
    return f"its registration expired at {clock_time(end)}"


def _check_role(login: ConfiguredLogin) -> Iterator[Finding]:
    profile = login.profile
    if profile.account_id is None or profile.role_name is None:
        return
    role = RoleFile(login, login.stores.roles, profile.account_id)
    path = Path(role.cache.describe(role.key))
    yield from _check_folder(path)
    broken = list(_check_file(path, f"rm {shlex.quote(str(path))}"))
    yield from broken
    if broken:
        return
    cached = role.load()
    if cached is None:
        yield ok(
            "files", f"No role credentials are cached. They are fetched on first use, into {path}."
        )
    else:
        end = clock_time(cached.lifetime.expires_at)
        yield ok("files", f"The role credentials in {path} are valid until {end}.")
