"""The files of a login: there, whole, alive, and the user's own."""

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
from sso_plugin.storage.file_cache import role_cache
from sso_plugin.storage.reading import UnusableFileError, read_document
from sso_plugin.storage.unwritable import explain
from sso_plugin.timestamps import format_timestamp

from .finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sso_plugin.credentials.access_token import AccessToken
    from sso_plugin.signin.configured_login import ConfiguredLogin

__all__ = ["look_at_files"]

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def look_at_files(login: ConfiguredLogin) -> Iterator[Finding]:
    """Look at the token and at the role credentials, and at the folders that they are in."""
    try:
        Path.home()
    except RuntimeError:
        yield warning(
            "files",
            "There is no home directory: tokens and credentials are kept in memory only.",
            "Set HOME.",
        )
        return
    token = Path(TokenFile(login).path)
    command = login.profile.login_command
    yield from _look_at_folder(token)
    broken = list(_look_at_file(token, f"rm {shlex.quote(str(token))}; {command}"))
    yield from broken
    if not any(each.status == "problem" for each in broken):
        yield _look_at_token(login, token)
        yield from _surprises(login, token)
    yield from _look_at_role(login)


def _look_at_folder(path: Path) -> Iterator[Finding]:
    """Look at the folder of a file, or at what is there in its place."""
    folder = path.parent
    if not folder.is_dir():
        yield from _look_at_missing_folder(path)
        return
    quoted = shlex.quote(str(folder))
    if folder.stat().st_mode & _OTHERS:
        mode = f"{stat.S_IMODE(folder.stat().st_mode):04o}"
        yield warning(
            "files", f"Others can look into {folder} (mode {mode}).", f"chmod 700 {quoted}"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        mend = f"sudo chown -R $USER {quoted}; chmod u+rwx {quoted}"
        yield problem("files", f"{folder} cannot be written: nothing is kept.", mend)


def _look_at_missing_folder(path: Path) -> Iterator[Finding]:
    """Report that a folder cannot be made. A trial would change something."""
    there = next(each for each in path.parents if os.path.lexists(each))
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return
    denied = OSError(errno.EACCES if there.is_dir() else errno.ENOTDIR, "Permission denied")
    what, _, command = explain(path, denied).removesuffix(")").partition(" (run: ")
    yield problem("files", f"{what}.", command)


def _look_at_file(path: Path, again: str) -> Iterator[Finding]:
    """Look at a file from outside: whose it is, who can read it, whether it can be understood."""
    try:
        status = path.stat()
    except OSError:
        return
    quoted = shlex.quote(str(path))
    if not stat.S_ISREG(status.st_mode):
        yield problem("files", f"{path} is no regular file, and is not read.", again)
        return
    fault = _fault(path)
    if fault and fault.startswith("is not trusted"):
        what, _, rest = fault.partition(" (if you trust it, run: ")
        yield problem("files", f"{path} {what}.", rest.removesuffix(")") or again)
        return
    foreign = hasattr(os, "getuid") and status.st_uid != os.getuid()
    open_to_others = os.name == "posix" and bool(status.st_mode & _OTHERS)
    if foreign:
        mend = f"sudo chown $USER {quoted}"
        yield problem("files", f"{path} belongs to another user ({status.st_uid}).", mend)
    elif open_to_others:
        mode = f"{stat.S_IMODE(status.st_mode):04o}"
        yield problem("files", f"Others can read {path} (mode {mode}).", f"chmod 600 {quoted}")
    # If permission is what is wrong, that has been reported.
    if fault and not (fault.startswith("cannot") and (foreign or open_to_others)):
        yield problem("files", f"{path} {fault}.", again)


def _fault(path: Path) -> str | None:
    try:
        read_document(str(path))
    except UnusableFileError as exc:
        return str(exc)
    return None


def _look_at_token(login: ConfiguredLogin, path: Path) -> Finding:
    command = login.profile.login_command
    if not path.exists():
        return problem("files", f"There is no token: {path} does not exist.", command)
    token = TokenFile(login).load()
    if token is None:
        fault = TokenFile(login).problem() or f"{path} holds no token that can be understood"
        return problem("files", f"{fault[:1].upper()}{fault[1:]}.", command)
    now, end = login.clock.now(), format_timestamp(token.lifetime.expires_at)
    if token.state(now) is not TokenState.EXPIRED:
        return ok("files", f"The token in {path} is valid until {end}.")
    if token.can_be_renewed(now):
        return ok("files", f"The token in {path} expired at {end}, and renews itself when used.")
    return problem("files", f"The token in {path} expired at {end}, for good.", command)


def _surprises(login: ConfiguredLogin, path: Path) -> Iterator[Finding]:
    """Yield what is not as expected in a token that can be used."""
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
            message = f"The token in {path} is of the {name} {one_line(held)}, not of {own}."
            yield warning("files", message, command)
    now = login.clock.now()
    if token.state(now) is not TokenState.EXPIRED and not token.can_be_renewed(now):
        yield warning(
            "files", f"The token in {path} cannot be renewed: {_why_not(token)}.", command
        )


def _bare(url: str) -> str:
    """Return what counts of a start URL, or of a region."""
    return url.partition("#")[0].rstrip("/").casefold()


def _why_not(token: AccessToken) -> str:
    end = token.registration_expires_at
    if end is None or "refreshToken" not in token.document:
        return "it has no refresh token"
    return f"its registration expired at {format_timestamp(end)}"


def _look_at_role(login: ConfiguredLogin) -> Iterator[Finding]:
    profile = login.profile
    if profile.account_id is None or profile.role_name is None:
        return
    role = RoleFile(login, role_cache(), profile.account_id)
    path = Path(role.cache.describe(role.key))
    yield from _look_at_folder(path)
    broken = list(_look_at_file(path, f"rm {shlex.quote(str(path))}"))
    yield from broken
    if broken:
        return
    held = role.load()
    if held is None:
        yield ok("files", f"No role credentials are at hand; they go to {path} when first used.")
    else:
        end = format_timestamp(held.lifetime.expires_at)
        yield ok("files", f"The role credentials in {path} are valid until {end}.")
