"""Tables of a TOML file. Errors name the key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Table"]


@dataclass(frozen=True)
class Table:
    """A table of a TOML file, and its name for error messages.

    Every method raises ValueError if a value is missing or has the wrong type.
    """

    name: str
    values: dict[str, Any]

    def check_keys(self, *known: str) -> None:
        """Raise ValueError for an unknown key, which usually is a typing error."""
        for key in self.values:
            if key not in known:
                raise ValueError(f"{self._key(key)} is not a known key. Use {', '.join(known)}.")

    def string(self, key: str, default: str | None = None) -> str:
        """Return a string. Without a default the key is required."""
        value = self._value(key, default)
        if not isinstance(value, str) or not value:
            raise ValueError(f"{self._key(key)} must be a string, not {value!r}.")

        return value

    def whole_number(self, key: str, default: int) -> int:
        """Return a whole number from 1."""
        value = self._value(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{self._key(key)} must be a whole number from 1, not {value!r}.")

        return value

    def boolean(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._value(key, default)
        if not isinstance(value, bool):
            raise ValueError(f"{self._key(key)} must be true or false, not {value!r}.")  # noqa: TRY004 - as for the other kinds

        return value

    def strings(self, key: str, default: list[str] | None = None) -> list[str]:
        """Return a list of strings. Without a default it is required and must not be empty."""
        value = self._value(key, default)
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise ValueError(f"{self._key(key)} must be a list of strings, not {value!r}.")

        if not value and default is None:
            raise ValueError(f"{self._key(key)} must not be empty.")

        return value

    def tables(self, key: str) -> list[Table]:
        """Return the tables of an array. Each name has the number of the table, from 1."""
        values = self.values.get(key, [])
        if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
            raise ValueError(f"{self._key(key)} must be written as [[{key}]].")

        return [Table(f"{key}[{number}]", each) for number, each in enumerate(values, start=1)]

    def _value(self, key: str, default: object) -> object:
        value = self.values.get(key, default)
        if value is None:
            raise ValueError(f"{self._key(key)} is missing.")

        return value

    def _key(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key
