"""Which profile each role gets: the one that it has, or a new one with a name from the template.

A profile name keeps its meaning: while the user has a role, the profiles of that role are never
changed to another role.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .profile_names import DEFAULT_TEMPLATE, PROCESS_SUFFIX, RESERVED_NAMES, NameTemplate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sso_plugin.portal.listings import AccountRole

    from .profile_text import ManagedProfile
    from .role_choice import RoleChoice

__all__ = ["CHANGED_BY_HAND", "Assignment", "ExistingProfiles", "Naming"]

CHANGED_BY_HAND = "it was written or changed by hand"


@dataclass(frozen=True)
class Naming:
    """How profiles are named.

    :param template: if None, new profiles get default names.
    :param prune: whether a profile is removed if its role has another one that is named by the
        template.
    :param lowercase: whether names from the template are in lower case.
    """

    sso_session: str
    template: str | None = None
    prune: bool = False
    lowercase: bool = False

    @property
    def keeps_names(self) -> bool:
        """Whether existing profiles keep their names, because the user did not ask for others."""
        return self.template is None and not self.lowercase

    def names(self, roles: Collection[AccountRole]) -> dict[str, list[AccountRole]]:
        """Return the roles by profile name. Several roles may have the same profile name."""
        text = DEFAULT_TEMPLATE if self.template is None else self.template
        template = NameTemplate.of(text, lowercase=self.lowercase)
        return template.names(roles, self.sso_session)


@dataclass(frozen=True)
class ExistingProfiles:
    """The profiles of the config file.

    :param managed: the managed profiles of roles.
    :param names: the names of all profiles.
    :param processes: the managed profiles that serve another one, see `process_profiles`.
    """

    managed: Mapping[str, ManagedProfile]
    names: Collection[str]
    processes: Mapping[str, ManagedProfile] = field(default_factory=dict)

    @classmethod
    def of(cls, profiles: Mapping[str, ManagedProfile], names: Collection[str]) -> ExistingProfiles:
        """Tell the two kinds of managed profiles apart."""
        processes = {name: profile for name, profile in profiles.items() if profile.is_process}
        roles = {name: profile for name, profile in profiles.items() if name not in processes}
        return cls(roles, names, processes)

    @property
    def both(self) -> dict[str, ManagedProfile]:
        """The managed profiles of both kinds."""
        return {**self.managed, **self.processes}

    def of_session(self, sso_session: str) -> dict[tuple[str, str], list[str]]:
        """Return the names of the managed profiles of an sso-session, by account and role."""
        names: dict[tuple[str, str], list[str]] = {}
        for name, profile in self.managed.items():
            if profile.values.get("sso_session") == sso_session:
                names.setdefault(_role_of(profile), []).append(name)
        return names


@dataclass
class Assignment:
    """The profiles for the chosen roles of a user.

    :ivar names_by_role: the names of the existing profiles, by account and role.
    :ivar wanted: the role of each profile that has to exist.
    :ivar skipped: the profiles that are not changed although a role needs their name, and why.
    :ivar without_profile: the roles that have no profile and get none.
    :ivar conflicts: a sentence for each role whose name from the template cannot be used, except
        for the names in ``skipped``.
    :ivar unused: the managed profiles that are not needed any more.
    :ivar other_names: the profiles that keep a name that is not from the template.
    """

    naming: Naming
    existing: ExistingProfiles
    choice: RoleChoice
    wanted: dict[str, AccountRole] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    without_profile: list[AccountRole] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    other_names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names_by_role = self.existing.of_session(self.naming.sso_session)
        self._user_roles = {_key(role) for role in self.choice.roles}
        self._accounts = {account.account_id for account in self.choice.accounts}
        for name, roles in self.naming.names(self.choice.chosen).items():
            for role in roles:
                self._assign(role, name, roles)
        self.unused += [name for name in self._of_unwanted_roles() if name not in self.wanted]
        # A name that another role needs stays. Otherwise the next run would give it to that role.
        self.unused = [name for name in self.unused if name not in self.skipped]
        self.unused += self._processes_without_profile()

    @property
    def removed(self) -> list[str]:
        """The unused profiles to remove: with ``prune`` those to which the user added nothing."""
        both = self.existing.both if self.naming.prune else {}
        return [name for name in self.unused if name in both and not both[name].has_additions]

    def _assign(self, role: AccountRole, name: str, same: list[AccountRole]) -> None:
        """Give a role the profile of this name, or keep the profiles that it has.

        :param name: the name from the template.
        :param same: all roles that get this name from the template.
        """
        existing = self.names_by_role.get(_key(role), [])
        if name in existing:
            self._give(role, name, [other for other in existing if other != name])
        elif existing and self.naming.keeps_names:
            self.other_names += [other for other in existing if self._is_unchanged(other)]
            self._keep(role, existing)
        elif name in RESERVED_NAMES or len(same) > 1:
            self._keep(role, existing)
            self._add_conflict(role, name, next((other for other in same if other != role), None))
        elif not self._is_taken(role, name):
            self._give(role, name, existing)
        else:
            self._keep(role, existing)

    def _add_conflict(self, role: AccountRole, name: str, other: AccountRole | None) -> None:
        existing = self.names_by_role.get(_key(role), [])
        if existing:
            kept = f'The profile "{existing[0]}" keeps its name'
        else:
            self.without_profile.append(role)
            kept = f"No profile for {_described(role)}"
        same = f", the same as for {_described(other)}" if other else ""
        self.conflicts.append(f'{kept}: its name from the template is "{name}"{same}.')

    def _is_taken(self, role: AccountRole, name: str) -> bool:
        """Return whether the profile of this name has to stay as it is."""
        reason = self._reason_to_skip(name)
        if reason is None:
            return False
        self.skipped[name] = reason
        profile = self.existing.managed.get(name)
        is_managed = name in self.existing.processes or (profile and profile.is_unchanged)
        if is_managed and not self.names_by_role.get(_key(role)):
            self.without_profile.append(role)
        return True

    def _reason_to_skip(self, name: str) -> str | None:
        """Return why the profile of this name has to stay as it is, or None if it need not."""
        if name in self.existing.processes:
            return "it serves another profile (credential_process)"
        profile = self.existing.managed.get(name)
        if profile is None or not profile.is_unchanged:
            return CHANGED_BY_HAND if name in self.existing.names else None
        owner = profile.values.get("sso_session")
        if owner != self.naming.sso_session:
            return f'it belongs to the sso-session "{owner}"'
        if self._is_of_removed_role(profile):
            return None
        account, role_name = _role_of(profile)
        is_listed = (account, role_name) in self._user_roles
        state = "which you still have" if is_listed else "which was not listed in this run"
        return f"it is for the role {role_name} in {account}, {state}"

    def _give(self, role: AccountRole, name: str, others: list[str]) -> None:
        """Give a role the profile of this name. Its other profiles have older names."""
        self.wanted[name] = role
        if self.naming.keeps_names and not self.naming.prune:
            self._keep(role, others)
        self.unused += [other for other in others if self._is_unchanged(other)]

    def _keep(self, role: AccountRole, names: list[str]) -> None:
        self.wanted.update({name: role for name in names if self._is_unchanged(name)})

    def _is_unchanged(self, name: str) -> bool:
        return self.existing.managed[name].is_unchanged

    def _of_unwanted_roles(self) -> Iterator[str]:
        """Yield the profiles of roles that were removed, or that the user did not pick."""
        for role, names in self.names_by_role.items():
            for name in names:
                profile = self.existing.managed[name]
                declined = role in self.choice.declined and profile.is_unchanged
                if declined or self._is_of_removed_role(profile):
                    yield name

    def _processes_without_profile(self) -> list[str]:
        """Return the process profiles whose profile is removed now, or does not exist."""
        remaining = {*self.existing.names} - {*self.removed} | self.wanted.keys()
        names = self.existing.processes.keys() - self.skipped.keys()
        return sorted(name for name in names if name.removesuffix(PROCESS_SUFFIX) not in remaining)

    def _is_of_removed_role(self, profile: ManagedProfile) -> bool:
        """Return whether the user certainly does not have the role of a profile any more."""
        key = _role_of(profile)
        is_listed = key[0] in self.choice.listed or key[0] not in self._accounts
        return is_listed and key not in self._user_roles


def _key(role: AccountRole) -> tuple[str, str]:
    return role.account_id, role.role_name


def _role_of(profile: ManagedProfile) -> tuple[str, str]:
    values = profile.values
    return values.get("sso_account_id", ""), values.get("sso_role_name", "")


def _described(role: AccountRole) -> str:
    return f"the role {role.role_name} in {role.account_name or 'the account'} ({role.account_id})"
