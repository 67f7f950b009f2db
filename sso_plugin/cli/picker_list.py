"""The list of a picker: which rows are shown, where the cursor is, what is chosen. Draws nothing.

A key costs at most one search for a text in each row: 3,000 rows take a millisecond or two.
"""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, Protocol

from .output import clean

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["Role", "RoleList", "rows_of"]

_RANGE = re.compile(r"([0-9]{1,9})(?:\s*-\s*([0-9]{1,9}))?")


class Role(Protocol):
    """A role that can be chosen."""

    @property
    def account_id(self) -> str:
        """The id of the account."""

    @property
    def account_name(self) -> str:
        """The name of the account."""

    @property
    def role_name(self) -> str:
        """The name of the role."""


class RoleList:
    """The rows, the filter, the cursor, and the rows that are chosen.

    Rows are numbers from 0 on, in the order that was given. `shown` has those that match the
    filter. The cursor is a position in `shown`.
    """

    def __init__(self, roles: Sequence[Role], chosen: Collection[Role] = ()) -> None:
        self.roles = roles
        self.accounts = _distinct_accounts(roles)
        self.names = [clean(role.role_name) for role in roles]
        self._texts = [
            f"{role.account_name} {role.account_id} {role.role_name}".casefold() for role in roles
        ]
        before = {_key(role) for role in chosen}
        self.chosen = {at for at, role in enumerate(roles) if _key(role) in before}
        self.filter = ""
        self.shown: Sequence[int] = range(len(roles))
        self.cursor = 0
        self.is_typing = False
        """Whether the last key was a letter of the filter. A space then begins the next word."""

    def type(self, text: str) -> None:
        """Add text to the filter."""
        self._set_filter(self.filter + text, among=self.shown)
        self.is_typing = not text.isspace()

    def press_space(self) -> None:
        """Begin the next word of the filter after a letter. Otherwise choose the current row."""
        if self.is_typing:
            self.type(" ")
        else:
            self.toggle()

    def delete(self) -> None:
        """Delete the last character of the filter."""
        self._set_filter(self.filter[:-1])

    def clear(self) -> None:
        """Delete the filter."""
        self._set_filter("")

    def move(self, by: int) -> None:
        """Move the cursor; it stops at both ends."""
        self.is_typing = False
        self.cursor = max(0, min(len(self.shown) - 1, self.cursor + by))

    def toggle(self) -> None:
        """Choose the current row, or the opposite, and go to the next one."""
        if self.shown:
            self.chosen ^= {self.shown[self.cursor]}
            self.move(1)

    def toggle_shown(self) -> None:
        """Choose all rows that are shown; if they are chosen, the opposite."""
        self.is_typing = False
        shown = set(self.shown)
        self.chosen = self.chosen - shown if shown <= self.chosen else self.chosen | shown

    def result(self) -> list[Role]:
        """Return the chosen roles. If there are none, return the current one."""
        current = self.shown[self.cursor : self.cursor + 1]
        return [self.roles[at] for at in sorted(self.chosen) or current]

    def _set_filter(self, text: str, among: Sequence[int] | None = None) -> None:
        """Show the rows that have each word of the filter.

        :param among: the rows that can match; None for all.
        """
        rows = range(len(self.roles)) if among is None else among
        for word in text.casefold().split():
            rows = [at for at in rows if word in self._texts[at]]
        self.filter = text
        self.shown = rows
        self.cursor = 0
        self.is_typing = False


def _distinct_accounts(roles: Sequence[Role]) -> list[str]:
    """Return the name of the account of each role, with its id if several have the same name."""
    ids: dict[str, set[str]] = {}
    for role in roles:
        ids.setdefault(role.account_name, set()).add(role.account_id)
    return [
        clean(role.account_name or role.account_id)
        + (f" ({role.account_id})" if role.account_name and len(ids[role.account_name]) > 1 else "")
        for role in roles
    ]


def rows_of(text: str, roles: Sequence[Role]) -> set[int] | str:
    """Return the rows that an answer such as ``1-3, 7, prod*`` describes.

    :returns: rows from 0 on; if a part of the answer has no rows, that part.
    """
    found: set[int] = set()
    for part in filter(None, (each.strip() for each in text.split(","))):
        rows = _rows_of_part(part, roles)
        if not rows:
            return part
        found |= rows
    return found or text


def _rows_of_part(part: str, roles: Sequence[Role]) -> set[int]:
    if part.casefold() == "all":
        return set(range(len(roles)))
    if (numbers := _RANGE.fullmatch(part)) and int(numbers[1]) <= len(roles):
        first, last = int(numbers[1]), int(numbers[2] or numbers[1])
        # The numbers of a list begin at 1. A range that ends after the list is a mistake.
        is_valid = 0 < first <= last <= len(roles)
        return set(range(first - 1, last)) if is_valid else set()
    account, slash, name = part.casefold().rpartition("/")
    if slash:
        return {
            at
            for at, role in enumerate(roles)
            if _matches(account, role.account_name, role.account_id)
            and _matches(name, role.role_name)
        }
    return {
        at
        for at, role in enumerate(roles)
        if _matches(name, role.account_name, role.account_id, role.role_name)
    }


def _matches(pattern: str, *texts: str) -> bool:
    return any(fnmatch.fnmatchcase(text.casefold(), pattern) for text in texts)


def _key(role: Role) -> tuple[str, str]:
    return role.account_id, role.role_name
