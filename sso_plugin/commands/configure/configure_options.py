"""The options of ``sso-plugin configure``: those of one run, and which of them are saved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sso_plugin.portal.listings import AccountRole

__all__ = ["ROLE_OPTIONS", "SAVED", "ConfigureOptions", "PickedRole", "PickedRoles"]

ROLE_OPTIONS = ("accounts", "roles", "exclude")
"""The options that choose roles. A saved set of picked roles is used instead of all of them."""

SAVED = (
    *ROLE_OPTIONS,
    "picked",
    "template",
    "lowercase",
    "regions",
    "settings",
    "credential_process",
)
"""The options that are saved for the next run. The others are for one run only."""


class PickedRole(NamedTuple):
    """A role that was picked from a list."""

    account_id: str
    role_name: str

    @classmethod
    def of(cls, role: AccountRole) -> PickedRole:
        """Return what identifies a role of the user."""
        return cls(role.account_id, role.role_name)


@dataclass(frozen=True)
class PickedRoles:
    """The roles that were picked from a list, and those of the list that were not."""

    chosen: frozenset[PickedRole]
    declined: frozenset[PickedRole] = frozenset()

    def picked_again(
        self, shown: Iterable[PickedRole], chosen: Iterable[PickedRole]
    ) -> PickedRoles:
        """Return the result of another choice. Roles that were not shown stay as they are."""
        again, now = frozenset(shown), frozenset(chosen)
        return PickedRoles((self.chosen - again) | now, (self.declined - now) | (again - now))


@dataclass(frozen=True)
class ConfigureOptions:
    """The options of the command. See its help. None is an option that was not given.

    :param sso_session: the name of one in the config file, or of a new one.
    :param accounts: ids, names or patterns. If there are none, all accounts are chosen.
    :param roles: names or patterns. If there are none, all roles are chosen.
    :param exclude: patterns of accounts, or of an account and a role: ``ACCOUNT/ROLE``.
    :param picked: if not None, exactly these roles are chosen.
    :param template: if it is None or empty, existing profiles keep their names.
    :param regions: ``[ACCOUNT=]REGION``. If there are none, existing profiles keep their regions.
    :param settings: ``KEY=VALUE``.
    :param credential_process: whether each profile gets a process profile. Existing ones are kept
        up to date in any case.
    """

    sso_session: str = ""
    start_url: str | None = None
    sso_region: str | None = None
    accounts: tuple[str, ...] | None = None
    roles: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | None = None
    picked: PickedRoles | None = None
    template: str | None = None
    lowercase: bool | None = None
    regions: tuple[str, ...] | None = None
    settings: tuple[str, ...] | None = None
    credential_process: bool | None = None
    prune: bool = False

    @property
    def given(self) -> frozenset[str]:
        """The names of the options that can be saved and were given."""
        return frozenset(name for name in SAVED if getattr(self, name) is not None)

    @property
    def is_filtered(self) -> bool:
        """Whether options choose some of the roles."""
        return any(getattr(self, name) for name in ROLE_OPTIONS)

    @property
    def saved(self) -> dict[str, Any]:
        """The options that can be saved, without those that change nothing."""
        return {name: value for name in SAVED if (value := getattr(self, name))}

    def filled_from(self, saved: ConfigureOptions) -> ConfigureOptions:
        """Return these options, and the saved ones for those that were not given.

        A given option that chooses roles is used instead of the roles that were picked before.
        """
        unused = {"picked"} if self.given.intersection(ROLE_OPTIONS) else set()
        names = saved.given - self.given - unused
        return replace(self, **{name: getattr(saved, name) for name in names})
