"""The options of the last run for an sso-session, in a file of our own. It holds no secret.

The next run uses them, so that it is one word: ``sso-plugin configure``.
"""

from __future__ import annotations

import logging
import shlex
from typing import TYPE_CHECKING, Any

from sso_plugin.storage import local_cache
from sso_plugin.storage.keys import configure_key

from .configure_options import SAVED, ConfigureOptions, PickedRole, PickedRoles
from .profile_names import NameTemplate
from .region_choice import RegionRule
from .settings import parse_setting

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from sso_plugin.config.profile import SsoProfile

__all__ = ["SavedOptions", "option_words"]

_logger = logging.getLogger(__name__)

_OPTIONS = {
    "accounts": "--account",
    "roles": "--role",
    "exclude": "--exclude",
    "template": "--template",
    "lowercase": "--lowercase",
    "regions": "--region",
    "settings": "--set",
    "credential_process": "--credential-process",
}
"""The options of the command, by their names in `ConfigureOptions`."""

_MOST_VALUES = 3
"""How many values of one option are shown. Further ones are counted."""


class SavedOptions:
    """The saved options for one login."""

    def __init__(self, login: SsoProfile) -> None:
        self._key = configure_key(login)
        self._cache = local_cache()

    def load(self) -> ConfigureOptions:
        """Return the saved options. If they are damaged, return none, with a warning."""
        entry = self._cache.get(self._key)
        if entry is None:
            return ConfigureOptions()
        try:
            return ConfigureOptions(**_read(entry.document))
        except (AttributeError, LookupError, TypeError, ValueError):
            _logger.warning(
                "The saved options in %s are not valid, and are ignored.",
                self._cache.describe(self._key),
            )
            return ConfigureOptions()

    def save(self, options: ConfigureOptions, *, forget: bool = False) -> bool:
        """Replace the saved options. Return whether there are now other ones than before.

        :param forget: if there is nothing to save, also delete a file that cannot be used.
        """
        document = {name: _written(value) for name, value in options.saved.items()}
        with self._cache.locked(self._key):
            entry = self._cache.get(self._key)
            if not document and (entry or forget):
                return self._cache.delete(self._key) is None and entry is not None
            if document == (entry.document if entry else {}):
                return False
            self._cache.put(self._key, document)
        why = self._cache.why_not_stored(self._key)
        if why:
            _logger.warning("The options are not saved for the next run: %s.", why)
        return not why


def option_words(options: ConfigureOptions, names: Collection[str]) -> str:
    """Return these options as the user would type them. Of many values, the first ones."""
    return " ".join(word for name in SAVED if name in names for word in _words(options, name))


def _words(options: ConfigureOptions, name: str) -> Iterator[str]:
    value = getattr(options, name)
    if isinstance(value, PickedRoles):
        yield f"--pick ({len(value.chosen)} {'role' if len(value.chosen) == 1 else 'roles'})"
    elif value is True:
        yield _OPTIONS[name]
    elif value:
        values = (value,) if isinstance(value, str) else value
        yield from (f"{_OPTIONS[name]} {shlex.quote(each)}" for each in values[:_MOST_VALUES])
        if len(values) > _MOST_VALUES:
            yield f"({len(values) - _MOST_VALUES} more)"


def _written(value: Any) -> Any:
    if isinstance(value, PickedRoles):
        return {"chosen": _by_account(value.chosen), "declined": _by_account(value.declined)}
    return list(value) if isinstance(value, tuple) else value


def _by_account(roles: Collection[PickedRole]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for role in sorted(roles):
        names.setdefault(role.account_id, []).append(role.role_name)
    return names


def _read(document: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a document.

    :raises ValueError: if a value could not have been given. Also AttributeError, LookupError or
        TypeError.
    """
    values: dict[str, Any] = {}
    for name in SAVED:
        if name not in document:
            continue
        values[name] = _READERS.get(name, _texts)(document[name])
    for name, check in _CHECKS.items():
        for text in values.get(name, ()):
            check(text)
    return values


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(value)
    return tuple(value)


def _text(value: object) -> str:
    return _texts([value])[0]


def _template(value: object) -> str:
    return NameTemplate.of(_text(value)).text


def _true(value: object) -> bool:
    if value is not True:
        raise ValueError(value)
    return True


def _picked(value: dict[str, Any]) -> PickedRoles:
    return PickedRoles(_roles(value["chosen"]), _roles(value["declined"]))


def _roles(value: dict[str, Any]) -> frozenset[PickedRole]:
    return frozenset(
        PickedRole(account, name) for account, names in value.items() for name in _texts(names)
    )


_READERS: dict[str, Callable[[Any], object]] = {
    "picked": _picked,
    "template": _template,
    "lowercase": _true,
    "credential_process": _true,
}
_CHECKS: dict[str, Callable[[str], object]] = {
    "regions": RegionRule.parse,
    "settings": parse_setting,
}
