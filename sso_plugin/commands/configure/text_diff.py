"""A unified diff of two long texts that consist of sections, in time that grows with their length.

`difflib` alone takes minutes for a config file of some thousand profiles that each change a bit,
so it is asked twice: which sections are in both, and then what differs in each of these.
"""

from __future__ import annotations

import difflib
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Opcode = tuple[str, int, int, int, int]
    Section = tuple[str, ...]

__all__ = ["unified_diff"]


def unified_diff(before: Sequence[str], after: Sequence[str], name: str) -> Iterator[str]:
    """Yield the lines of the diff; none if there is no difference."""
    matcher = _Matcher(None, "", "")
    matcher.found = list(_merged(_opcodes(_sections(before), _sections(after))))
    for number, group in enumerate(matcher.get_grouped_opcodes()):
        if number == 0:
            yield f"--- {name}"
            yield f"+++ {name}"
        (_, i1, _, j1, _), (_, _, i2, _, j2) = group[0], group[-1]
        yield f"@@ -{_range(i1, i2)} +{_range(j1, j2)} @@"
        for tag, start, stop, other_start, other_stop in group:
            if tag == "equal":
                yield from (f" {line}" for line in before[start:stop])
                continue
            yield from (f"-{line}" for line in before[start:stop])
            yield from (f"+{line}" for line in after[other_start:other_stop])


class _Matcher(difflib.SequenceMatcher[str]):
    """Groups differences that were found elsewhere."""

    found: list[Opcode]

    def get_opcodes(self) -> list[Opcode]:  # type: ignore[override]  # literals in the stubs
        return self.found


def _sections(lines: Sequence[str]) -> list[Section]:
    starts = [at for at, line in enumerate(lines) if line.startswith("[")]
    ends = [*starts, len(lines)]
    return [tuple(lines[start:end]) for start, end in zip([0, *starts], ends, strict=True)]


def _opcodes(before: list[Section], after: list[Section]) -> Iterator[Opcode]:
    """Yield what differs, line by line; sections of the same header are the same section."""
    at, other_at = _offsets(before), _offsets(after)
    matcher = difflib.SequenceMatcher(None, _headers(before), _headers(after), autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                yield from _within(before[i], after[j], at[i], other_at[j])
        else:
            yield tag, at[i1], at[i2], other_at[j1], other_at[j2]


def _merged(opcodes: Iterable[Opcode]) -> Iterator[Opcode]:
    """Make one of what is the same and stands next to each other, as `difflib` expects it."""
    same: Opcode | None = None
    for opcode in opcodes:
        if same and opcode[0] == "equal":
            same = ("equal", same[1], opcode[2], same[3], opcode[4])
            continue
        if same:
            yield same
        same = opcode if opcode[0] == "equal" else None
        if same is None:
            yield opcode
    if same:
        yield same


def _headers(sections: list[Section]) -> list[str]:
    return [section[0] if section and section[0].startswith("[") else "" for section in sections]


def _within(old: Section, new: Section, at: int, other_at: int) -> Iterator[Opcode]:
    if old == new:
        yield "equal", at, at + len(old), other_at, other_at + len(new)
        return
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new).get_opcodes():
        yield tag, at + i1, at + i2, other_at + j1, other_at + j2


def _offsets(sections: list[Section]) -> list[int]:
    return list(accumulate(map(len, sections), initial=0))


def _range(start: int, stop: int) -> str:
    """Name lines as `diff` does: counted from 1, and none by the line before."""
    length = stop - start
    return f"{start + 1 if length else start},{length}"
