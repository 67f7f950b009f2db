"""Profiles for the roles that a user has: planned as a change of the config file, then written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sso_plugin.config.profile import DEFAULT_SCOPES
from sso_plugin.errors import LoginRequired
from sso_plugin.models import open_session
from sso_plugin.session.providers import token_source

from ..config_change import Change
from ..config_file import ConfigFile
from .config_text import ConfigText, ProfileText
from .login_choice import check_region, choose_login
from .notes import notes
from .plan import Plan
from .process_profiles import add_processes
from .profile_names import NameTemplate
from .profile_text import REGION
from .role_choice import RoleChoice, choose_roles
from .role_profiles import Assignment, ExistingProfiles, Naming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.session import Session

    from sso_plugin.config.profile import SsoProfile
    from sso_plugin.credentials.token_source import TokenSource
    from sso_plugin.portal.listings import AccountRole

    from .profile_text import ManagedProfile

__all__ = ["ConfigureOptions", "write_profiles"]


@dataclass(frozen=True)
class ConfigureOptions:
    """The options of the command. See its help.

    :param accounts: ids or names. If there are none, all accounts are chosen.
    :param roles: names. If there are none, all roles are chosen.
    :param template: if None, existing profiles keep their names.
    :param region: if None, existing profiles keep their regions.
    :param credential_process: whether each profile gets a process profile. Existing ones are kept
        up to date in any case.
    """

    sso_session: str | None = None
    start_url: str | None = None
    sso_region: str | None = None
    accounts: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    template: str | None = None
    region: str | None = None
    prune: bool = False
    credential_process: bool = False


def write_profiles(
    options: ConfigureOptions,
    confirm: Callable[[Plan], bool],
    progress: Callable[[int, int], object] | None = None,
) -> Plan | None:
    """Write a profile for each role. Log the user in first if that is needed.

    :param confirm: gets each plan that changes the file. If it returns False, nothing is written.
    :returns: the plan that was written, or one without changes. None if it was not confirmed.
    :raises ConfigError: if the profiles cannot be written. Then the file is unchanged.
    """
    file = ConfigFile.in_use()
    session = open_session()
    login = choose_login(session, file, options.sso_session, options.start_url, options.sso_region)
    planner = _Planner(options, login)
    choice = planner.choose_roles(session, progress)
    while True:
        plan = planner.plan(file, choice, session)
        if plan.before == plan.after:
            return plan
        if not confirm(plan):
            return None
        if file.replace(plan.before, plan.after, plan.change):
            return plan
        # The file was changed after it was read, so plan again with its new content.
        session = open_session()


class _Planner:
    """Plans the profiles for the roles of one login."""

    def __init__(self, options: ConfigureOptions, login: SsoProfile) -> None:
        self._options = options
        self._login = login
        self._session_name = str(login.session_name)
        self._naming = Naming(self._session_name, options.template, options.prune)
        if options.template is not None:
            NameTemplate.of(options.template)
        if options.region is not None:
            check_region(options.region)

    def choose_roles(
        self, session: Session, progress: Callable[[int, int], object] | None
    ) -> RoleChoice:
        """List the roles of the user, and choose those that match the options."""
        options = self._options
        try:
            return choose_roles(
                self._tokens(session),
                options.accounts,
                options.roles,
                complete=options.prune,
                progress=progress,
            )
        except LoginRequired as exc:
            if self._login.session_name in session.full_config.get("sso_sessions", {}):
                raise
            raise LoginRequired(
                subject=self._login.subject,
                reason=f"{exc.reason}. It is not in the config file yet",
                fix="Run this command in a terminal, or add the section by hand.",
            ) from exc

    def _tokens(self, session: Session) -> TokenSource:
        with_login = self._login.options._replace(login="auto")
        return token_source(session, self._login._replace(options=with_login))

    def plan(self, file: ConfigFile, choice: RoleChoice, session: Session) -> Plan:
        """Return the change of the config file that gives each chosen role its profile."""
        before = file.read()
        text = ConfigText.parse(before)
        known = file.parsed()
        managed = dict(_read_alike(text.profiles, known["profiles"]))
        names = {*session.full_config.get("profiles", {}), *known["profiles"]}
        existing = ExistingProfiles.of(managed, names)
        assignment = Assignment(self._naming, existing, choice)
        wanted = self._wanted(assignment, known["profiles"])
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
            notes=tuple(notes(assignment, self._options.region)),
            change=Change(added, new_sessions, removed, updated),
        )

    def _wanted(
        self, assignment: Assignment, known: Mapping[str, Mapping[str, object]]
    ) -> dict[str, dict[str, str]]:
        """Return the profiles that have to exist: for roles, and for programs beside them."""
        managed = assignment.existing.managed
        wanted = {name: self._values(role) for name, role in assignment.wanted.items()}
        after = {
            name: {**known.get(name, {}), **_settable(values, managed.get(name))}
            for name, values in wanted.items()
        }
        add = self._options.credential_process
        return {**wanted, **dict(add_processes(assignment, after, add=add))}

    def _values(self, role: AccountRole) -> dict[str, str]:
        values = {
            "sso_session": self._session_name,
            "sso_account_id": role.account_id,
            "sso_role_name": role.role_name,
        }
        return {**values, REGION: self._options.region} if self._options.region else values

    def _new_session(self) -> dict[str, dict[str, str]]:
        return {
            self._session_name: {
                "sso_start_url": self._login.start_url,
                "sso_region": self._login.region,
                "sso_registration_scopes": ",".join(DEFAULT_SCOPES),
            }
        }


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
    wanted: Mapping[str, dict[str, str]], managed: Mapping[str, ManagedProfile]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the managed profiles that need other values, with the values that we may set."""
    for name in (name for name in wanted if name in managed):
        profile = managed[name]
        values = _settable(wanted[name], profile)
        if profile.values != {**profile.values, **values}:
            yield name, values


def _settable(values: dict[str, str], profile: ManagedProfile | None) -> dict[str, str]:
    """Return the values that we may set in a profile. In a new one we may set all."""
    return {key: text for key, text in values.items() if profile is None or profile.may_set(key)}
