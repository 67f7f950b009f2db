"""Whether another user could have put a file there, or changed it. SECURITY.md has the rule.

`filereading` recognizes the usual case by itself: no links, and no other user can write. This
module decides all others.
"""

# ruff: noqa: PTH100, PTH110, PTH111, PTH115, PTH116, PTH117, PTH118, PTH120 - no time for pathlib

from __future__ import annotations

import errno
import os
import shlex
import stat
from typing import NamedTuple

from .modes import has_no_modes, is_own_group

__all__ = ["UntrustedError", "open_trusted"]

_ATTEMPTS = 3
_MOST_LINKS = 40
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH


class UntrustedError(Exception):
    """Another user could have written the file. The message is the end of a sentence."""


def open_trusted(path: str, flags: int) -> int:
    """Open a file that no other user could have put there or changed.

    What is no regular file, such as ``/dev/null``, is not checked, and must not be read.

    :param flags: those of `os.open`; links are not followed by it.
    :raises UntrustedError: if another user could.
    """
    for left in reversed(range(_ATTEMPTS)):
        try:
            return _open(path, flags)
        except FileNotFoundError:  # noqa: PERF203 - it rarely comes
            # Kubernetes updates a volume by renaming a link, and then deletes the old folder.
            if not left or not os.path.exists(path):
                break
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def _open(path: str, flags: int) -> int:
    home = os.path.expanduser("~")
    home = home if os.path.isabs(home) and os.path.exists(home) else ""
    route = _Route(os.path.abspath(path), home)
    check = _Check(route)
    descriptor = os.open(route.target, flags)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            check.look_at_file(status)
            check.finish()
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


class _Route:
    """The way to a file: its path without links, and the links on the way below the home.

    :param home: the home folder; empty if there is none.
    """

    def __init__(self, path: str, home: str) -> None:
        self.path = path
        self.literal_home = home
        self.home = os.path.realpath(home) if home else ""
        self.links: list[str] = []
        self.target = self._resolve(path)

    def folders(self) -> list[str]:
        """Return the folders to be checked, each after the one that holds it."""
        found = set[str]()
        for each in (self.target, *self.links):
            folder = each
            while folder not in (self.home, "/"):
                folder = os.path.dirname(folder)
                found.add(folder)
        return sorted(found, key=lambda folder: (not self.is_in_home(folder), len(folder)))

    def _resolve(self, path: str) -> str:
        here, left = self._begin(path)
        while left:
            part = left.pop()
            if part == "..":
                here = os.path.dirname(here)
            elif part not in ("", "."):
                here = os.path.join(here, part)
                if stat.S_ISLNK(os.lstat(here).st_mode):
                    here, more = self._follow(here)
                    left += more
        return here

    def _follow(self, link: str) -> tuple[str, list[str]]:
        self.links.append(link)
        if len(self.links) > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        to = os.readlink(link)
        return self._begin(to) if to.startswith("/") else (os.path.dirname(link), _parts(to))

    def _begin(self, path: str) -> tuple[str, list[str]]:
        """Return where a way begins, and what follows. What is above the home is not checked."""
        for home in filter(None, (self.literal_home, self.home)):
            inside = home.rstrip("/") + "/"
            if path.startswith(inside):
                return self.home, _parts(path.removeprefix(inside))
        return "/", _parts(path)

    def is_in_home(self, folder: str) -> bool:
        """Tell whether a folder is the home or in it."""
        return f"{folder}/".startswith(self.home.rstrip("/") + "/") if self.home else False


def _parts(path: str) -> list[str]:
    return path.split("/")[::-1]


class _Fault(NamedTuple):
    """Why a file is not trusted.

    :param kind: ``owner``, ``mode``, or ``link``: a link of one user to a file of another one.
    """

    kind: str
    name: str
    status: os.stat_result


class _Check:
    """Who could have written what is on a route. Folders and links are checked at once."""

    def __init__(self, route: _Route) -> None:
        self._route = route
        self._user = os.geteuid()
        self._trusted = {self._user, 0}
        self._closed: dict[str, int] = {}
        """Folders that only their owners and root can write, and these owners."""
        self._owners: dict[str, int] = {}
        self._links: dict[str, os.stat_result] = {}
        self.faults: list[_Fault] = []
        if route.home:
            self._trusted.add(os.stat(route.home).st_uid)
        for folder in route.folders():
            self._look_at_folder(folder, os.lstat(folder))
        for link in route.links:
            status = os.lstat(link)
            if self._look_at_owner(link, status):
                self._links[link] = status

    def look_at_file(self, status: os.stat_result) -> None:
        """Check the file itself, by the status of its open descriptor."""
        name = self._route.target
        folder_owner = self._owners.get(os.path.dirname(name))
        self._look_at_owner(name, status)
        if status.st_mode & _WRITABLE:
            is_of_root = _is_for_group(status) and status.st_uid == 0 == folder_owner
            if not is_of_root and not self._is_closed_anyway(name, status):
                self.faults.append(_Fault("mode", name, status))
        for link, held in self._links.items():
            # Otherwise root would read for its owner what only another user can read.
            if held.st_uid not in {*self._trusted, status.st_uid, folder_owner}:
                self.faults.append(_Fault("link", link, held))

    def _look_at_folder(self, folder: str, status: os.stat_result) -> None:
        is_trusted = self._look_at_owner(folder, status)
        self._owners[folder] = status.st_uid
        is_closed = not status.st_mode & _WRITABLE
        is_accepted = status.st_mode & stat.S_ISVTX or (_is_for_group(status) and not status.st_uid)
        if not is_closed and not is_accepted:
            is_closed = self._is_closed_anyway(folder, status)
            if not is_closed:
                self.faults.append(_Fault("mode", folder, status))
        if is_closed and is_trusted:
            self._closed[folder] = status.st_uid

    def _look_at_owner(self, name: str, status: os.stat_result) -> bool:
        owner, is_trusted = status.st_uid, status.st_uid in self._trusted
        if self._user == 0 and not is_trusted:
            # Accepted if it was put there by a trusted owner, or in a folder of its own owner.
            is_trusted = self._closed.get(os.path.dirname(name)) in {*self._trusted, owner}
        if not is_trusted:
            self.faults.append(_Fault("owner", name, status))
        return is_trusted

    def _is_closed_anyway(self, name: str, status: os.stat_result) -> bool:
        """Tell whether no other user can write, although the mode says that others may."""
        if _is_for_group(status):
            trusted = frozenset(self._trusted)
            if is_own_group(status.st_uid, status.st_gid, trusted):
                return True
        return has_no_modes(name)

    def finish(self) -> None:
        """Raise `UntrustedError` if anything is wrong."""
        if self.faults:
            raise UntrustedError(self._message())

    def _message(self) -> str:
        """Say what is wrong, and which command fixes it."""
        first, target = self.faults[0], self._route.target
        what = "it" if target == self._route.path else target
        if first.name != target:
            kind = "link" if stat.S_ISLNK(first.status.st_mode) else "folder"
            what = f"the {kind} {first.name}"
        why = {
            "mode": f"other users can write {what}",
            "owner": f"{what} belongs to user {first.status.st_uid}",
            "link": f"{what} of user {first.status.st_uid} leads to a file of another user",
        }[first.kind]
        command = self._command()
        return f"{why} (if you trust it, run: {command})" if command else why

    def _command(self) -> str:
        if any(map(_is_fixed, self.faults)):
            return self._copying()
        steps = [self._step(fault) for fault in self.faults]
        return " && ".join(dict.fromkeys(steps))

    def _step(self, fault: _Fault) -> str:
        name, owner, mode = shlex.quote(fault.name), fault.status.st_uid, fault.status.st_mode
        sudo = "sudo " if self._user else ""
        if fault.kind != "mode":
            # A folder outside of the home may be one of the system.
            is_of_system = stat.S_ISDIR(mode) and not self._route.is_in_home(fault.name)
            return f"{sudo}chown -h {0 if is_of_system else self._user} {name}"
        if stat.S_ISDIR(mode) and owner == 0 != self._user:
            # So that this user can still write it.
            return f"sudo chmod +t {name}"
        if owner != self._user:
            return f"{sudo}chmod go-w {name}"
        return f"chmod {'go-w' if stat.S_ISDIR(mode) else '600'} {name}"

    def _copying(self) -> str:
        """Return the command that copies ``~/.aws`` to a file system where modes can be set."""
        aws = os.path.join(self._route.literal_home, ".aws")
        if not self._route.path.startswith(f"{aws}/"):
            return ""
        return (
            f'd=$(mktemp -d) && cp -RL {shlex.quote(aws)} "$d" && chmod -R go-w "$d" '
            '&& export HOME="$d"'
        )


def _is_for_group(status: os.stat_result) -> bool:
    """Tell whether a group, but not all users, may write."""
    return not status.st_mode & stat.S_IWOTH


def _is_fixed(fault: _Fault) -> bool:
    """Tell whether neither owner nor mode can be changed."""
    folder = os.path.dirname(fault.name)
    is_link = stat.S_ISLNK(fault.status.st_mode)
    place = folder if is_link else fault.name
    read_only = os.statvfs(place).f_flag & os.ST_RDONLY
    return bool(read_only) or (fault.kind != "mode" and has_no_modes(place))
