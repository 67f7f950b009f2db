r"""The text of an AWS config file, of which only the managed profiles can be changed.

All other text is kept character by character, and is not parsed. The only rule that we need is
that a line which begins with ``[`` begins a section, as for botocore.

This is not done by ConfigUpdater (https://pypi.org/project/ConfigUpdater), because it changes or
refuses files that botocore reads: it adds ``\n`` after a line that ends in ``\r``, it refuses an
indented comment above the first section, and it writes changed lines with ``\n`` only.
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
class _Part:
    """A part of the file: one managed profile, or the other text between two of them."""

    text: str
    profile: ManagedProfile | None = None

    @property
    def is_blank_line(self) -> bool:
        return self.profile is None and self.text in ("\n", "\r\n")


@dataclass
class ConfigText:
    """A config file in parts. Unless it is changed, its text is exactly what was parsed."""

    newline: str
    _parts: list[_Part]

    @classmethod
    def parse(cls, text: str) -> ConfigText:
        """Find the managed profiles."""
        lines = _lines(text)
        headers = [at for at, line in enumerate(lines) if line.startswith("[")]
        parts = []
        begin = 0
        for at, end in itertools.pairwise([*headers, len(lines)]):
            profile = ManagedProfile.read(lines[at:end], is_last=end == len(lines))
            if profile:
                parts.append(_Part("".join(lines[begin:at])))
                parts.append(_Part(profile.text, profile))
                begin = at + len(profile.lines)
        parts.append(_Part("".join(lines[begin:])))
        return cls("\r\n" if lines and lines[0].endswith("\r\n") else "\n", parts)

    @property
    def text(self) -> str:
        """The whole file."""
        return "".join(part.text for part in self._parts)

    @property
    def profiles(self) -> dict[str, ManagedProfile]:
        """The managed profiles by name."""
        return {part.profile.name: part.profile for part in self._parts if part.profile}

    def put(self, profiles: Iterable[ProfileText]) -> None:
        """Update managed profiles in place. Add new ones after the last one, or at the end.

        An existing profile gets these values. Its other lines stay.

        Precondition: no profile that is not managed has one of these names.

        :raises ConfigError: if a name or a value is not one line of printable characters.
        """
        new = {profile.name: profile for profile in profiles}
        for profile in new.values():
            _check("profile", profile.name, profile.values)
        for part in self._parts:
            if part.profile and part.profile.name in new:
                values = new.pop(part.profile.name).values
                if part.profile.values != {**part.profile.values, **values}:
                    part.profile = part.profile.with_values(values, self.newline)
                    part.text = part.profile.text
        added = [self._new(profile) for profile in new.values()]
        separated = [part for profile in added for part in (_Part(self.newline), profile)]
        managed = [at for at, part in enumerate(self._parts) if part.profile]
        if separated and managed:
            self._end_line(self._parts[managed[-1]])
            self._parts[managed[-1] + 1 : managed[-1] + 1] = separated
        elif separated:
            self._end_section()
            self._parts += [*separated[1:], _Part("")]

    def append(self, kind: str, name: str, values: Mapping[str, str]) -> None:
        """Add a section at the end of the file. It is not managed.

        :raises ConfigError: if the name or a value is not one line of printable characters.
        """
        _check(kind, name, values)
        lines = [f"[{kind} {name}]", *(f"{key} = {value}" for key, value in values.items())]
        self._end_section()
        self._parts.append(_Part(self._joined(lines)))

    def remove(self, names: Iterable[str]) -> None:
        """Remove managed profiles, and the blank line between two of them.

        Other blank lines stay, because a user may have written them.
        """
        unwanted = {*names}
        kept: list[_Part] = []
        parts = [*self._parts, _Part(""), _Part("")]
        at = 0
        while at < len(self._parts):
            part = parts[at]
            at += 1
            if part.profile is None or part.profile.name not in unwanted:
                kept.append(part)
            elif len(kept) > 1 and kept[-1].is_blank_line and kept[-2].profile:
                kept.pop()
            elif parts[at].is_blank_line and parts[at + 1].profile:
                at += 1
        self._parts = kept

    def _new(self, profile: ProfileText) -> _Part:
        text = self._joined(profile.lines())
        return _Part(text, ManagedProfile.read(_lines(text), is_last=True))

    def _end_section(self) -> None:
        """End the last line, and add a blank line unless there is one."""
        lines = _lines(self.text)
        if lines:
            self._end_line(self._parts[-1], lines[-1])
            if lines[-1].strip():
                self._parts.append(_Part(self.newline))

    def _end_line(self, part: _Part, line: str | None = None) -> None:
        if not (part.text if line is None else line).endswith(("\n", "\r")):
            part.text += self.newline

    def _joined(self, lines: list[str]) -> str:
        return "".join(line + self.newline for line in lines)


def _check(kind: str, name: str, values: Mapping[str, str]) -> None:
    """Refuse characters that any reader of the file could read as the end of a line."""
    for key, text in {"its name": name, **values}.items():
        if not text.isprintable() or not key.isprintable():
            raise ConfigError(
                subject=f"The {kind} {name!a}",
                problem=f"cannot be written: {key!a} has control characters or line separators. "
                "Nothing was written",
            )


def _lines(text: str) -> list[str]:
    """Split at the line ends that configparser knows, and at no other. Keep the line ends."""
    return list(io.StringIO(text, newline=""))
