"""File modes: which file systems have none, and which groups have only one user."""

# ruff: noqa: PTH120, PTH123 - importing pathlib takes longer than reading a file

from __future__ import annotations

import contextlib
import os
import stat

__all__ = ["has_no_modes", "is_listed_without_modes", "is_own_group"]

_WITHOUT_MODES = frozenset({"drvfs", "exfat", "hfs", "hpfs", "msdos", "ntfs", "vboxsf", "vfat"})
"""Types of file systems that store no modes."""

_UNIX_EXTENSIONS = frozenset({"cifsacl", "idsfromsid", "modefromsid", "posix", "unix"})
"""Mount options with which SMB stores modes."""

_with_modes: set[int] = set()
"""Devices on which ``chmod`` has changed the mode of a temporary file."""


def has_no_modes(path: str) -> bool:
    """Return whether ``chmod`` has no effect, so that the mode of a file has no meaning.

    :param path: an existing file or folder, not a link.
    """
    status = os.lstat(path)
    with contextlib.suppress(OSError), open("/proc/self/mountinfo", errors="replace") as file:
        device = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
        if is_listed_without_modes(file.read(), _mount_id(path), device):
            return True
    if status.st_dev in _with_modes:
        return False
    if not _chmod_fails(path if stat.S_ISDIR(status.st_mode) else os.path.dirname(path)):
        _with_modes.add(status.st_dev)
        return False
    return True


def is_listed_without_modes(mountinfo: str, mount_id: str | None, device: str) -> bool:
    """Return whether a mount is listed with a type and options that store no modes.

    :param mountinfo: the content of ``/proc/self/mountinfo``.
    :param device: used where the id of the mount is not known.
    """
    for line in mountinfo.splitlines():
        fields = line.split()
        if (fields[0] == mount_id) if mount_id else (fields[2] == device):
            end = fields.index("-", 6)
            options = " ".join(fields[end + 3 :]).replace(";", ",").split(",")
            return _stores_no_modes(fields[end + 1], frozenset(options))
    return False


def _stores_no_modes(kind: str, options: frozenset[str]) -> bool:
    if kind == "drvfs" or (kind == "9p" and "aname=drvfs" in options):
        # A Windows drive under WSL.
        return "metadata" not in options
    if kind in ("cifs", "smb3"):
        return "nounix" in options and not options & _UNIX_EXTENSIONS
    return kind in _WITHOUT_MODES


def _mount_id(path: str) -> str | None:
    """Return the mount ID of a path; None if the system does not report it."""
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="utf-8") as file:
            held = dict(line.split(":", 1) for line in file if ":" in line)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return held.get("mnt_id", "").strip() or None


def _chmod_fails(folder: str) -> bool:
    """Return whether ``chmod`` has no effect on a new file; False if none can be created.

    The folder is opened once, because its owner could replace it between two steps.
    """
    from pathlib import Path

    from .folder import OpenFolder

    name = f"sso-plugin-{os.urandom(8).hex()}.tmp"
    try:
        with OpenFolder(Path(folder)) as held:
            descriptor = _create(name, held.descriptor)
            try:
                return _has_no_effect(descriptor)
            finally:
                os.close(descriptor)
                held.unlink(name)
    except OSError:
        return False


def _create(name: str, folder: int | None) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(name, flags, 0o600, dir_fd=folder)


def _has_no_effect(descriptor: int) -> bool:
    with contextlib.suppress(OSError):
        os.fchmod(descriptor, 0o600)
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != 0o600:  # noqa: PLR2004 - a mode
        return True
    # Some file systems show 0600 for every file.
    with contextlib.suppress(OSError):
        os.fchmod(descriptor, 0o640)
        return stat.S_IMODE(os.fstat(descriptor).st_mode) != 0o640  # noqa: PLR2004 - a mode
    return False


_SYSTEM_ACCOUNTS = range(1, 100)
"""User IDs of accounts such as ``sync``."""

_LOCAL_SOURCES = frozenset({"db", "files", "systemd"})
"""Sources in ``/etc/nsswitch.conf`` that are on this machine."""

_own_groups: dict[tuple[int, int, frozenset[int]], bool] = {}


def is_own_group(uid: int, gid: int, trusted: frozenset[int] = frozenset()) -> bool:
    """Return whether a user is the only member of a group.

    Many systems create such a group for each user, and use umask 002, so that the group can write
    new files.

    :param trusted: users that may be members too.
    """
    key = uid, gid, trusted
    if key not in _own_groups:
        _own_groups[key] = _is_own_group(uid, gid, {uid, *trusted})
    return _own_groups[key]


def _is_own_group(uid: int, gid: int, allowed: set[int]) -> bool:
    import grp
    import pwd

    try:
        group = grp.getgrgid(gid)
        listed = {pwd.getpwnam(name).pw_uid for name in group.gr_mem}
        # In container images for any user ID, the folders belong to root's group.
        user = pwd.getpwuid(uid) if gid else None
    except KeyError:
        return False
    if user and (
        user.pw_gid != gid or not (group.gr_name == user.pw_name or _has_local_users_only())
    ):
        return False
    # Not `getpwall`: with the user directory of a company it can take a minute.
    with contextlib.suppress(OSError, ValueError), open("/etc/passwd", encoding="utf-8") as file:
        accounts = (line.split(":") for line in file)
        own = {int(each[2]) for each in accounts if each[3:4] == [str(gid)]}
        # Some system accounts, such as sync, have root's group. They run no programs.
        return listed | own.difference(() if gid else _SYSTEM_ACCOUNTS) <= {0, *allowed}
    return False


def _has_local_users_only() -> bool:
    """Return whether all users are in ``/etc/passwd``, and none in a user directory (LDAP)."""
    try:
        with open("/etc/nsswitch.conf", encoding="utf-8") as file:
            sources = [line.split()[1:] for line in file if line.startswith("passwd:")]
    except (OSError, ValueError):
        return False
    return bool(sources) and _LOCAL_SOURCES.issuperset(*sources)
