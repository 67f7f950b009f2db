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
from .profile_names import NameTemplate
from .profile_text import REGION
from .role_choice import Listing, list_roles
from .role_profiles import Assignment, Naming, Present

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.session import Session

    from sso_plugin.config.profile import SsoProfile
    from sso_plugin.credentials.token_source import TokenSource
    from sso_plugin.portal.listings import AccountRole

    from .profile_text import ManagedProfile

__all__ = ["Wishes", "write_profiles"]


@dataclass(frozen=True)
class Wishes:
    """What is to be written. Names of accounts and roles are filters; none means all.

    :param template: None keeps the names of profiles that are there.
    :param region: None keeps the regions of profiles that are there.
    """

    sso_session: str | None = None
    start_url: str | None = None
    sso_region: str | None = None
    accounts: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    template: str | None = None
    region: str | None = None
    prune: bool = False


def write_profiles(
    wishes: Wishes,
    confirm: Callable[[Plan], bool],
    progress: Callable[[int, int], object] | None = None,
) -> Plan | None:
    """Write a profile for each role, after a login if need be.

    :param confirm: is shown each plan; what it says no to is not written.
    :returns: the plan that was carried out or that has nothing in it; None if it was refused.
    :raises ConfigError: if that cannot be done; nothing is written then.
    """
    file = ConfigFile.in_use()
    session = open_session()
    login = choose_login(session, file, wishes.sso_session, wishes.start_url, wishes.sso_region)
    author = _Author(wishes, login)
    roles = author.roles(session, progress)
    while True:
        plan = author.plan(file, roles, session)
        if plan.before == plan.after:
            return plan
        if not confirm(plan):
            return None
        if file.replace(plan.before, plan.after, plan.change):
            return plan
        # Somebody has changed the file since it was read: the next plan starts from what is there.
        session = open_session()


class _Author:
    """Knows what a config file should say of the roles of one login."""

    def __init__(self, wishes: Wishes, login: SsoProfile) -> None:
        self._wishes = wishes
        self._login = login
        self._session_name = str(login.session_name)
        self._naming = Naming(self._session_name, wishes.template, wishes.prune)
        if wishes.template is not None:
            NameTemplate.of(wishes.template)
        if wishes.region is not None:
            check_region(wishes.region)

    def roles(self, session: Session, progress: Callable[[int, int], object] | None) -> Listing:
        """List the roles of the user: all that can decide what is written."""
        wishes = self._wishes
        try:
            return list_roles(
                self._tokens(session),
                wishes.accounts,
                wishes.roles,
                complete=wishes.prune,
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
        attended = self._login.options._replace(login="auto")
        return token_source(session, self._login._replace(options=attended))

    def plan(self, file: ConfigFile, roles: Listing, session: Session) -> Plan:
        """Return the change that makes the file say what it should."""
        before = file.read()
        text = ConfigText.parse(before)
        known = file.parsed()
        managed = dict(_read_alike(text.profiles, known["profiles"]))
        names = {*session.full_config.get("profiles", {}), *known["profiles"]}
        assignment = Assignment(self._naming, Present(managed, names), roles)
        values = {name: self._values(role) for name, role in assignment.wanted.items()}
        added = {name: held for name, held in values.items() if name not in managed}
        updated = dict(_updates(values, managed))
        gone = [
            name
            for name in assignment.unused
            if self._wishes.prune and not managed[name].has_additions
        ]

        new = {} if self._session_name in known["sso_sessions"] else self._section()
        text.remove(gone)
        for name, held in new.items():
            text.append("sso-session", name, held)
        text.put(ProfileText(name, held) for name, held in {**updated, **added}.items())
        return Plan(
            file=str(file.path),
            before=before,
            after=text.text,
            added=tuple(added),
            changed=tuple(updated),
            removed=tuple(gone),
            left=assignment.left,
            without=tuple(assignment.without),
            notes=tuple(notes(assignment, self._wishes.region)),
            change=Change(added, new, gone, updated),
        )

    def _values(self, role: AccountRole) -> dict[str, str]:
        values = {
            "sso_session": self._session_name,
            "sso_account_id": role.account_id,
            "sso_role_name": role.role_name,
        }
        return {**values, REGION: self._wishes.region} if self._wishes.region else values

    def _section(self) -> dict[str, dict[str, str]]:
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
    """Yield the profiles that botocore reads as we do: not those that are there once more."""
    for name, profile in profiles.items():
        held = known.get(name, {})
        if all(held.get(key) == value for key, value in profile.values.items()):
            yield name, profile


def _updates(
    values: Mapping[str, dict[str, str]], managed: Mapping[str, ManagedProfile]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the values that profiles get which are there, for those that get other ones."""
    for name in (name for name in values if name in managed):
        profile = managed[name]
        held = {key: value for key, value in values[name].items() if profile.may_set(key)}
        if profile.values != {**profile.values, **held}:
            yield name, held
