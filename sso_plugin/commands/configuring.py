"""Profiles for the roles that a user has: planned as a change of the config file, then written."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sso_plugin.config import DEFAULT_SCOPES
from sso_plugin.directory import Directory
from sso_plugin.errors import LoginRequired
from sso_plugin.openlogin import open_session
from sso_plugin.signin import AttendedTokenSource
from sso_plugin.tokens import TokenSource

from .configchange import Change
from .configfile import ConfigFile
from .configplan import Plan
from .configtext import ConfigText, ProfileText
from .loginchoice import check_region, choose_login
from .profilenames import DEFAULT_TEMPLATE, NameTemplate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.session import Session

    from sso_plugin.config import SsoProfile
    from sso_plugin.directory import AccountRole

__all__ = ["Wishes", "write_profiles"]


@dataclass(frozen=True)
class Wishes:
    """What is to be written. Names of accounts and roles are filters; none means all."""

    sso_session: str | None = None
    start_url: str | None = None
    sso_region: str | None = None
    accounts: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    template: str = DEFAULT_TEMPLATE
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
    roles = list(author.roles(session, progress))
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
        self._template = NameTemplate.of(wishes.template)
        if wishes.region is not None:
            check_region(wishes.region)

    def roles(
        self, session: Session, progress: Callable[[int, int], object] | None
    ) -> Iterator[AccountRole]:
        """List the roles of the user: all that can decide what is written."""
        directory = Directory(self._tokens(session), progress=progress)
        accounts = () if self._wishes.prune else self._wishes.accounts
        try:
            for account in accounts or (None,):
                yield from directory.roles(account)
        except LoginRequired as exc:
            if self._login.session_name in session.full_config.get("sso_sessions", {}):
                raise
            raise LoginRequired(
                error_msg=f"{self._login.subject} needs a login, and is not in the config file "
                "yet. Run this command at a terminal, or add the section by hand.",
                reason=exc.reason,
            ) from exc

    def _tokens(self, session: Session) -> TokenSource:
        attended = dataclasses.replace(self._login.options, login="auto")
        login = dataclasses.replace(self._login, options=attended)
        return AttendedTokenSource(session, login, TokenSource.of(session, login))

    def plan(self, file: ConfigFile, roles: list[AccountRole], session: Session) -> Plan:
        """Return the change that makes the file say what it should."""
        before = file.read()
        text = ConfigText.parse(before)
        known = file.parsed()
        ours = {**text.profiles}
        wanted = self._wanted(roles)
        left = dict(self._left(wanted, ours, session.full_config.get("profiles", {})))
        put = [profile for name, profile in wanted.items() if name not in left]
        gone = [name for name, profile in ours.items() if self._is_gone(profile, roles)]

        new = {} if self._session_name in known["sso_sessions"] else self._section()
        text.remove(gone)
        for name, values in new.items():
            text.append("sso-session", name, values)
        text.put(put)
        return Plan(
            file=str(file.path),
            before=before,
            after=text.text,
            added=tuple(each.name for each in put if each.name not in ours),
            changed=tuple(each.name for each in put if ours.get(each.name, each) != each),
            removed=tuple(gone),
            left=left,
            change=Change({each.name: each.values for each in put}, new, gone),
        )

    def _wanted(self, roles: list[AccountRole]) -> dict[str, ProfileText]:
        chosen = [role for role in roles if self._is_chosen(role)]
        return {
            name: ProfileText(name, self._values(role))
            for name, role in self._template.names(chosen, self._session_name).items()
        }

    def _is_chosen(self, role: AccountRole) -> bool:
        accounts, names = self._wishes.accounts, self._wishes.roles
        of_account = not accounts or {role.account_id, role.account_name} & {*accounts}
        return bool(of_account) and (not names or role.role_name in names)

    def _values(self, role: AccountRole) -> dict[str, str]:
        values = {
            "sso_session": self._session_name,
            "sso_account_id": role.account_id,
            "sso_role_name": role.role_name,
        }
        return {**values, "region": self._wishes.region} if self._wishes.region else values

    def _left(
        self,
        wanted: dict[str, ProfileText],
        ours: dict[str, ProfileText],
        existing: dict[str, Any],
    ) -> Iterator[tuple[str, str]]:
        for name in wanted:
            if name in ours:
                owner = ours[name].values["sso_session"]
                if owner != self._session_name:
                    yield name, f'it belongs to the sso-session "{owner}"'
            elif name in existing:
                yield name, "it was written or changed by hand"

    def _is_gone(self, profile: ProfileText, roles: list[AccountRole]) -> bool:
        values = profile.values
        if not self._wishes.prune or values["sso_session"] != self._session_name:
            return False
        held = {(role.account_id, role.role_name) for role in roles}
        return (values["sso_account_id"], values["sso_role_name"]) not in held

    def _section(self) -> dict[str, dict[str, str]]:
        return {
            self._session_name: {
                "sso_start_url": self._login.start_url,
                "sso_region": self._login.region,
                "sso_registration_scopes": ",".join(DEFAULT_SCOPES),
            }
        }
