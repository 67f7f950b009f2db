"""Check the format of the values in a profile and its sso-session, and suggest corrections."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from sso_plugin.config.options import read_options
from sso_plugin.errors import ConfigError
from sso_plugin.portal.responses import is_account_id
from sso_plugin.web.addresses import parse

from .finding import Finding, problem, warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["KEYS", "Section", "check_values"]

_SIMILAR = 0.85
"""From 0 to 1, for difflib: how similar a misspelled key is to a known one."""

_REGION = re.compile(r"[a-z]{2,4}(-[a-z0-9]+)+-[0-9]+")
_LABEL = re.compile(r"(?![0-9]+$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_ROLE = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
_ROLE_IN_IAM = re.compile(r"AWSReservedSSO_(.+)_[0-9a-f]{16}")
_SCOPES = re.compile(r"[!#-+\--\[\]-~]+( *, *[!#-+\--\[\]-~]+)*,?")

_COMMENT = re.compile(r"(^|\s)[#;].*", re.DOTALL)
_QUOTES = "\"'`\u2018\u2019\u201c\u201d"
_SEPARATORS = re.compile(r"[\s_-]")


@dataclass(frozen=True)
class Section:
    """A section of a config file.

    :param place_of: returns the header, such as ``[profile dev]``, and the file that contain a key.
    """

    values: Mapping[str, Any]
    place_of: Callable[[str], tuple[str, str]]

    def name(self, key: str) -> str:
        """Return a key with its section, for a message."""
        return f"{key} in {' of '.join(self.place_of(key))}"

    def fix(self, key: str, text: str) -> str:
        """Return an instruction to change a key."""
        return f"Write in {self.place_of(key)[0]}: {text}"


@dataclass(frozen=True)
class _Format:
    """The format of a value.

    :param repaired: returns the probably intended value for one without comment and quotes.
    """

    is_valid: Callable[[str], bool]
    description: str
    example: str
    repaired: Callable[[str], str] = str


def check_values(section: Section) -> Iterator[Finding]:
    """Yield problems of the values of a section."""
    for key, value in section.values.items():
        finding = _check_value(section, key, value)
        if finding is not None:
            yield finding
        if key.startswith("sso_") and key not in KEYS:
            for meant in get_close_matches(key, KEYS, 1, _SIMILAR):
                yield warning(
                    "config",
                    f"{section.name(key)} is not a known key.",
                    f"If you mean {meant}, rename it.",
                )


def _check_value(section: Section, key: str, value: object) -> Finding | None:
    if not isinstance(value, str):
        known = key in (*KEYS, "region")
        fix = section.fix(key, f"{key} = VALUE, on one line")
        message = f"{section.name(key)} is an indented block, not a value."
        return problem("config", message, fix) if known else None
    if key in _OWN_KEYS:
        return _check_own_key(section, key, value)
    if key == "sso_account_name":
        return _check_account_name(section, key, value)
    format_ = _FORMATS.get(key)
    if format_ is None or not value or format_.is_valid(value):
        return None
    return _check_format(section, key, value, format_)


def _check_format(section: Section, key: str, value: str, format_: _Format) -> Finding:
    bare = format_.repaired(_bare(value)).strip()
    why = _why(value) or f"not {format_.description}"
    if format_.is_valid(bare):
        return _problem(section, key, value, why, f"{key} = {bare}")
    fix = f"{format_.description}, such as {key} = {format_.example}"
    return _problem(section, key, value, f"not {format_.description}", fix)


def _check_own_key(section: Section, key: str, value: str) -> Finding | None:
    """Check a key of this package by reading it with `config`."""
    error = _error_of_own_key(key, value)
    if error is None:
        return None
    bare = _bare(value)
    if bare != value and _error_of_own_key(key, bare) is None:
        shown = f"{bare}..." if key in _HIDDEN else value
        return _problem(section, key, shown, _why(value), f"{key} = {bare}")
    choices = re.sub(r"^(Set it to|Use) |\.$", "", error.fix)
    is_hidden = key in _HIDDEN and not value.strip().lower().startswith("file:")
    shown = "..." if is_hidden else value
    return _problem(section, key, shown, "an invalid value", f"{key} = {choices}")


def _error_of_own_key(key: str, value: str) -> ConfigError | None:
    # Whether the store needs TLS depends on another key, maybe of another section.
    others = {"sso_store_insecure": "true"} if key == "sso_store" else {}
    try:
        read_options({**others, key: value}, "x")
    except ConfigError as exc:
        return exc
    return None


def _check_account_name(section: Section, key: str, value: str) -> Finding | None:
    """Check the name of an account, which may contain any characters."""
    bare = _bare(value)
    if bare == value:
        return None
    return warning(
        "config",
        f'{section.name(key)} is "{value}": {_why(value)}.',
        f'If the account is named "{bare}": {section.fix(key, f"{key} = {bare}")}',
    )


def _problem(section: Section, key: str, value: str, why: str, fix: str) -> Finding:
    note = ", and the comment on a line of its own" if _COMMENT.search(value) else ""
    message = f'{section.name(key)} is "{value}": {why}.'
    return problem("config", message, f"{section.fix(key, fix)}{note}")


def _why(value: str) -> str:
    """Return why a value is wrong, for the usual mistakes; otherwise an empty text."""
    if _COMMENT.search(value):
        return "a comment at the end of a line is part of the value"
    if _unquoted(value) != value:
        return "quotes are part of the value"
    odd = [char for char in value if not char.isascii() or not char.isprintable()]
    if odd:
        return f"it has a character that is not ASCII (U+{ord(odd[0]):04X})"
    return ""


def _bare(value: str) -> str:
    """Return a value without comment, quotes and invisible characters, with ASCII digits."""
    unquoted = _unquoted(_COMMENT.sub("", value).strip())
    plain = unicodedata.normalize("NFKC", unquoted)
    digits = (str(unicodedata.digit(char, char)) for char in plain)
    return "".join(char for char in digits if unicodedata.category(char) not in ("Cf", "Cc"))


def _unquoted(value: str) -> str:
    return value.strip(_QUOTES) if value[:1] in _QUOTES or value[-1:] in _QUOTES else value


def _is_start_url(value: str) -> bool:
    address = parse(value)
    return address is not None and address.is_safe


def _as_url(value: str) -> str:
    scheme, separator, rest = value.rpartition("://")
    return f"https://{rest}" if not separator or scheme == "http" else value


def _as_account_id(value: str) -> str:
    return _SEPARATORS.sub("", value)


def _as_region(value: str) -> str:
    region = re.sub(r"[\s_]+", "-", value.lower())
    zone = re.fullmatch(r"(.*-[0-9]+)[a-z]", region)
    return zone[1] if zone else region


def _as_role(value: str) -> str:
    name = value.rpartition("/")[2]
    found = _ROLE_IN_IAM.fullmatch(name)
    return found[1] if found else name


_REGION_NAME = "the name of a region"
_FORMATS = {
    "sso_start_url": _Format(
        _is_start_url, "an https address", "https://example.awsapps.com/start", _as_url
    ),
    "sso_region": _Format(
        lambda value: _REGION.fullmatch(value) is not None,
        _REGION_NAME,
        "eu-central-1",
        _as_region,
    ),
    "region": _Format(
        lambda value: _LABEL.fullmatch(value) is not None, _REGION_NAME, "eu-central-1", _as_region
    ),
    "sso_account_id": _Format(
        is_account_id, "12 digits, with leading zeros", "012345678901", _as_account_id
    ),
    "sso_role_name": _Format(
        lambda value: bool(_ROLE.fullmatch(value)) and not _ROLE_IN_IAM.fullmatch(value),
        "the name of a permission set",
        "AdministratorAccess",
        _as_role,
    ),
    "sso_registration_scopes": _Format(
        lambda value: _SCOPES.fullmatch(value) is not None,
        "scopes with commas between them",
        "sso:account:access",
        lambda value: ", ".join(value.split()),
    ),
}
_OWN_KEYS = (
    "sso_plugin",
    "sso_login",
    "sso_refresh",
    "sso_token_cache",
    "sso_cache",
    "sso_key",
    "sso_login_timeout",
    "sso_minimum_lifetime",
    "sso_notify",
    "sso_warn_before",
    "sso_requests_per_second",
    "sso_use_fips_endpoint",
    "sso_store",
    "sso_store_insecure",
    "sso_store_ca_bundle",
)
_HIDDEN = ("sso_notify", "sso_key", "sso_store")
"""A command line may have a secret, an address a password, and a key be in place of its name."""

KEYS = (
    "sso_session",
    "sso_account_name",
    *(key for key in _FORMATS if key != "region"),
    *_OWN_KEYS,
)
"""All keys of SSO in a profile or an sso-session."""
