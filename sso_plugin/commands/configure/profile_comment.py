"""Our comment in a managed profile: a comment and not a key, because no program reads comments.

It ends with a digest of the name of the profile and of the values that we wrote, so that we see
whether the user changed one of them. Keys that were set with ``--set`` follow the digest, each with
a digest of its own, because the user may change each of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["OUTPUT", "PROCESS", "REGION", "ROLE_KEYS", "ProfileComment", "header", "option_line"]

PROCESS = "credential_process"
REGION = "region"
OUTPUT = "output"

ROLE_KEYS = ("sso_session", "sso_account_id", "sso_role_name", REGION)
"""The keys of the profile of a role, in the order in which we write them."""

_PROCESS_KEYS = (PROCESS, REGION, OUTPUT)

_OF_ROLE = "# Managed by sso-plugin configure. Keys and comments that you add are kept: "
_OF_PROCESS = (
    "# Managed by sso-plugin configure --credential-process. "
    "Keys and comments that you add are kept: "
)
_OF_0_1 = "# Written by sso-plugin configure, and kept up to date until somebody changes it: "
"""What version 0.1 wrote. The digest is the same."""

_BASE_KEYS = {_OF_ROLE: ROLE_KEYS, _OF_0_1: ROLE_KEYS, _OF_PROCESS: _PROCESS_KEYS}
"""For each of our comments: the keys that we write below it without ``--set``, in this order."""

_ADDED: tuple[tuple[str, ...], ...] = ((), (REGION,), (OUTPUT,), (REGION, OUTPUT))
"""Which of these keys the user may have added."""


@dataclass(frozen=True)
class ProfileComment:
    """One comment of ours.

    :param text: its text up to the digest, which says of which kind the profile is.
    :param digest: of the name of the profile, and of the values without those of ``--set``.
    :param settings: the digest of each key of ``--set``.
    """

    text: str
    digest: str
    settings: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, line: str) -> ProfileComment | None:
        """Return the comment in a line of a config file. None if it is not one of ours."""
        text = next((text for text in _BASE_KEYS if line.startswith(text)), None)
        if text is None:
            return None
        digest, *settings = line[len(text) :].rstrip("\r\n").split(" ")
        parts = (each.rpartition(":") for each in settings)
        return cls(text, digest, {key: own for key, _, own in parts if key})

    @classmethod
    def of(cls, name: str, values: Mapping[str, str]) -> ProfileComment:
        """Return the comment for a profile with these values of ours."""
        text = _OF_PROCESS if PROCESS in values else _OF_ROLE
        base = _BASE_KEYS[text]
        settings = {key: value for key, value in values.items() if key not in base}
        return cls(
            text,
            _digest(name, base, values),
            {key: _own_digest(name, key, value) for key, value in settings.items()},
        )

    @property
    def line(self) -> str:
        """The text of the comment, without a line end."""
        own = (f"{key}:{digest}" for key, digest in self.settings.items())
        return " ".join([self.text + self.digest, *own])

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that we write below the comment."""
        return (*_BASE_KEYS[self.text], *self.settings)

    @property
    def is_of_process(self) -> bool:
        """Whether the profile serves another one through ``credential_process``."""
        return self.text == _OF_PROCESS

    def unchanged_keys(self, name: str, values: Mapping[str, str]) -> frozenset[str]:
        """Return the keys whose values are as we wrote them.

        Of the keys with a common digest, a user may have added a region or an output. If the user
        changed one of them, none of them counts.
        """
        own = {
            key
            for key, digest in self.settings.items()
            if key in values and _own_digest(name, key, values[key]) == digest
        }
        for added in _ADDED:
            kept = [key for key in _BASE_KEYS[self.text] if key in values and key not in added]
            if _digest(name, kept, values) == self.digest:
                return frozenset([*kept, *own])
        return frozenset(own)


def header(name: str) -> str:
    """Return the first line of a profile."""
    return f"[profile {name}]"


def option_line(key: str, value: str) -> str:
    """Return the line of a key and its value, which may be empty."""
    return f"{key} = {value}".rstrip()


def _digest(name: str, keys: Iterable[str], values: Mapping[str, str]) -> str:
    return _sha256(
        [header(name), *(option_line(key, values[key]) for key in keys if key in values)]
    )


def _own_digest(name: str, key: str, value: str) -> str:
    return _sha256([header(name), option_line(key, value)])[:8]


def _sha256(lines: Iterable[str]) -> str:
    text = "\n".join(lines)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
