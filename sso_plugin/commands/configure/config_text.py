"""The text of an AWS config file, of which only the profiles that we wrote can be changed.

Whatever else is in the file is carried along character by character and never understood. All
that has to be known of it: a line that begins with ``[`` begins a section, for botocore too.
"""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sso_plugin.errors import ConfigError

from .profile_text import ManagedProfile, ProfileText

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ConfigText", "ProfileText"]


@dataclass
class _Piece:
    """A stretch of the file: a profile that we manage, or a person's text."""

    text: str
    profile: ManagedProfile | None = None

    @property
    def is_blank_line(self) -> bool:
        return self.profile is None and self.text in ("\n", "\r\n")


@dataclass
class ConfigText:
    """A config file in pieces. Its text, unchanged, is the text it was made of."""

    newline: str
    _pieces: list[_Piece]

    @classmethod
    def parse(cls, text: str) -> ConfigText:
        """Find the profiles that have our mark."""
        lines = _lines(text)
        ends = [*(at for at, line in enumerate(lines) if line.startswith("[")), len(lines)]
        pieces = []
        begin = 0
        for at, end in itertools.pairwise(ends):
            profile = ManagedProfile.read(lines[at:end], is_last=end == len(lines))
            if profile:
                pieces.append(_Piece("".join(lines[begin:at])))
                pieces.append(_Piece(profile.text, profile))
                begin = at + len(profile.lines)
        pieces.append(_Piece("".join(lines[begin:])))
        return cls("\r\n" if lines and lines[0].endswith("\r\n") else "\n", pieces)

    @property
    def text(self) -> str:
        """The whole file."""
        return "".join(piece.text for piece in self._pieces)

    @property
    def profiles(self) -> dict[str, ManagedProfile]:
        """The profiles that have our mark, by name."""
        return {piece.profile.name: piece.profile for piece in self._pieces if piece.profile}

    def put(self, profiles: Iterable[ProfileText]) -> None:
        """Write profiles: in their old place, else after the last one of ours, else at the end.

        One that is there gets these values. Its other lines stay.

        Precondition: no profile without our mark has one of these names.

        :raises ConfigError: if a name or a value is not one line of printable characters.
        """
        new = {profile.name: profile for profile in profiles}
        for profile in new.values():
            _check("profile", profile.name, profile.values)
        for piece in self._pieces:
            if piece.profile and piece.profile.name in new:
                values = new.pop(piece.profile.name).values
                if piece.profile.values != {**piece.profile.values, **values}:
                    piece.profile = piece.profile.with_values(values, self.newline)
                    piece.text = piece.profile.text
        added = [self._new(profile) for profile in new.values()]
        parted = [part for piece in added for part in (_Piece(self.newline), piece)]
        ours = [at for at, piece in enumerate(self._pieces) if piece.profile]
        if parted and ours:
            self._end_line(self._pieces[ours[-1]])
            self._pieces[ours[-1] + 1 : ours[-1] + 1] = parted
        elif parted:
            self._end_section()
            self._pieces += [*parted[1:], _Piece("")]

    def append(self, kind: str, name: str, values: Mapping[str, str]) -> None:
        """Add a section at the end of the file, which is not ours from then on.

        :raises ConfigError: if the name or a value is not one line of printable characters.
        """
        _check(kind, name, values)
        lines = [f"[{kind} {name}]", *(f"{key} = {value}" for key, value in values.items())]
        self._end_section()
        self._pieces.append(_Piece(self._joined(lines)))

    def remove(self, names: Iterable[str]) -> None:
        """Take out profiles of ours, and the blank lines that part them from others of ours.

        A blank line between two profiles of ours is ours; any other may be somebody else's.
        """
        for name in names:
            self._remove(name)

    def _new(self, profile: ProfileText) -> _Piece:
        text = self._joined(profile.lines())
        return _Piece(text, ManagedProfile.read(_lines(text), is_last=True))

    def _remove(self, name: str) -> None:
        pieces = self._pieces
        at = next(at for at, one in enumerate(pieces) if one.profile and one.profile.name == name)
        if at > 1 and pieces[at - 1].is_blank_line and pieces[at - 2].profile:
            del pieces[at - 1 : at + 1]
        elif at + 2 < len(pieces) and pieces[at + 1].is_blank_line and pieces[at + 2].profile:
            del pieces[at : at + 2]
        else:
            del pieces[at]

    def _end_section(self) -> None:
        """See to it that what comes next begins on a line of its own, after a blank one."""
        lines = _lines(self.text)
        if lines:
            self._end_line(self._pieces[-1], lines[-1])
            if lines[-1].strip():
                self._pieces.append(_Piece(self.newline))

    def _end_line(self, piece: _Piece, line: str | None = None) -> None:
        if not (piece.text if line is None else line).endswith(("\n", "\r")):
            piece.text += self.newline

    def _joined(self, lines: list[str]) -> str:
        return "".join(line + self.newline for line in lines)


def _check(kind: str, name: str, values: Mapping[str, str]) -> None:
    """Refuse characters that any reader of the file could take for the end of a line."""
    for key, text in {"its name": name, **values}.items():
        if not text.isprintable() or not key.isprintable():
            raise ConfigError(
                subject=f"The {kind} {name!a}",
                problem=f"cannot be written: {key!a} has control characters or line separators. "
                "Nothing was written",
            )


def _lines(text: str) -> list[str]:
    """Split at the line ends that configparser knows, and at no other; each keeps its own."""
    return list(io.StringIO(text, newline=""))
