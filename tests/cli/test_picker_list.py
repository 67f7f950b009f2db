"""The list of a picker: filter, cursor, choice, and answers by number."""

from __future__ import annotations

import pytest

from sso_plugin.cli.picker_list import RoleList, rows_of
from sso_plugin.portal.listings import AccountRole

ROLES = [
    AccountRole("111111111111", "Production", "Admin"),
    AccountRole("111111111111", "Production", "ReadOnly"),
    AccountRole("222222222222", "Data lake", "Admin"),
    AccountRole("333333333333", "", "ReadOnly"),
]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", [0, 1, 2, 3]),
        ("PROD", [0, 1]),
        ("admin lake", [2]),
        ("33", [3]),
        ("  read   prod ", [1]),
        ("nothing", []),
    ],
)
def test_a_filter_shows_the_rows_that_have_each_word(text: str, shown: list[int]) -> None:
    """In any order and case, in the name or id of the account or in the role."""
    rows = RoleList(ROLES)
    for letter in text:
        rows.type(letter)
    assert list(rows.shown) == shown


def test_accounts_with_the_same_name_have_their_ids() -> None:
    """AWS allows it. A narrow screen, and a question, have no other column for them."""
    other = AccountRole("444444444444", "Production", "Admin")
    assert RoleList([*ROLES[1:], other]).accounts == [
        "Production (111111111111)",
        "Data lake",
        "333333333333",
        "Production (444444444444)",
    ]


def test_deleting_a_letter_shows_more() -> None:
    """Clearing the filter shows all."""
    rows = RoleList(ROLES)
    rows.type("prodx")
    assert list(rows.shown) == []
    rows.delete()
    assert list(rows.shown) == [0, 1]
    rows.clear()
    assert list(rows.shown) == [0, 1, 2, 3]


def test_chosen_rows_stay_when_the_filter_changes() -> None:
    """The result has the order of the list."""
    rows = RoleList(ROLES)
    rows.type("lake")
    rows.toggle()
    rows.clear()
    rows.type("prod read")
    rows.toggle()
    assert rows.result() == [ROLES[1], ROLES[2]]


def test_all_shown_rows_can_be_chosen_and_not_chosen() -> None:
    """Those that the filter hides do not change."""
    rows = RoleList(ROLES, [ROLES[3]])
    rows.type("admin")
    rows.toggle_shown()
    assert rows.chosen == {0, 2, 3}
    rows.toggle_shown()
    assert rows.chosen == {3}


def test_a_space_after_a_letter_begins_the_next_word() -> None:
    """Otherwise it chooses the current row, and goes to the next one."""
    rows = RoleList(ROLES)
    rows.type("p")
    rows.press_space()
    assert (rows.filter, rows.chosen) == ("p ", set())
    rows.press_space()
    assert (rows.chosen, rows.cursor) == ({0}, 1)
    rows.type("r")
    rows.move(1)
    rows.press_space()
    assert rows.chosen == {0, 1}


def test_the_cursor_stops_at_both_ends() -> None:
    """Also in an empty list."""
    rows = RoleList(ROLES)
    rows.move(-1)
    assert rows.cursor == 0
    rows.move(99)
    assert rows.cursor == 3
    rows.type("nothing")
    rows.move(1)
    rows.toggle()
    assert (rows.cursor, rows.result()) == (0, [])


def test_without_a_choice_the_current_row_is_the_result() -> None:
    """So a person types a name and presses Enter."""
    rows = RoleList(ROLES)
    rows.type("lake")
    assert rows.result() == [ROLES[2]]


def test_keys_that_do_not_change_the_filter_search_no_row() -> None:
    """A list can have thousands."""
    rows = RoleList(ROLES * 1000)
    rows._texts = []
    rows.move(1)
    rows.toggle()
    rows.press_space()
    assert len(rows.chosen) == 2


def test_names_cannot_control_the_terminal() -> None:
    """They are not ours."""
    rows = RoleList([AccountRole("1", "evil\x1b[2J", "R\nS")])
    assert (rows.accounts, rows.names) == (["evil\ufffd[2J"], ["R\ufffdS"])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("1", {0}),
        ("2-4", {1, 2, 3}),
        ("1, 3-4,", {0, 2, 3}),
        ("ALL", {0, 1, 2, 3}),
        ("prod*", {0, 1}),
        ("readonly", {1, 3}),
        ("*/Admin", {0, 2}),
        ("data lake/*", {2}),
        ("333333333333", {3}),
        ("2222*/adm*", {2}),
        ("0", "0"),
        ("5", "5"),
        ("3-2", "3-2"),
        ("2-9", "2-9"),
        ("1, x*", "x*"),
        (",", ","),
    ],
)
def test_an_answer_has_numbers_ranges_and_patterns(answer: str, expected: object) -> None:
    """A part without a row is returned as it is."""
    assert rows_of(answer, ROLES) == expected
