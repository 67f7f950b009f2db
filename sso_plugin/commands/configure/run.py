"""One run of ``sso-plugin configure``: its steps, in the order in which the command calls them.

It asks and prints nothing. Its caller says what is new, and asks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sso_plugin.credentials.account_names import AccountNames
from sso_plugin.models import open_session
from sso_plugin.session.providers import token_source

from ..config_file import ConfigFile
from .configure_options import ROLE_OPTIONS, ConfigureOptions, PickedRole, PickedRoles
from .login_choice import choose_login
from .patterns import Unmatched
from .planner import Planner, existing_profiles
from .region_choice import regions_by_account
from .role_choice import RoleChoice, choose_roles
from .saved_options import SavedOptions, option_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sso_plugin.portal.listings import AccountRole

    from .plan import Plan

__all__ = ["ConfigureRun"]


class ConfigureRun:
    """A run for one login: `list_roles`, maybe `pick`, then `write` and `save`.

    :param given: the options of this run. Saved ones are added, unless ``reset``.
    :param pick: whether the roles will be picked by hand.
    :param reset: whether to ignore the saved options. `save` then replaces them.
    :ivar options: the options that are used.
    :ivar reused: the saved options that are used, as words. Empty if there are none.
    :ivar choice: the roles of the user, and those that are chosen. Empty before `list_roles`.
    :raises ConfigError: if there is no such login, or if an option does not match it.
    """

    def __init__(self, given: ConfigureOptions, *, pick: bool = False, reset: bool = False) -> None:
        self._file = ConfigFile.in_use()
        known = self._file.parsed()["sso_sessions"]
        self._session = open_session()
        self.login = choose_login(
            self._session,
            self._file.path,
            known,
            given.sso_session,
            given.start_url,
            given.sso_region,
        )
        self._reset = reset
        self._store = SavedOptions(self.login)
        saved = ConfigureOptions() if reset else self._store.load()
        self._earlier = saved.picked
        self.options = given.filled_from(_without_roles(saved) if pick else saved)
        self.reused = option_words(self.options, self.options.given - given.given)
        self._unmatched = Unmatched(given.given)
        self.choice = RoleChoice((), (), (), frozenset())
        self._regions: dict[str, str] = {}

    def list_roles(self, progress: Callable[[int, int], object] | None = None) -> None:
        """List the roles of the user. Log the user in first if that is needed.

        :raises ConfigError: if an option names an account or a role that the user does not have.
        """
        login = self.login._replace(options=self.login.options._replace(login="auto"))
        tokens = token_source(self._session, login)
        self.choice = choose_roles(tokens, self.options, self._unmatched, progress)
        # So that --account takes names without a request, and completion has them.
        AccountNames(tokens.login).save(self.choice.accounts, tokens)
        self._regions = regions_by_account(
            self.options.regions or (), self.choice.accounts, self._unmatched
        )

    def pick(
        self,
        pick_roles: Callable[[Sequence[AccountRole], Sequence[AccountRole]], Iterable[AccountRole]],
    ) -> None:
        """Let the user pick some of the chosen roles. Precondition: `list_roles`.

        :param pick_roles: gets the roles to show, and those of them that are picked already: the
            ones that were picked before, otherwise those that have a profile.
        """
        shown = self.choice.chosen
        before = self._earlier or PickedRoles(self._configured())
        marked = [role for role in shown if PickedRole.of(role) in before.chosen]
        chosen = list(pick_roles(shown, marked))
        if chosen == list(shown) and self.options.given.isdisjoint(ROLE_OPTIONS):
            # All roles, with those that are assigned later.
            return
        picked = before.picked_again(map(PickedRole.of, shown), map(PickedRole.of, chosen))
        self.options = replace(_without_roles(self.options), picked=picked)
        self.choice = self.choice.picked(picked)

    def write(self, confirm: Callable[[Plan], bool]) -> Plan | None:
        """Write a profile for each chosen role. Precondition: `list_roles`.

        :param confirm: gets each plan that changes the file. If it returns False, nothing is
            written.
        :returns: the plan that was written, or one without changes. None if it was not confirmed.
        :raises ConfigError: if the profiles cannot be written. Then the file is unchanged.
        """
        planner = Planner(self.options, self.login, self.choice, self._regions)
        while True:
            plan = planner.plan(self._file, self._session)
            plan = replace(plan, notes=(*self._unmatched.notes, *plan.notes))
            if plan.is_empty:
                return plan
            if not confirm(plan):
                return None
            if self._file.replace(plan.before, plan.after, plan.change):
                return plan
            # The file was changed after it was read, so plan again with its new content.
            self._session = open_session()

    def save(self) -> bool:
        """Save the options for the next run. Return whether they are other ones than before."""
        return self._store.save(self.options, forget=self._reset)

    def _configured(self) -> frozenset[PickedRole]:
        profiles = existing_profiles(self._file).of_session(str(self.login.session_name))
        return frozenset(PickedRole(*role) for role in profiles)


def _without_roles(options: ConfigureOptions) -> ConfigureOptions:
    """Return the options without those that choose roles."""
    nothing: dict[str, Any] = dict.fromkeys((*ROLE_OPTIONS, "picked"))
    return replace(options, **nothing)
