"""Decide whether another user could have created or changed a file. SECURITY.md has the rule.

`reading` recognizes the usual case: no links, and no other user can write. This module decides all
other cases.
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

_MAX_ATTEMPTS = 3

_MAX_LINKS = 40
"""As in the Linux kernel."""

_WRITABLE = stat.S_IWGRP | stat.S_IWOTH


class UntrustedError(Exception):
    """Another user could have written the file. The message is the end of a sentence."""


def open_trusted(path: str, flags: int) -> int:
    """Open a file that no other user could have created or changed.

    A file that is not regular, such as ``/dev/null``, is not checked. It must not be read.

    :param flags: for `os.open`. They have to prevent that it follows links.
    :raises UntrustedError: if another user could have created or changed the file.
    """
    for left in reversed(range(_MAX_ATTEMPTS)):
        try:
            return _open(path, flags)
        except FileNotFoundError:  # noqa: PERF203 - it is rare
            # Kubernetes updates a volume by renaming a link, then deletes the old folder.
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
            check.check_file(status)
            check.finish()
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


class _Route:
    """The path of a file without links, and the links that led there, below the home.

    :param home: the home folder; empty if it does not exist.
    """

    def __init__(self, path: str, home: str) -> None:
        self.path = path
        self.literal_home = home
        self.home = os.path.realpath(home) if home else ""
        self.links: list[str] = []
        self.target = self._resolve(path)

    def folders(self) -> list[str]:
        """Return the folders to check, each after its parent."""
        found = set[str]()
        for each in (self.target, *self.links):
            folder = each
            while folder not in (self.home, "/"):
                folder = os.path.dirname(folder)
                found.add(folder)
        return sorted(found, key=lambda folder: (not self.is_in_home(folder), len(folder)))

    def _resolve(self, path: str) -> str:
        here, left = self._start(path)
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
        if len(self.links) > _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        target = os.readlink(link)
        if target.startswith("/"):
            return self._start(target)
        return os.path.dirname(link), _parts(target)

    def _start(self, path: str) -> tuple[str, list[str]]:
        """Return where to begin, and the parts that follow. Nothing above the home is checked."""
        for home in filter(None, (self.literal_home, self.home)):
            inside = home.rstrip("/") + "/"
            if path.startswith(inside):
                return self.home, _parts(path.removeprefix(inside))
        return "/", _parts(path)

    def is_in_home(self, folder: str) -> bool:
        """Return whether a folder is the home, or is in it."""
        return f"{folder}/".startswith(self.home.rstrip("/") + "/") if self.home else False


def _parts(path: str) -> list[str]:
    return path.split("/")[::-1]


class _Problem(NamedTuple):
    """Why a file is not trusted.

    :param kind: ``owner``, ``mode``, or ``link``: a link of one user to a file of another one.
    """

    kind: str
    name: str
    status: os.stat_result


class _Check:
    """Finds who could have written a file. The constructor checks the folders and links."""

    def __init__(self, route: _Route) -> None:
        self._route = route
        self._user = os.geteuid()
        self._trusted = {self._user, 0}
        self._closed: dict[str, int] = {}
        """The folders that only their owner and root can write, with their owner."""
        self._owners: dict[str, int] = {}
        self._links: dict[str, os.stat_result] = {}
        self.problems: list[_Problem] = []
        if route.home:
            self._trusted.add(os.stat(route.home).st_uid)
        for folder in route.folders():
            self._check_folder(folder, os.lstat(folder))
        for link in route.links:
            status = os.lstat(link)
            if self._check_owner(link, status):
                self._links[link] = status

    def check_file(self, status: os.stat_result) -> None:
        """Check the file itself, by the status of its open descriptor."""
        name = self._route.target
        folder_owner = self._owners.get(os.path.dirname(name))
        self._check_owner(name, status)
        if status.st_mode & _WRITABLE:
            is_of_root = _is_for_group(status) and status.st_uid == 0 == folder_owner
            if not is_of_root and not self._is_protected(name, status):
                self.problems.append(_Problem("mode", name, status))
        for link, held in self._links.items():
            # Otherwise root would read, for the owner of the link, a file of another user.
            if held.st_uid not in {*self._trusted, status.st_uid, folder_owner}:
                self.problems.append(_Problem("link", link, held))

    def _check_folder(self, folder: str, status: os.stat_result) -> None:
        is_trusted = self._check_owner(folder, status)
        self._owners[folder] = status.st_uid
        is_closed = not status.st_mode & _WRITABLE
        is_accepted = status.st_mode & stat.S_ISVTX or (_is_for_group(status) and not status.st_uid)
        if not is_closed and not is_accepted:
            is_closed = self._is_protected(folder, status)
            if not is_closed:
                self.problems.append(_Problem("mode", folder, status))
        if is_closed and is_trusted:
            self._closed[folder] = status.st_uid

    def _check_owner(self, name: str, status: os.stat_result) -> bool:
        owner, is_trusted = status.st_uid, status.st_uid in self._trusted
        if self._user == 0 and not is_trusted:
            # Root also accepts a file in a folder that only a trusted or the same owner can write.
            is_trusted = self._closed.get(os.path.dirname(name)) in {*self._trusted, owner}
        if not is_trusted:
            self.problems.append(_Problem("owner", name, status))
        return is_trusted

    def _is_protected(self, name: str, status: os.stat_result) -> bool:
        """Return whether no other user can write a file although its mode allows that."""
        if _is_for_group(status):
            trusted = frozenset(self._trusted)
            if is_own_group(status.st_uid, status.st_gid, trusted):
                return True
        return has_no_modes(name)

    def finish(self) -> None:
        """Raise `UntrustedError` if a check has failed."""
        if self.problems:
            raise UntrustedError(self._message())

    def _message(self) -> str:
        """Describe the first problem, and the command that fixes all."""
        first, target = self.problems[0], self._route.target
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
        if any(map(_is_unchangeable, self.problems)):
            return self._copy_command()
        steps = [self._step(problem) for problem in self.problems]
        return " && ".join(dict.fromkeys(steps))

    def _step(self, problem: _Problem) -> str:
        name, owner, mode = shlex.quote(problem.name), problem.status.st_uid, problem.status.st_mode
        sudo = "sudo " if self._user else ""
        if problem.kind != "mode":
            # A folder outside of the home may belong to the system.
            is_of_system = stat.S_ISDIR(mode) and not self._route.is_in_home(problem.name)
            return f"{sudo}chown -h {0 if is_of_system else self._user} {name}"
        if stat.S_ISDIR(mode) and owner == 0 != self._user:
            # With the sticky bit, this user can still write it.
            return f"sudo chmod +t {name}"
        if owner != self._user:
            return f"{sudo}chmod go-w {name}"
        return f"chmod {'go-w' if stat.S_ISDIR(mode) else '600'} {name}"

    def _copy_command(self) -> str:
        """Return a command that copies ``~/.aws`` to a file system with modes."""
        aws = os.path.join(self._route.literal_home, ".aws")
        if not self._route.path.startswith(f"{aws}/"):
            return ""
        return (
            f'd=$(mktemp -d) && cp -RL {shlex.quote(aws)} "$d" && chmod -R go-w "$d" '
            '&& export HOME="$d"'
        )


def _is_for_group(status: os.stat_result) -> bool:
    """Return whether the mode lets a group write, but not all users."""
    return not status.st_mode & stat.S_IWOTH


def _is_unchangeable(problem: _Problem) -> bool:
    """Return whether neither the owner nor the mode can be changed."""
    folder = os.path.dirname(problem.name)
    is_link = stat.S_ISLNK(problem.status.st_mode)
    place = folder if is_link else problem.name
    read_only = os.statvfs(place).f_flag & os.ST_RDONLY
    return bool(read_only) or (problem.kind != "mode" and has_no_modes(place))
