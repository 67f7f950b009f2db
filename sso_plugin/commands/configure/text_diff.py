"""A unified diff of two long texts with sections. Its time grows linearly with their length.

`difflib` alone takes minutes if each of some thousand profiles changes. So we call it twice: first
to find the sections that are in both texts, then to find the differences in each of them.
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
    """Yield the lines of the diff. No lines if there is no difference."""
    matcher = _Matcher(None, "", "")
    matcher.opcodes_found = list(_merge_equal(_opcodes(_sections(before), _sections(after))))
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
    """Groups opcodes that were computed before."""

    opcodes_found: list[Opcode]

    def get_opcodes(self) -> list[Opcode]:  # type: ignore[override]  # literals in the stubs
        return self.opcodes_found


def _sections(lines: Sequence[str]) -> list[Section]:
    starts = [at for at, line in enumerate(lines) if line.startswith("[")]
    ends = [*starts, len(lines)]
    return [tuple(lines[start:end]) for start, end in zip([0, *starts], ends, strict=True)]


def _opcodes(before: list[Section], after: list[Section]) -> Iterator[Opcode]:
    """Yield the opcodes of the lines. Sections with the same header are the same section."""
    at, other_at = _offsets(before), _offsets(after)
    matcher = difflib.SequenceMatcher(None, _headers(before), _headers(after), autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                yield from _opcodes_within(before[i], after[j], at[i], other_at[j])
        else:
            yield tag, at[i1], at[i2], other_at[j1], other_at[j2]


def _merge_equal(opcodes: Iterable[Opcode]) -> Iterator[Opcode]:
    """Merge adjacent "equal" opcodes, because `difflib` expects that."""
    equal: Opcode | None = None
    for opcode in opcodes:
        if equal and opcode[0] == "equal":
            equal = ("equal", equal[1], opcode[2], equal[3], opcode[4])
            continue
        if equal:
            yield equal
        equal = opcode if opcode[0] == "equal" else None
        if equal is None:
            yield opcode
    if equal:
        yield equal


def _headers(sections: list[Section]) -> list[str]:
    return [section[0] if section and section[0].startswith("[") else "" for section in sections]


def _opcodes_within(old: Section, new: Section, at: int, other_at: int) -> Iterator[Opcode]:
    if old == new:
        yield "equal", at, at + len(old), other_at, other_at + len(new)
        return
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new).get_opcodes():
        yield tag, at + i1, at + i2, other_at + j1, other_at + j2


def _offsets(sections: list[Section]) -> list[int]:
    return list(accumulate(map(len, sections), initial=0))


def _range(start: int, stop: int) -> str:
    """Return a range as `diff` writes it. An empty range has the number of the line before it."""
    length = stop - start
    return f"{start + 1 if length else start},{length}"
