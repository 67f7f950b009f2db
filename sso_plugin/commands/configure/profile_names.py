"""The names of profiles, made from the names of accounts and roles with a template."""

from __future__ import annotations

import re
import string
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sso_plugin.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sso_plugin.portal.listings import AccountRole

__all__ = [
    "DEFAULT_TEMPLATE",
    "PROCESS_SUFFIX",
    "RESERVED_NAMES",
    "UNIQUE_TEMPLATE",
    "NameTemplate",
    "needs_no_quotes",
]

DEFAULT_TEMPLATE = "{account_name}-{role_name}"
UNIQUE_TEMPLATE = "{account_name}-{account_id}-{role_name}"
"""It never gives the same name to two roles."""

RESERVED_NAMES = ("", "default")
"""Names that no profile gets. Every script without a profile name uses ``default``."""

PROCESS_SUFFIX = "-process"
"""Follows the name of a profile, in the name of the one that serves it to other programs."""

_FIELDS = ("account_name", "account_id", "role_name", "sso_session")
_PLAIN = "A-Za-z0-9_.@+="
_NOT_PLAIN = re.compile(f"[^{_PLAIN}]+")
_LITERAL = re.compile(rf"[-/:,{_PLAIN}]*")


def needs_no_quotes(text: str) -> bool:
    """Return whether a name needs no quotes, neither in a section header nor in a shell."""
    return bool(text) and _LITERAL.fullmatch(text) is not None


@dataclass(frozen=True)
class NameTemplate:
    """Text with fields in braces, as in ``{account_name}-{role_name}``.

    :param lowercase: whether the names are in lower case.
    """

    text: str
    lowercase: bool = False

    @classmethod
    def of(cls, text: str, *, lowercase: bool = False) -> NameTemplate:
        """Check a template.

        :raises ValueError: if it has an unknown field, if it has a character that a profile name
            cannot have, or if it is a reserved name.
        """
        try:
            parts = list(string.Formatter().parse(text))
        except ValueError as exc:
            raise _invalid(text, f"{exc}") from None
        for literal, name, spec, conversion in parts:
            if _LITERAL.fullmatch(literal) is None:
                raise _invalid(text, f'a profile name cannot contain "{literal}"')
            if name is not None and (name not in _FIELDS or spec or conversion):
                raise _invalid(text, f'there is no field "{name}"')
        if text in RESERVED_NAMES:
            raise _invalid(text, f'it gives every profile the name "{text}"')
        return cls(text, lowercase)

    def names(self, roles: Iterable[AccountRole], sso_session: str) -> dict[str, list[AccountRole]]:
        """Return the roles by profile name. Several roles may have the same profile name."""
        roles_by_name: dict[str, list[AccountRole]] = {}
        for role in dict.fromkeys(roles):
            roles_by_name.setdefault(self._name(role, sso_session), []).append(role)
        return roles_by_name

    def _name(self, role: AccountRole, sso_session: str) -> str:
        name = self.text.format(
            account_name=_slug(role.account_name) or role.account_id,
            account_id=role.account_id,
            role_name=_slug(role.role_name),
            sso_session=_slug(sso_session),
        )
        return name.lower() if self.lowercase else name


def _slug(text: str) -> str:
    """Return the text in characters that need no quotes: ``Prod & Co (EU)`` is ``Prod-Co-EU``."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _NOT_PLAIN.sub("-", plain).strip("-")


def _invalid(text: str, reason: str) -> ValueError:
    return ValueError(
        f'"{one_line(text, 80)}" is not a valid template: {one_line(reason)}. The fields are '
        f"{', '.join(f'{{{name}}}' for name in _FIELDS)}. With {{account_id}} and {{role_name}}, "
        "all names are different."
    )
