"""A change of the config file that is not made yet, as it is shown to the user."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .text_diff import unified_diff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sso_plugin.portal.listings import AccountRole

    from ..config_change import Change

__all__ = ["Plan"]

_SECRET = re.compile(r"(?im)^(\s*aws_(?:secret_access_key|session_token|security_token)\s*[=:]).*")


@dataclass(frozen=True)
class Plan:
    """A change of the config file.

    :param skipped: the profiles that are not changed although a role needs their name, and why.
    :param without_profile: the roles that have no profile and get none.
    :param notes: more sentences about what stays as it is.
    :param change: the same change, for the check of the new file.
    :param renamed: the old and the new name of each profile that is removed because its role gets
        another one.
    :param unchanged: how many profiles are as they have to be.
    :param stale: the profiles that stay, although their role was removed or has another profile.
    """

    file: str
    before: str
    after: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    skipped: dict[str, str]
    without_profile: tuple[AccountRole, ...]
    notes: tuple[str, ...]
    change: Change
    renamed: tuple[tuple[str, str], ...] = ()
    unchanged: int = 0
    stale: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the file has everything already."""
        return self.before == self.after

    def diff(self) -> Iterator[str]:
        """Yield the lines of a unified diff. Secrets are masked. No lines if nothing changes."""
        return unified_diff(_shown(self.before), _shown(self.after), self.file)


def _shown(text: str) -> list[str]:
    """Return the lines for a diff. Secrets are masked, a missing last line end is shown."""
    lines = _SECRET.sub(r"\1********", text.replace("\r\n", "\n")).split("\n")
    if lines[-1] == "":
        return lines[:-1]
    return [*lines[:-1], f"{lines[-1]}\n\\ No newline at end of file"]
