"""Plans the profiles for the chosen roles of one login, as a change of the config file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sso_plugin.config.profile import DEFAULT_SCOPES

from ..config_change import Change
from .config_text import ConfigText, ProfileText
from .notes import notes
from .plan import Plan
from .process_profiles import add_processes
from .profile_comment import REGION
from .profile_names import PROCESS_SUFFIX
from .role_profiles import Assignment, ExistingProfiles, Naming
from .settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.session import Session

    from sso_plugin.config.profile import SsoProfile
    from sso_plugin.portal.listings import AccountRole

    from ..config_file import ConfigFile
    from .configure_options import ConfigureOptions
    from .profile_text import ManagedProfile
    from .role_choice import RoleChoice

    Values = dict[str, str]

__all__ = ["Planner", "existing_profiles"]


class Planner:
    """Plans the profiles for the chosen roles.

    :param regions: the region of each account. A profile in another account keeps its region.
    """

    def __init__(
        self,
        options: ConfigureOptions,
        login: SsoProfile,
        choice: RoleChoice,
        regions: Mapping[str, str],
    ) -> None:
        self._options = options
        self._login = login
        self._choice = choice
        self._regions = regions
        self._settings = settings_of(options.settings or ())
        self._session_name = str(login.session_name)

    def plan(self, file: ConfigFile, session: Session) -> Plan:
        """Return the change of the config file that gives each chosen role its profile."""
        before = file.read()
        text = ConfigText.parse(before)
        known = file.parsed()
        managed = dict(_read_alike(text.profiles, known["profiles"]))
        names = {*session.full_config.get("profiles", {}), *known["profiles"]}
        assignment = Assignment(self._naming(), ExistingProfiles.of(managed, names), self._choice)
        of_roles = {name: self._values(role) for name, role in assignment.wanted.items()}
        wanted = {**of_roles, **self._processes(assignment, of_roles, known["profiles"])}
        added = {name: values for name, values in wanted.items() if name not in managed}
        updated = dict(_updates(wanted, managed))
        removed = assignment.removed

        new_sessions = {} if self._session_name in known["sso_sessions"] else self._new_session()
        text.remove(removed)
        for name, values in new_sessions.items():
            text.append("sso-session", name, values)
        text.put(ProfileText(name, values) for name, values in {**updated, **added}.items())
        return Plan(
            file=str(file.path),
            before=before,
            after=text.text,
            added=tuple(added),
            changed=tuple(updated),
            removed=tuple(removed),
            skipped=assignment.skipped,
            without_profile=tuple(assignment.without_profile),
            notes=tuple(notes(assignment, self._options, of_roles, known)),
            change=Change(added, new_sessions, removed, updated),
            renamed=tuple(_renamed(assignment, added)),
            unchanged=len(wanted) - len(added) - len(updated),
            stale=tuple(_stale(assignment)),
        )

    def _naming(self) -> Naming:
        options = self._options
        return Naming(
            self._session_name, options.template or None, options.prune, bool(options.lowercase)
        )

    def _processes(
        self,
        assignment: Assignment,
        wanted: Mapping[str, Values],
        known: Mapping[str, Mapping[str, object]],
    ) -> dict[str, Values]:
        """Return the profiles that have to exist for programs beside those of roles."""
        managed = assignment.existing.managed
        after = {
            name: {**known.get(name, {}), **_settable(values, managed.get(name))}
            for name, values in wanted.items()
        }
        add = bool(self._options.credential_process)
        return dict(add_processes(assignment, after, self._settings, add=add))

    def _values(self, role: AccountRole) -> Values:
        values = {
            "sso_session": self._session_name,
            "sso_account_id": role.account_id,
            "sso_role_name": role.role_name,
        }
        region = self._regions.get(role.account_id)
        return {**values, **({REGION: region} if region else {}), **self._settings}

    def _new_session(self) -> dict[str, Values]:
        return {
            self._session_name: {
                "sso_start_url": self._login.start_url,
                "sso_region": self._login.region,
                "sso_registration_scopes": ",".join(DEFAULT_SCOPES),
            }
        }


def existing_profiles(file: ConfigFile) -> ExistingProfiles:
    """Return the managed profiles of a config file."""
    known = file.parsed()["profiles"]
    return ExistingProfiles.of(
        dict(_read_alike(ConfigText.parse(file.read()).profiles, known)), known
    )


def _read_alike(
    profiles: Mapping[str, ManagedProfile], known: Mapping[str, Mapping[str, object]]
) -> Iterator[tuple[str, ManagedProfile]]:
    """Yield the profiles in which botocore reads the same values as we do.

    It reads other values if there is a second section for the same profile.
    """
    for name, profile in profiles.items():
        values = known.get(name, {})
        if all(values.get(key) == value for key, value in profile.values.items()):
            yield name, profile


def _updates(
    wanted: Mapping[str, Values], managed: Mapping[str, ManagedProfile]
) -> Iterator[tuple[str, Values]]:
    """Yield the managed profiles that need other values, with the values to set."""
    for name in (name for name in wanted if name in managed):
        profile = managed[name]
        old = profile.values
        settable = _settable(wanted[name], profile)
        values = {key: value for key, value in settable.items() if old.get(key) != value}
        if values:
            yield name, values


def _settable(values: Values, profile: ManagedProfile | None) -> Values:
    """Return the values that we may set in a profile. In a new one we may set all."""
    return {key: text for key, text in values.items() if profile is None or profile.may_set(key)}


def _renamed(assignment: Assignment, added: Mapping[str, Values]) -> Iterator[tuple[str, str]]:
    """Yield the old and the new name of the profiles that are removed for another name."""
    new_names = {
        (role.account_id, role.role_name): name
        for name, role in assignment.wanted.items()
        if name in added
    }
    removed = {*assignment.removed}
    for role, names in assignment.names_by_role.items():
        new = new_names.get(role)
        old = [name for name in names if name in removed]
        if new and old:
            yield old[0], new
            if old[0] + PROCESS_SUFFIX in removed and new + PROCESS_SUFFIX in added:
                yield old[0] + PROCESS_SUFFIX, new + PROCESS_SUFFIX


def _stale(assignment: Assignment) -> list[str]:
    """Return the profiles that are not needed but stay. Those that the user edited are noted."""
    if assignment.naming.prune:
        return []
    managed = assignment.existing.both
    return [name for name in assignment.unused if not managed[name].has_additions]
