"""Which profile each role gets: the one that it has, or a new one with a name by the template.

A name keeps its meaning: a profile is never made one of another role while the user has its role.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .profile_names import DEFAULT_TEMPLATE, UNFIT, NameTemplate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sso_plugin.portal.listings import AccountRole

    from .profile_text import ManagedProfile
    from .role_choice import Listing

__all__ = ["Assignment", "Naming", "Present"]


@dataclass(frozen=True)
class Naming:
    """How profiles are named.

    :param template: None means that a profile keeps its name, and a new one has a default name.
    :param prune: whether a profile goes if its role has one with the name by the template.
    """

    sso_session: str
    template: str | None = None
    prune: bool = False

    def names(self, roles: Collection[AccountRole]) -> dict[str, list[AccountRole]]:
        """Return the roles by the name of their profile: several if they have the same name."""
        template = NameTemplate.of(DEFAULT_TEMPLATE if self.template is None else self.template)
        return template.names(roles, self.sso_session)


@dataclass(frozen=True)
class Present:
    """The profiles of the config file.

    :param managed: those with our mark.
    :param names: the names of all.
    """

    managed: Mapping[str, ManagedProfile]
    names: Collection[str]

    def of_login(self, sso_session: str) -> dict[tuple[str, str], list[str]]:
        """Return the names of the profiles with our mark, by account and role."""
        found: dict[tuple[str, str], list[str]] = {}
        for name, profile in self.managed.items():
            if profile.values.get("sso_session") == sso_session:
                found.setdefault(_role_of(profile), []).append(name)
        return found


@dataclass
class Assignment:
    """Profiles for the chosen roles of a user.

    :ivar wanted: the role of each profile that is to be there.
    :ivar left: the profiles that stay as they are although a role asks for their name, and why.
    :ivar without: the roles that have no profile and get none, because a name fits two roles.
    :ivar reasons: why, for those whose name is not in ``left``.
    :ivar unused: the profiles of ours that are not needed any more.
    :ivar other_names: the profiles that keep another name than the template gives.
    """

    naming: Naming
    present: Present
    listing: Listing
    wanted: dict[str, AccountRole] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    without: list[AccountRole] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    other_names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._has = self.present.of_login(self.naming.sso_session)
        self._held = {_key(role) for role in self.listing.roles}
        self._accounts = {account for account, _ in self._held}
        for name, roles in self.naming.names(self.listing.chosen).items():
            for role in roles:
                self._assign(role, name, [other for other in roles if other != role])
        self.unused += [name for name in self._gone() if name not in self.wanted]
        # What another role asks for stays: if it were removed, the next run would give it away.
        self.unused = [name for name in self.unused if name not in self.left]

    def _assign(self, role: AccountRole, name: str, others: list[AccountRole]) -> None:
        """Give a role the profile of this name, or let it keep those that it has.

        :param others: the other roles that have this name by the template.
        """
        has = self._has.get(_key(role), [])
        if name in has:
            self._give(role, name, [other for other in has if other != name])
        elif has and self.naming.template is None:
            self.other_names += [other for other in has if self.present.managed[other].ours]
            self._keep(role, has)
        elif name in UNFIT or others:
            self._keep(role, has)
            like = f", like that of {_described(others[0])}" if others else ""
            if has:
                kept = f'The profile "{has[0]}" keeps its name'
            else:
                self.without.append(role)
                kept = f"No profile for {_described(role)}"
            self.reasons.append(f'{kept}: by the template it would be "{name}"{like}.')
        elif not self._is_taken(role, name):
            self._give(role, name, has)
        else:
            self._keep(role, has)

    def _is_taken(self, role: AccountRole, name: str) -> bool:
        """Tell whether the name is that of a profile that has to stay as it is."""
        profile = self.present.managed.get(name)
        owner = profile.values.get("sso_session") if profile else None
        if profile is None or not profile.ours:
            if name not in self.present.names:
                return False
            self.left[name] = "it was written or changed by hand"
            return True
        if owner != self.naming.sso_session:
            self.left[name] = f'it belongs to the sso-session "{owner}"'
        elif self._is_gone(profile):
            return False
        else:
            account, role_name = _role_of(profile)
            held = (
                "which you still have" if (account, role_name) in self._held else "not listed now"
            )
            self.left[name] = f"it is for the role {role_name} in {account}, {held}"
        if not self._has.get(_key(role)):
            self.without.append(role)
        return True

    def _give(self, role: AccountRole, name: str, others: list[str]) -> None:
        """Give a role the profile of this name. What it has besides is of an older template."""
        self.wanted[name] = role
        if self.naming.template is None and not self.naming.prune:
            self._keep(role, others)
        self.unused += [other for other in others if self.present.managed[other].ours]

    def _keep(self, role: AccountRole, names: list[str]) -> None:
        self.wanted.update({name: role for name in names if self.present.managed[name].ours})

    def _gone(self) -> Iterator[str]:
        for name in [name for names in self._has.values() for name in names]:
            if self._is_gone(self.present.managed[name]):
                yield name

    def _is_gone(self, profile: ManagedProfile) -> bool:
        """Tell whether the user does not have the role of a profile, as far as that is known."""
        key = _role_of(profile)
        is_listed = self.listing.is_complete or key[0] in self._accounts
        return is_listed and key not in self._held


def _key(role: AccountRole) -> tuple[str, str]:
    return role.account_id, role.role_name


def _role_of(profile: ManagedProfile) -> tuple[str, str]:
    values = profile.values
    return values.get("sso_account_id", ""), values.get("sso_role_name", "")


def _described(role: AccountRole) -> str:
    return f"the role {role.role_name} in {role.account_name or 'the account'} ({role.account_id})"
