"""The text of a managed profile: one that we wrote. A user may add keys and comments to it.

A managed profile has a comment of ours, see `profile_comment`. While its digest matches, we update
our keys in place. All other lines belong to the user and never change. If the digest does not
match, or if the comment is missing, the user changed a key of ours. Then we leave the whole profile
alone.

There are two kinds of managed profiles, each with a comment of its own: one for a role, and one
that serves another profile through ``credential_process``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .profile_comment import OUTPUT, REGION, ProfileComment, header, option_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["ManagedProfile", "ProfileText", "without_line_end"]

_SETTABLE = (REGION, OUTPUT)
"""Managed keys that the user may set. Then the profile stays managed."""

_HEADER = re.compile(r"\[profile (?P<name>[^\s\]]+)\][^\]]*")
_OPTION = re.compile(r"(?P<key>[^\s=:][^=:]*?)\s*[=:]\s*(?P<value>.*?)\s*")


@dataclass(frozen=True)
class ProfileText:
    """A profile to write. `ConfigText.put` checks that it is printable."""

    name: str
    values: Mapping[str, str]

    def lines(self) -> list[str]:
        """Return the header, our comment and the values."""
        comment = ProfileComment.of(self.name, self.values)
        options = (option_line(key, value) for key, value in self.values.items())
        return [header(self.name), comment.line, *options]


@dataclass(frozen=True)
class ManagedProfile:
    """A profile with our comment, from its header to its last line.

    :param lines: its text. Each line includes its line end.
    :param comment: our comment.
    :param key_lines: the index of the line of each managed key.
    :param comment_line: the index of the line of our comment.
    :param user_keys: the keys that the user added.
    :param unchanged_keys: the managed keys that are as we wrote them.
    """

    name: str
    lines: tuple[str, ...]
    comment: ProfileComment
    key_lines: Mapping[str, int]
    comment_line: int
    user_keys: frozenset[str] = frozenset()
    unchanged_keys: frozenset[str] = frozenset()

    @classmethod
    def read(cls, section: Sequence[str], *, is_last: bool) -> ManagedProfile | None:
        """Return the profile in a section. Return None if it has no comment of ours.

        Also return None if we cannot read every line of the section as botocore does.

        :param section: the lines from a header to the next header, or to the end of the file.
        """
        head = _HEADER.fullmatch(without_line_end(section[0]))
        comments = dict(_comments(section))
        if head is None or len(comments) != 1:
            return None
        [(comment_line, comment)] = comments.items()
        managed = frozenset(comment.keys)
        keys = dict(_keys(section, managed))
        key_lines = {key: at for at, key in keys.items() if key in managed}
        is_repeated = len(key_lines) != sum(key in managed for key in keys.values())
        if None in keys.values() or is_repeated:
            return None
        lines = section[: _end(section, max([comment_line, *keys]), is_last=is_last)]
        user_keys = frozenset(key for key in keys.values() if key and key not in managed)
        profile = cls(head["name"], tuple(lines), comment, key_lines, comment_line, user_keys)
        unchanged = comment.unchanged_keys(profile.name, profile.values)
        return replace(profile, unchanged_keys=unchanged)

    @property
    def values(self) -> dict[str, str]:
        """The values of the managed keys."""
        return {
            key: _value(self.lines[self.key_lines[key]])
            for key in self.comment.keys
            if key in self.key_lines
        }

    @property
    def text(self) -> str:
        """All lines of the profile, with the header."""
        return "".join(self.lines)

    @property
    def is_unchanged(self) -> bool:
        """Whether the managed keys are as we wrote them. Some of them may be the user's."""
        return self.comment.keys[0] in self.unchanged_keys

    @property
    def is_process(self) -> bool:
        """Whether the profile serves another one through ``credential_process``."""
        return self.comment.is_of_process

    @property
    def has_additions(self) -> bool:
        """Whether the profile has anything that we did not write."""
        return (
            without_line_end(self.lines[0]) != header(self.name)
            or len(self.lines) != 2 + len(self.unchanged_keys)
            or self.unchanged_keys != self.key_lines.keys()
        )

    def may_set(self, key: str) -> bool:
        """Return whether we may change a key. A region or a key that the user set is kept."""
        if not self._is_settable(key):
            return key not in self.user_keys
        return key in self.unchanged_keys or key not in self.key_lines

    def with_values(self, values: Mapping[str, str], newline: str) -> ManagedProfile:
        """Set managed keys in place. Add new ones below the last one. Keep all other lines."""
        lines = list(self.lines)
        for key in values.keys() & self.key_lines.keys():
            lines[self.key_lines[key]] = _with_value(lines[self.key_lines[key]], key, values[key])
        written = {
            key: value
            for key, value in {**self.values, **values}.items()
            if key in values or key in self.unchanged_keys or not self._is_settable(key)
        }
        comment = ProfileComment.of(self.name, written)
        old_comment = lines[self.comment_line]
        lines[self.comment_line] = comment.line + old_comment[len(without_line_end(old_comment)) :]

        added = [key for key in values if key not in self.key_lines]
        last = max(self.key_lines.values(), default=self.comment_line)
        if added and without_line_end(lines[last]) == lines[last]:
            lines[last] += newline
        lines[last + 1 : last + 1] = [option_line(key, values[key]) + newline for key in added]
        key_lines = {**self.key_lines, **{key: at for at, key in enumerate(added, start=last + 1)}}
        comment_line = self.comment_line + (len(added) if self.comment_line > last else 0)
        return replace(
            self,
            lines=tuple(lines),
            comment=comment,
            key_lines=key_lines,
            comment_line=comment_line,
            unchanged_keys=frozenset(written),
        )

    def _is_settable(self, key: str) -> bool:
        return key in self.key_lines and (key in _SETTABLE or key in self.comment.settings)


def without_line_end(line: str) -> str:
    """Return a line without its line end."""
    return line.rstrip("\r\n")


def _comments(section: Sequence[str]) -> Iterator[tuple[int, ProfileComment]]:
    """Yield each comment of ours, with the index of its line."""
    for at, line in enumerate(section):
        if line.startswith("#") and (comment := ProfileComment.read(line)):
            yield at, comment


def _keys(section: Sequence[str], managed: frozenset[str]) -> Iterator[tuple[int, str | None]]:
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


def _with_value(line: str, key: str, value: str) -> str:
    content, old = line.rstrip(), _value(line)
    if not old or not value:
        return option_line(key, value) + line[len(without_line_end(line)) :]
    return content[: len(content) - len(old)] + value + line[len(content) :]
