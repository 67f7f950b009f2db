"""The text of a managed profile: one that we wrote. A user may add keys and comments to it.

A managed profile has a comment of ours, with a digest of its name and of the values that we wrote.
It is a comment and not a key, because no program reads comments. While the digest matches, we
update our keys in place. All other lines belong to the user and never change. If the digest does
not match, or if the comment is missing, the user changed a key of ours. Then we leave the whole
profile alone.

There are two kinds of managed profiles, each with a comment of its own: one for a role, and one
that serves another profile through ``credential_process``.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

__all__ = ["OUTPUT", "PROCESS", "REGION", "ManagedProfile", "ProfileText", "without_line_end"]

PROCESS = "credential_process"
REGION = "region"
OUTPUT = "output"
_SETTABLE = (REGION, OUTPUT)
"""Managed keys that the user may set. Then the profile stays managed."""

_COMMENT = "# Managed by sso-plugin configure. Keys and comments that you add are kept: "
_COMMENT_OF_PROCESS = (
    "# Managed by sso-plugin configure --credential-process. "
    "Keys and comments that you add are kept: "
)
_COMMENT_OF_0_1 = (
    "# Written by sso-plugin configure, and kept up to date until somebody changes it: "
)
"""What version 0.1 wrote. The digest is the same."""

_KEYS_OF_ROLE = ("sso_session", "sso_account_id", "sso_role_name", REGION)
_MANAGED_KEYS = {
    _COMMENT: _KEYS_OF_ROLE,
    _COMMENT_OF_0_1: _KEYS_OF_ROLE,
    _COMMENT_OF_PROCESS: (PROCESS, REGION, OUTPUT),
}
"""For each of our comments: the keys that we write below it, in this order."""

_HEADER = re.compile(r"\[profile (?P<name>[^\s\]]+)\][^\]]*")
_OPTION = re.compile(r"(?P<key>[^\s=:][^=:]*?)\s*[=:]\s*(?P<value>.*?)\s*")


@dataclass(frozen=True)
class ProfileText:
    """A profile to write. `ConfigText.put` checks that it is printable."""

    name: str
    values: Mapping[str, str]

    def lines(self) -> list[str]:
        """Return the header, our comment and the values."""
        comment = _COMMENT_OF_PROCESS if PROCESS in self.values else _COMMENT
        digest = _digest(self.name, self.values)
        return [_header(self.name), comment + digest, *_lines(self.values)]


@dataclass(frozen=True)
class ManagedProfile:
    """A profile with our comment, from its header to its last line.

    :param lines: its text. Each line includes its line end.
    :param managed_keys: the keys that we write into a profile with this comment.
    :param key_lines: the index of the line of each managed key.
    :param comment_line: the index of the line of our comment.
    :param unchanged_keys: the managed keys that are as we wrote them. They are all managed keys,
        or all but a region or output that the user set. Empty if the user changed any other
        managed key.
    """

    name: str
    lines: tuple[str, ...]
    managed_keys: tuple[str, ...]
    key_lines: Mapping[str, int]
    comment_line: int
    unchanged_keys: frozenset[str] = frozenset()

    @classmethod
    def read(cls, section: Sequence[str], *, is_last: bool) -> ManagedProfile | None:
        """Return the profile in a section. Return None if it has no comment of ours.

        Also return None if we cannot read every line of the section as botocore does.

        :param section: the lines from a header to the next header, or to the end of the file.
        """
        header = _HEADER.fullmatch(without_line_end(section[0]))
        comments = dict(_comments(section))
        if header is None or len(comments) != 1:
            return None
        [(comment_line, managed)] = comments.items()
        keys = dict(_keys(section, managed))
        key_lines = {key: at for at, key in keys.items() if key in managed}
        is_repeated = len(key_lines) != sum(key in managed for key in keys.values())
        if None in keys.values() or is_repeated:
            return None
        lines = section[: _end(section, max([comment_line, *keys]), is_last=is_last)]
        profile = cls(header["name"], tuple(lines), managed, key_lines, comment_line)
        return replace(profile, unchanged_keys=profile._keys_of_digest())

    @property
    def values(self) -> dict[str, str]:
        """The values of the managed keys."""
        return {
            key: _value(self.lines[self.key_lines[key]])
            for key in self.managed_keys
            if key in self.key_lines
        }

    @property
    def text(self) -> str:
        """All lines of the profile, with the header."""
        return "".join(self.lines)

    @property
    def is_unchanged(self) -> bool:
        """Whether the managed keys are as we wrote them. A region or output may be the user's."""
        return bool(self.unchanged_keys)

    @property
    def is_process(self) -> bool:
        """Whether the profile serves another one through ``credential_process``."""
        return PROCESS in self.managed_keys

    @property
    def has_additions(self) -> bool:
        """Whether the profile has anything that we did not write."""
        return (
            without_line_end(self.lines[0]) != _header(self.name)
            or len(self.lines) != 2 + len(self.unchanged_keys)
            or self.unchanged_keys != self.key_lines.keys()
        )

    def may_set(self, key: str) -> bool:
        """Return whether we may change a managed key. A region that the user set is kept."""
        return key not in _SETTABLE or key in self.unchanged_keys or key not in self.key_lines

    def with_values(self, values: Mapping[str, str], newline: str) -> ManagedProfile:
        """Set managed keys in place. Add new ones below the last one. Keep all other lines."""
        lines = list(self.lines)
        for key in values.keys() & self.key_lines.keys():
            lines[self.key_lines[key]] = _with_value(lines[self.key_lines[key]], values[key])
        set_by_user = {*_SETTABLE} - self.unchanged_keys - values.keys()
        written = _without({**self.values, **values}, set_by_user)
        digest = _digest(self.name, written)
        comment = _COMMENT_OF_PROCESS if self.is_process else _COMMENT
        old_comment = lines[self.comment_line]
        lines[self.comment_line] = (
            comment + digest + old_comment[len(without_line_end(old_comment)) :]
        )

        added = [key for key in values if key not in self.key_lines]
        last = max(self.key_lines.values(), default=self.comment_line)
        if added and without_line_end(lines[last]) == lines[last]:
            lines[last] += newline
        lines[last + 1 : last + 1] = [f"{key} = {values[key]}{newline}" for key in added]
        key_lines = {**self.key_lines, **{key: at for at, key in enumerate(added, start=last + 1)}}
        comment_line = self.comment_line + (len(added) if self.comment_line > last else 0)
        return replace(
            self,
            lines=tuple(lines),
            key_lines=key_lines,
            comment_line=comment_line,
            unchanged_keys=frozenset(written),
        )

    def _keys_of_digest(self) -> frozenset[str]:
        """Return the keys that the digest was made of: all managed keys, or all but the user's."""
        digest = without_line_end(self.lines[self.comment_line]).rpartition(": ")[2]
        for set_by_user in ((), (REGION,), (OUTPUT,), _SETTABLE):
            written = _without(self.values, set_by_user)
            if _digest(self.name, written) == digest:
                return frozenset(written)
        return frozenset()


def without_line_end(line: str) -> str:
    """Return a line without its line end."""
    return line.rstrip("\r\n")


def _comments(section: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the index of each comment of ours, and the keys that we write below it."""
    for at, line in enumerate(section):
        for comment, keys in _MANAGED_KEYS.items():
            if line.startswith(comment):
                yield at, keys


def _keys(section: Sequence[str], managed: Sequence[str]) -> Iterator[tuple[int, str | None]]:
    """Yield the index and the key of each line, except blank lines and comments.

    A line that continues the value of a user's key has the same key. The key is None if we cannot
    read the line as botocore does.
    """
    key: str | None = None
    for at, line in enumerate(section[1:], start=1):
        if not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        if not line[0].isspace():
            option = _OPTION.fullmatch(without_line_end(line))
            key = option["key"].lower() if option else None
        elif key in managed or line.lstrip().startswith("["):
            key = None
        yield at, key


def _end(section: Sequence[str], last: int, *, is_last: bool) -> int:
    """Return the index after the last line of the profile and the comments directly below it.

    Comments directly above the next header belong to that header.
    """
    end = last + 1
    while end < len(section) and section[end].startswith(("#", ";")):
        end += 1
    is_separate = is_last if end == len(section) else not section[end].strip()
    return end if is_separate else last + 1


def _value(line: str) -> str:
    option = _OPTION.fullmatch(without_line_end(line))
    return option["value"] if option else ""


def _with_value(line: str, value: str) -> str:
    content = line.rstrip()
    return content[: len(content) - len(_value(line))] + value + line[len(content) :]


def _without(values: Mapping[str, str], keys: Collection[str]) -> dict[str, str]:
    return {key: value for key, value in values.items() if key not in keys}


def _lines(values: Mapping[str, str]) -> list[str]:
    return [f"{key} = {value}" for key, value in values.items()]


def _header(name: str) -> str:
    return f"[profile {name}]"


def _digest(name: str, values: Mapping[str, str]) -> str:
    text = "\n".join([_header(name), *_lines(values)])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
