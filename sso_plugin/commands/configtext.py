"""The text of an AWS config file, of which only the profiles that we wrote can be changed.

Each of them carries a mark: a comment with a digest of the profile as we wrote it. A profile that
differs from its digest was changed by hand and is the user's from then on. A comment, and not a
key, because no program reads it; if one drops it, the profile becomes the user's, which is safe.

Whatever else is in the file is carried along character by character and never understood. All
that has to be known of it: a line that begins with ``[`` begins a section, for botocore too.
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sso_plugin.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["ConfigText", "ProfileText"]

_HEADER = re.compile(r"\[profile (?P<name>\S+)\]")
_MARK = "# Written by sso-plugin configure, and kept up to date until somebody changes it: "
_VALUE = re.compile(r"(?P<key>\w+) = (?P<value>.*)")


@dataclass(frozen=True)
class ProfileText:
    """A profile as we write it. `ConfigText.put` checks that it is printable."""

    name: str
    values: dict[str, str]

    def lines(self) -> list[str]:
        """Return the header, the mark and the values."""
        header = f"[profile {self.name}]"
        values = [f"{key} = {value}" for key, value in self.values.items()]
        return [header, _MARK + _digest(header, values), *values]


@dataclass
class _Piece:
    """A stretch of the file: a profile of ours, or somebody else's text."""

    text: str
    profile: ProfileText | None = None

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
        """Find the profiles that we wrote and nobody has changed."""
        lines = _lines(text)
        pieces = []
        begin = at = 0
        while at < len(lines):
            profile = _written_by_us(lines, at)
            if profile is None:
                at += 1
                continue
            end = at + len(profile.lines())
            pieces.append(_Piece("".join(lines[begin:at])))
            pieces.append(_Piece("".join(lines[at:end]), profile))
            begin = at = end
        pieces.append(_Piece("".join(lines[begin:])))
        return cls("\r\n" if lines and lines[0].endswith("\r\n") else "\n", pieces)

    @property
    def text(self) -> str:
        """The whole file."""
        return "".join(piece.text for piece in self._pieces)

    @property
    def profiles(self) -> dict[str, ProfileText]:
        """What we wrote and nobody has changed, by name."""
        return {piece.profile.name: piece.profile for piece in self._pieces if piece.profile}

    def put(self, profiles: Iterable[ProfileText]) -> None:
        """Write profiles: in their old place, else after the last one of ours, else at the end.

        Precondition: nobody else has written a profile of these names.

        :raises ConfigError: if a name or a value is not one line of printable characters.
        """
        new = {profile.name: profile for profile in profiles}
        for profile in new.values():
            _check("profile", profile.name, profile.values)
        for piece in self._pieces:
            if piece.profile and piece.profile.name in new:
                profile = new.pop(piece.profile.name)
                if profile != piece.profile:
                    piece.text, piece.profile = self._joined(profile.lines()), profile
        added = [_Piece(self._joined(each.lines()), each) for each in new.values()]
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
                error_msg=f"The {kind} {name!a} cannot be written: {key!a} has control characters "
                "or line separators. Nothing was written."
            )


def _written_by_us(lines: list[str], at: int) -> ProfileText | None:
    """Return the profile that begins with this line, if it is as we wrote it."""
    header = _HEADER.fullmatch(_bare(lines[at]))
    if header is None or at + 1 == len(lines) or not lines[at + 1].startswith(_MARK):
        return None
    values = dict(_leading_values(_lines_from(lines, at + 2)))
    written = ProfileText(header["name"], values)
    end = at + len(written.lines())
    same = [_bare(line) for line in lines[at:end]] == written.lines()
    return written if same and not _goes_on(_lines_from(lines, end)) else None


def _leading_values(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        value = _VALUE.fullmatch(_bare(line))
        if value is None:
            return
        yield value["key"], value["value"]


def _goes_on(lines: Iterable[str]) -> bool:
    """Tell whether the section that ends before these lines has more in it for a reader."""
    for line in lines:
        if line.startswith("["):
            return False
        if line.strip() and not line.lstrip().startswith(("#", ";")):
            return True
    return False


def _lines(text: str) -> list[str]:
    """Split at the line ends that configparser knows, and at no other; each keeps its own."""
    return list(io.StringIO(text, newline=""))


def _lines_from(lines: list[str], at: int) -> Iterator[str]:
    return (lines[index] for index in range(at, len(lines)))


def _bare(line: str) -> str:
    return line.rstrip("\r\n")


def _digest(header: str, values: list[str]) -> str:
    return hashlib.sha256("\n".join([header, *values]).encode()).hexdigest()[:16]
