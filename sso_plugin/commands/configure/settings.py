"""The option ``--set``: keys and values that each profile gets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sso_plugin.printable import one_line

from .profile_comment import PROCESS, REGION, ROLE_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["parse_setting", "settings_of"]

_KEY = re.compile(r"[a-z][a-z0-9_-]*")
_SECRET = re.compile(r"secret|token|password|access_key")
_NO_SECRETS = ("sso_token_cache", "web_identity_token_file")
"""Keys with one of these words that hold no secret."""

_WRITTEN = {
    **dict.fromkeys(ROLE_KEYS, "this command writes it itself"),
    REGION: "use --region",
    PROCESS: "use --credential-process",
    **dict.fromkeys(("sso_start_url", "sso_region"), "it belongs in the sso-session"),
    "sso_account_name": "this command writes sso_account_id",
}
_OTHER_CREDENTIALS = (
    "role_arn",
    "source_profile",
    "credential_source",
    "web_identity_token_file",
)


def settings_of(texts: Iterable[str]) -> dict[str, str]:
    """Return the values by key. Of two values for the same key, the last one counts.

    :raises ValueError: if a text is not valid; see `parse_setting`.
    """
    return dict(map(parse_setting, texts))


def parse_setting(text: str) -> tuple[str, str]:
    """Return the key and the value of ``KEY=VALUE``. The value may be empty.

    :raises ValueError: if it has another form, or if the key must not be set. The message has no
        value, because that could be a secret.
    """
    key, separator, value = text.partition("=")
    key, value = key.strip().lower(), value.strip()
    if not separator:
        raise ValueError(f'"{one_line(key, 40)}" has no value: use KEY=VALUE, such as output=json.')
    if _KEY.fullmatch(key) is None:
        raise ValueError(f'"{one_line(key, 40)}" is not a key of the AWS config file.')
    if key in _WRITTEN:
        raise ValueError(f'"{key}" cannot be set: {_WRITTEN[key]}.')
    if key in _OTHER_CREDENTIALS:
        raise ValueError(f'"{key}" cannot be set: the profile would get other credentials.')
    if _SECRET.search(key) and key not in _NO_SECRETS:
        raise ValueError(f'"{key}" cannot be set: secrets do not belong in the config file.')
    if not value.isprintable():
        raise ValueError(f'The value of "{key}" is not one line of printable characters.')
    return key, value
