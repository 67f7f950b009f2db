"""The keys that only sso-plugin knows: their valid values, and the error for an invalid one.

Not imported for a profile that has none of these keys.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import STORE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..errors import ConfigError
    from .store_address import StoreAddress

__all__ = ["invalid_value", "read_options"]

_UNITS = {"s": 1, "m": 60, "h": 3600}
"""The seconds in each unit of a duration."""


def read_options(values: Mapping[str, Any], where: str, store: str = "") -> dict[str, Any]:
    """Read the keys that only sso-plugin knows; return those fields of `Options` that are set.

    :param values: the keys of a profile and its sso-session, merged.
    :param where: the section and the file, for error messages.
    :param store: the value of ``SSO_PLUGIN_STORE``; empty if it is not set.
    :raises ConfigError: for an invalid value.
    """
    reader = _Reader(values, where)
    reader.choice("sso_plugin", ("on", "off"))
    fips = reader.choice("sso_use_fips_endpoint", ("false", "true"))
    found = {
        "login": reader.choice("sso_login", ("never", "auto", "browser", "device", "wait")),
        "login_timeout": reader.number("sso_login_timeout"),
        "notify": reader.command("sso_notify"),
        "warn_before": reader.number("sso_warn_before"),
        "refresh": reader.choice("sso_refresh", ("background", "blocking")),
        "cache": reader.choice("sso_cache", ("file", "memory", "sealed")),
        "token_cache": reader.choice("sso_token_cache", ("file", "sealed")),
        "key": reader.key_place("sso_key"),
        "minimum_lifetime": reader.number("sso_minimum_lifetime"),
        "requests_per_second": reader.number("sso_requests_per_second"),
        "use_fips_endpoint": None if fips is None else fips == "true",
        "store": reader.store(store),
    }
    return {field: value for field, value in found.items() if value is not None}


def invalid_value(key: str, where: str, value: str, choices: str) -> ConfigError:
    """Return the error for an invalid value of a key.

    :param where: the section and the file.
    :param value: the value as the message shows it.
    :param choices: the valid values.
    """
    from ..errors import ConfigError

    return ConfigError(
        subject=f"The value of {key} in {where}",
        problem=f"is {value}, which is not valid",
        fix=f"Set it to {choices}.",
    )


class _Reader:
    """Reads one key at a time."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self._values = values
        self._where = where

    def choice(self, key: str, choices: tuple[str, ...]) -> str | None:
        if key not in self._values:
            return None
        value = self._text(key)
        if value.lower() not in choices:
            expected = f"{', '.join(choices[:-1])} or {choices[-1]}"
            raise invalid_value(key, self._where, f'"{value}"', expected)
        return value.lower()

    def number(self, key: str) -> float | None:
        parse, expected = _NUMBERS[key]
        if key not in self._values:
            return None
        value = self._text(key)
        try:
            return parse(value)
        except ValueError:
            raise invalid_value(key, self._where, f'"{value}"', expected) from None

    def command(self, key: str) -> str | None:
        if key not in self._values:
            return None
        value = self._text(key)
        try:
            shlex.split(value)
        except ValueError:
            # Without the value: a command line may have a secret.
            problem = "a command line with an open quote or a backslash at its end"
            raise invalid_value(key, self._where, problem, "a complete command line") from None
        return value

    def key_place(self, key: str) -> str | None:
        if key not in self._values:
            return None
        value = self._text(key)
        kind, _, path = value.partition(":")
        if value.lower() in ("keyring", "env"):
            return value.lower()
        if kind.lower() == "file" and Path(path).expanduser().is_absolute():
            return f"file:{path}"
        # Not another value, in case it is the key itself.
        shown = f'"{value}"' if kind.lower() == "file" else '"..." (hidden: it may be a key)'
        expected = "keyring, env or file:PATH, where PATH is absolute"
        raise invalid_value(key, self._where, shown, expected)

    def store(self, variable: str) -> StoreAddress | None:
        # All three are checked, also if there is no store.
        is_insecure = self.choice("sso_store_insecure", ("false", "true")) == "true"
        ca_bundle = self._absolute_path("sso_store_ca_bundle")
        text = self._text("sso_store") if "sso_store" in self._values else ""
        if not (variable or text):
            return None
        from .store_address import read_store_address

        subject = f"The value of sso_store in {self._where}"
        return read_store_address(
            variable or text,
            f"The variable {STORE}" if variable else subject,
            is_insecure=is_insecure,
            ca_bundle=ca_bundle,
        )

    def _absolute_path(self, key: str) -> str:
        value = self._text(key) if key in self._values else ""
        if value and not (value.startswith("~/") or Path(value).is_absolute()):
            expected = "a path that is absolute or begins with ~/"
            raise invalid_value(key, self._where, f'"{value}"', expected)
        return value

    def _text(self, key: str) -> str:
        value = self._values[key]
        if not isinstance(value, str):
            raise invalid_value(key, self._where, "a nested section", "one line of text")
        return value.strip()


def _seconds(text: str) -> float:
    """Read a duration: ``2700``, ``2700s``, ``45m`` or ``1h``. 0 is valid."""
    unit = text[-1:].lower()
    amount = text[:-1] if unit in _UNITS else text
    return _positive(amount) * _UNITS.get(unit, 1) if float(amount) else 0.0


def _duration(text: str) -> float:
    """Read a duration that is not 0."""
    return _positive(str(_seconds(text)))


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(text)
    return number


_DURATION = "a number of seconds, or a time such as 45m or 1h"

_NUMBERS: dict[str, tuple[Callable[[str], float], str]] = {
    "sso_login_timeout": (_duration, _DURATION),
    "sso_minimum_lifetime": (_seconds, _DURATION),
    "sso_requests_per_second": (_positive, "a number above 0"),
    "sso_warn_before": (_seconds, _DURATION),
}
