"""How the options of a run and the saved ones go together."""

from __future__ import annotations

from sso_plugin.commands.configure.configure_options import (
    ConfigureOptions,
    PickedRole,
    PickedRoles,
)

ONE, TWO, THREE = (PickedRole("1", name) for name in "abc")


def test_an_option_that_is_given_replaces_the_saved_one() -> None:
    """All others are used as they were saved; --prune is not saved."""
    saved = ConfigureOptions(accounts=("a",), regions=("eu-west-1",), lowercase=True, prune=True)
    given = ConfigureOptions(accounts=(), lowercase=False, settings=("output=json",))
    assert given.filled_from(saved) == ConfigureOptions(
        accounts=(), regions=("eu-west-1",), lowercase=False, settings=("output=json",)
    )


def test_a_filter_is_used_instead_of_the_roles_that_were_picked() -> None:
    """Another option is used together with them."""
    saved = ConfigureOptions(picked=PickedRoles(frozenset([ONE])))
    assert ConfigureOptions(roles=("R",)).filled_from(saved).picked is None
    assert ConfigureOptions(template="x").filled_from(saved).picked == saved.picked


def test_roles_that_are_not_shown_stay_as_they_were_picked() -> None:
    """With --pick --account, only the roles of this account are shown."""
    before = PickedRoles(frozenset([ONE, TWO]), frozenset([THREE]))
    assert before.picked_again([TWO], []) == PickedRoles(frozenset([ONE]), frozenset([TWO, THREE]))
    assert before.picked_again([TWO, THREE], [THREE]) == PickedRoles(
        frozenset([ONE, THREE]), frozenset([TWO])
    )
