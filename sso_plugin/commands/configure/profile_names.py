"""Names for profiles, made of the names of accounts and roles by a template."""

from __future__ import annotations

import re
import string
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sso_plugin.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sso_plugin.portal.listings import AccountRole

__all__ = ["DEFAULT_TEMPLATE", "DISTINCT_TEMPLATE", "UNFIT", "NameTemplate", "is_plain"]

DEFAULT_TEMPLATE = "{account_name}-{role_name}"
DISTINCT_TEMPLATE = "{account_name}-{account_id}-{role_name}"
"""It gives the same name to no two roles."""

UNFIT = ("", "default")
"""Names that no profile gets: ``default`` is the one that every script uses."""

_FIELDS = ("account_name", "account_id", "role_name", "sso_session")
_PLAIN = "A-Za-z0-9_.@+="
_NOT_PLAIN = re.compile(f"[^{_PLAIN}]+")
_LITERAL = re.compile(rf"[-/:,{_PLAIN}]*")


def is_plain(text: str) -> bool:
    """Tell whether a name can stand in a section header, and in a shell, without quotes."""
    return bool(text) and _LITERAL.fullmatch(text) is not None


@dataclass(frozen=True)
class NameTemplate:
    """Text with fields in braces, as in ``{account_name}-{role_name}``."""

    text: str

    @classmethod
    def of(cls, text: str) -> NameTemplate:
        """Check a template.

        :raises ConfigError: if it has an unknown field or a character that a name cannot have,
            or is no name without a field.
        """
        try:
            parts = list(string.Formatter().parse(text))
        except ValueError as exc:
            raise _wrong(text, f"{exc}") from None
        for literal, name, spec, conversion in parts:
            if _LITERAL.fullmatch(literal) is None:
                raise _wrong(text, f'"{literal}" has characters that do not fit a profile name')
            if name is not None and (name not in _FIELDS or spec or conversion):
                raise _wrong(text, f'there is no field "{name}"')
        if text in UNFIT:
            raise _wrong(text, f'it gives every profile the name "{text}"')
        return cls(text)

    def names(self, roles: Iterable[AccountRole], sso_session: str) -> dict[str, list[AccountRole]]:
        """Return the roles by the name of their profile: several if they have the same name."""
        named: dict[str, list[AccountRole]] = {}
        for role in dict.fromkeys(roles):
            named.setdefault(self._name(role, sso_session), []).append(role)
        return named

    def _name(self, role: AccountRole, sso_session: str) -> str:
        return self.text.format(
            account_name=_slug(role.account_name) or role.account_id,
            account_id=role.account_id,
            role_name=_slug(role.role_name),
            sso_session=_slug(sso_session),
        )


def _slug(text: str) -> str:
    """Return the text in characters that need no quotes: ``Prod & Co (EU)`` is ``Prod-Co-EU``."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _NOT_PLAIN.sub("-", plain).strip("-")


def _wrong(text: str, why: str) -> ConfigError:
    return ConfigError(
        subject=f'The template "{text}"',
        problem=f"is not valid: {why}",
        fix=f"The fields are {', '.join(f'{{{name}}}' for name in _FIELDS)}; with {{account_id}} "
        "and {role_name} no two names are the same.",
    )
