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

_MISSING = object()
"""The value of a section that does not exist. None could be one that does."""


@dataclass(frozen=True)
class Change:
    """A change of a config file.

    :param profiles: the profiles to add, with all of their values.
    :param sso_sessions: the sso-sessions to add, with all of their values.
    :param removed: the names of the profiles to remove.
    :param updated: the values to set in existing profiles. Other values stay.
    """

    profiles: Mapping[str, Values] = field(default_factory=dict)
    sso_sessions: Mapping[str, Values] = field(default_factory=dict)
    removed: Collection[str] = ()
    updated: Mapping[str, Values] = field(default_factory=dict)

    def check(self, old: ParsedConfig, new: ParsedConfig) -> None:
        """Check that the new file is the old one plus exactly this change.

        :raises ConfigError: if it is not. The message names a section that differs.
        """
        expected = self._applied_to(old)
        differing = [
            *_differing(expected.sections, new.sections),
            *_differing(_by_section(expected.loaded), _by_section(new.loaded)),
        ]
        if differing or expected.loaded != new.loaded:
            raise ConfigError(
                subject=ascii(differing[0]) if differing else "The file",
                problem="would not have the intended values after this change. Nothing was written",
                fix="Check the lines next to the changed ones.",
            )

    def _applied_to(self, old: ParsedConfig) -> ParsedConfig:
        profiles = {name: {**old.defaults, **values} for name, values in self.profiles.items()}
        added = {name: {**old.defaults, **values} for name, values in self.sso_sessions.items()}
        for name, values in self.updated.items():
            profiles[name] = {**old.sections.get(f"profile {name}", {}), **values}
        removed = {*self.removed} - profiles.keys()
        sections = {
            **_without(old.sections, {f"profile {name}" for name in removed}),
            **{f"profile {name}": values for name, values in profiles.items()},
            **{f"sso-session {name}": values for name, values in added.items()},
        }
        loaded = {
            **old.loaded,
            "profiles": {**_without(old.loaded["profiles"], removed), **profiles},
            "sso_sessions": {**old.loaded["sso_sessions"], **added},
        }
        return ParsedConfig(sections, loaded, old.defaults)


def _without(sections: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: values for name, values in sections.items() if name not in names}


def _by_section(loaded: dict[str, Any]) -> dict[str, Any]:
    """Return one entry for each section of each kind, so that a difference has a name."""
    return {
        f"{kind} {name}": values
        for kind, sections in loaded.items()
        for name, values in (sections.items() if isinstance(sections, dict) else [("", sections)])
    }


def _differing(expected: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    """Yield the names of the sections that are not the same in both."""
    for name in {**expected, **found}:
        if expected.get(name, _MISSING) != found.get(name, _MISSING):
            yield name
