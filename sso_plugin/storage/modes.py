"""What the mode of a file says: on which file systems nothing, and of which groups."""

# ruff: noqa: PTH120, PTH123 - importing pathlib takes longer than reading a file

from __future__ import annotations

import contextlib
import os
import stat

__all__ = ["has_no_modes", "is_listed_without_modes", "is_own_group"]

_WITHOUT_MODES = frozenset({"drvfs", "exfat", "hfs", "hpfs", "msdos", "ntfs", "vboxsf", "vfat"})
_UNIX_EXTENSIONS = frozenset({"cifsacl", "idsfromsid", "modefromsid", "posix", "unix"})

_with_modes: set[int] = set()
"""Devices where a temporary file has shown that ``chmod`` has an effect."""


def has_no_modes(path: str) -> bool:
    """Tell whether ``chmod`` has no effect on a file system. Then modes say nothing about a file.

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
    """Tell whether a mount is listed with a type and options that store no modes.

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
    """Return the id of the mount that a path is on; None if the system does not say."""
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
    """Tell whether ``chmod`` has no effect in a folder; False if that cannot be tried.

    It is not reached by name twice: its owner could put another one in its place meanwhile.
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
    # A file system may show 0600 for every file.
    with contextlib.suppress(OSError):
        os.fchmod(descriptor, 0o640)
        return stat.S_IMODE(os.fstat(descriptor).st_mode) != 0o640  # noqa: PLR2004 - a mode
    return False


_SYSTEM_ACCOUNTS = range(1, 100)
_FILES = frozenset({"db", "files", "systemd"})

_own_groups: dict[tuple[int, int, frozenset[int]], bool] = {}


def is_own_group(uid: int, gid: int, trusted: frozenset[int] = frozenset()) -> bool:
    """Tell whether a group is the own one of a user: no other user is a member.

    Many systems make such groups, with umask 002, so that new files are writable for them.

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
        # In images for any user id, the folders of the image's user are of root's group.
        user = pwd.getpwuid(uid) if gid else None
    except KeyError:
        return False
    if user and (user.pw_gid != gid or not (group.gr_name == user.pw_name or _has_files_only())):
        return False
    # Not `getpwall`: in a directory of a company it can take a minute.
    with contextlib.suppress(OSError, ValueError), open("/etc/passwd", encoding="utf-8") as file:
        accounts = (line.split(":") for line in file)
        own = {int(each[2]) for each in accounts if each[3:4] == [str(gid)]}
        # Some accounts of the system, such as sync, have the group of root. They run nothing.
        return listed | own.difference(() if gid else _SYSTEM_ACCOUNTS) <= {0, *allowed}
    return False


def _has_files_only() -> bool:
    """Tell whether all users are in ``/etc/passwd``: no directory of a company has others."""
    try:
        with open("/etc/nsswitch.conf", encoding="utf-8") as file:
            sources = [line.split()[1:] for line in file if line.startswith("passwd:")]
    except (OSError, ValueError):
        return False
    return bool(sources) and _FILES.issuperset(*sources)
