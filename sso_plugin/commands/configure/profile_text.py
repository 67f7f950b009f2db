"""The text of one profile that we wrote, and to which a person may have added keys and comments.

It carries a mark: a comment with a digest of its name and of the keys that we wrote. A comment,
and not a key, because no program reads it. While the digest matches, our keys are updated in
place; all other lines are the person's and are never changed. If it does not match, or if the
mark is gone, the person changed a key of ours, and the profile is theirs.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["ManagedProfile", "ProfileText", "bare"]

REGION = "region"
_OURS = ("sso_session", "sso_account_id", "sso_role_name", REGION)
_MARK = "# Managed by sso-plugin configure. Keys and comments that you add are kept: "
_MARK_OF_0_1 = "# Written by sso-plugin configure, and kept up to date until somebody changes it: "
_HEADER = re.compile(r"\[profile (?P<name>[^\s\]]+)\][^\]]*")
_OPTION = re.compile(r"(?P<key>[^\s=:][^=:]*?)\s*[=:]\s*(?P<value>.*?)\s*")


@dataclass(frozen=True)
class ProfileText:
    """A profile to write. `ConfigText.put` checks that it is printable."""

    name: str
    values: Mapping[str, str]

    def lines(self) -> list[str]:
        """Return the header, the mark and the values."""
        mark = _MARK + _digest(self.name, self.values)
        return [_header(self.name), mark, *_lines(self.values)]


@dataclass(frozen=True)
class ManagedProfile:
    """A profile with our mark, from its header to its last line.

    :param lines: its text; each line has its end.
    :param places: the lines of the keys that we may have written.
    :param mark: the line of the mark.
    :param ours: the keys that are as we wrote them; empty if a person changed one.
    """

    name: str
    lines: tuple[str, ...]
    places: Mapping[str, int]
    mark: int
    ours: frozenset[str] = frozenset()

    @classmethod
    def read(cls, section: Sequence[str], *, is_last: bool) -> ManagedProfile | None:
        """Return the profile that a section is; None if it has no mark or is not plain.

        :param section: the lines from a header to the next header, or to the end of the file.
        """
        header = _HEADER.fullmatch(bare(section[0]))
        marks = [at for at, line in enumerate(section) if line.startswith((_MARK, _MARK_OF_0_1))]
        if header is None or len(marks) != 1:
            return None
        keys = dict(_keys(section))
        places = {key: at for at, key in keys.items() if key in _OURS}
        if None in keys.values() or len(places) != sum(key in _OURS for key in keys.values()):
            return None
        lines = section[: _end(section, max([*marks, *keys]), is_last=is_last)]
        profile = cls(header["name"], tuple(lines), places, marks[0])
        return replace(profile, ours=profile._written())

    @property
    def values(self) -> dict[str, str]:
        """The keys that we may have written, in our order."""
        return {key: _value(self.lines[self.places[key]]) for key in _OURS if key in self.places}

    @property
    def text(self) -> str:
        """The lines, from the header on."""
        return "".join(self.lines)

    @property
    def has_additions(self) -> bool:
        """Whether there is anything in it that we did not write."""
        return (
            bare(self.lines[0]) != _header(self.name)
            or len(self.lines) != 2 + len(self.ours)
            or self.ours != self.places.keys()
        )

    def may_set(self, key: str) -> bool:
        """Tell whether a key can get another value: a region that a person set cannot."""
        return key != REGION or key in self.ours or key not in self.places

    def with_values(self, values: Mapping[str, str], newline: str) -> ManagedProfile:
        """Set keys of ours, in place or after the last one; every other line stays."""
        lines = list(self.lines)
        for key in values.keys() & self.places.keys():
            lines[self.places[key]] = _replaced(lines[self.places[key]], values[key])
        held = {**self.values, **values}
        if REGION not in self.ours | values.keys():
            held.pop(REGION, None)
        digest = _digest(self.name, held)
        lines[self.mark] = _MARK + digest + lines[self.mark][len(bare(lines[self.mark])) :]

        added = [key for key in values if key not in self.places]
        below = max(self.places.values(), default=self.mark)
        if added and bare(lines[below]) == lines[below]:
            lines[below] += newline
        lines[below + 1 : below + 1] = [f"{key} = {values[key]}{newline}" for key in added]
        places = {**self.places, **{key: at for at, key in enumerate(added, start=below + 1)}}
        mark = self.mark + (len(added) if self.mark > below else 0)
        return ManagedProfile(self.name, tuple(lines), places, mark, frozenset(held))

    def _written(self) -> frozenset[str]:
        """Return the keys that the digest is of: all that we may have written, or no region."""
        digest = bare(self.lines[self.mark]).rpartition(": ")[2]
        values = self.values
        without_region = {key: value for key, value in values.items() if key != REGION}
        for held in (values, without_region):
            if _digest(self.name, held) == digest:
                return frozenset(held)
        return frozenset()


def bare(line: str) -> str:
    """Return a line without its end."""
    return line.rstrip("\r\n")


def _keys(section: Sequence[str]) -> Iterator[tuple[int, str | None]]:
    """Yield the lines of a section that have a meaning, with their keys.

    A line that continues the value of a person's key has that key; a line that we cannot read as
    botocore does has none.
    """
    key: str | None = None
    for at, line in enumerate(section[1:], start=1):
        if not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        if not line[0].isspace():
            option = _OPTION.fullmatch(bare(line))
            key = option["key"].lower() if option else None
        elif key in _OURS or line.lstrip().startswith("["):
            key = None
        yield at, key


def _end(section: Sequence[str], last: int, *, is_last: bool) -> int:
    """Return where the profile ends: after its last line and the comments right below it.

    Comments right above the next header belong to that one.
    """
    end = last + 1
    while end < len(section) and section[end].startswith(("#", ";")):
        end += 1
    is_parted = is_last if end == len(section) else not section[end].strip()
    return end if is_parted else last + 1


def _value(line: str) -> str:
    option = _OPTION.fullmatch(bare(line))
    return option["value"] if option else ""


def _replaced(line: str, value: str) -> str:
    content = line.rstrip()
    return content[: len(content) - len(_value(line))] + value + line[len(content) :]


def _lines(values: Mapping[str, str]) -> list[str]:
    return [f"{key} = {value}" for key, value in values.items()]


def _header(name: str) -> str:
    return f"[profile {name}]"


def _digest(name: str, values: Mapping[str, str]) -> str:
    text = "\n".join([_header(name), *_lines(values)])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
