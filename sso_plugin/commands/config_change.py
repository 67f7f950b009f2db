"""The intended change of a config file, and the check that the new file has exactly that change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sso_plugin.errors import ConfigError

from .config_reading import ParsedConfig

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["Change"]

Values = dict[str, str]


@dataclass(frozen=True)
class Change:
    """A change of a config file.

    :param profiles: the profiles to write, with all of their values.
    :param updated: the profiles that get other values, with these values; their others stay.
    :param sso_sessions: the sso-sessions to add, with all of their values.
    :param removed: the names of the profiles to remove.
    """

    profiles: Mapping[str, Values] = field(default_factory=dict)
    sso_sessions: Mapping[str, Values] = field(default_factory=dict)
    removed: Collection[str] = ()
    updated: Mapping[str, Values] = field(default_factory=dict)

    def check(self, old: ParsedConfig, new: ParsedConfig) -> None:
        """Check that the new file is the old one plus exactly this change.

        :raises ConfigError: if it is not; the message names a section that differs.
        """
        expected = self._applied_to(old)
        differing = [
            *_differing(expected.sections, new.sections),
            *_differing(_flat(expected.loaded), _flat(new.loaded)),
        ]
        if differing or expected.loaded != new.loaded:
            name = ascii(differing[0]) if differing else "The file"
            raise ConfigError(
                subject=name,
                problem="would not read as intended after this change. Nothing was written",
                fix="Look at the lines next to the ones to be changed.",
            )

    def _applied_to(self, old: ParsedConfig) -> ParsedConfig:
        profiles = {name: {**old.defaults, **held} for name, held in self.profiles.items()}
        added = {name: {**old.defaults, **held} for name, held in self.sso_sessions.items()}
        for name, held in self.updated.items():
            profiles[name] = {**old.sections.get(f"profile {name}", {}), **held}
        gone = {*self.removed} - profiles.keys()
        kept = _without(old.sections, {f"profile {name}" for name in gone})
        sections = {
            **kept,
            **{f"profile {name}": held for name, held in profiles.items()},
            **{f"sso-session {name}": held for name, held in added.items()},
        }
        loaded = {
            **old.loaded,
            "profiles": {**_without(old.loaded["profiles"], gone), **profiles},
            "sso_sessions": {**old.loaded["sso_sessions"], **added},
        }
        return ParsedConfig(sections, loaded, old.defaults)


def _without(held: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in held.items() if name not in names}


def _flat(loaded: dict[str, Any]) -> dict[str, Any]:
    """Return one entry for each section of each kind, so that a difference has a name."""
    return {
        f"{kind} {name}": values
        for kind, sections in loaded.items()
        for name, values in (sections.items() if isinstance(sections, dict) else [("", sections)])
    }


def _differing(expected: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    nothing = object()
    for name in {**expected, **found}:
        if expected.get(name, nothing) != found.get(name, nothing):
            yield name
