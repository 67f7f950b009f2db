"""What botocore reads in a config file, or why it cannot read the file."""

from __future__ import annotations

import codecs
import configparser
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sso_plugin.errors import ConfigError

__all__ = ["ParsedConfig", "parse_config"]


def _empty_config() -> dict[str, Any]:
    return {"profiles": {}, "sso_sessions": {}, "services": {}}


@dataclass(frozen=True)
class ParsedConfig:
    """A config file as botocore reads it. The defaults are those of a missing file.

    :param sections: all sections, by the text of their header.
    :param loaded: what `botocore.configloader.load_config` returns.
    :param defaults: the values of a section ``[DEFAULT]``, which are added to all sections.
    """

    sections: dict[str, Any] = field(default_factory=dict)
    loaded: dict[str, Any] = field(default_factory=_empty_config)
    defaults: dict[str, Any] = field(default_factory=dict)


def parse_config(descriptor: int, path: Path) -> ParsedConfig:
    """Return what botocore reads in an open file.

    :param path: its path, for messages, and for systems that cannot open a descriptor again.
    :raises ConfigError: if botocore cannot read it. Then no script can use it either.
    """
    from botocore.configloader import build_profile_map, raw_config_parse
    from botocore.exceptions import ConfigNotFound, ConfigParseError

    try:
        sections = raw_config_parse(_readable_path(descriptor, path))
        loaded = build_profile_map(sections)
    except ConfigNotFound as exc:
        raise ConfigError(
            subject=path,
            problem="was deleted while it was read. Nothing was written",
            fix="Try again.",
        ) from exc
    except ConfigParseError as exc:
        raise ConfigError(
            problem=f"botocore cannot read {path}, so no script can: "
            f"{_reason(dict(exc.kwargs).get('error'), descriptor)}",
            fix="Fix it with an editor.",
        ) from exc
    return ParsedConfig(sections, loaded, _defaults(_readable_path(descriptor, path)))


def _readable_path(descriptor: int, path: Path) -> str:
    # By now, the path may lead to another file.
    by_descriptor = f"/proc/self/fd/{descriptor}"
    return by_descriptor if os.path.isfile(by_descriptor) else str(path)  # noqa: PTH113


def _defaults(path: str) -> dict[str, Any]:
    # Most files have no such section. With thousands of profiles, parsing takes a while.
    if b"[DEFAULT]" not in Path(path).read_bytes():
        return {}
    parser = configparser.RawConfigParser()
    parser.read([path])
    return {key: _with_nested(value) for key, value in parser.defaults().items()}


def _with_nested(value: str) -> Any:
    """Read an indented block as botocore does, which has no public function for it."""
    if not value.startswith("\n"):
        return value
    pairs = [line.split("=", 1) for line in value.splitlines() if line.strip()]
    return {key.strip(): nested.strip() for key, nested in pairs}


def _reason(error: object, descriptor: int) -> str:
    """Describe a parser's error. Its own message may quote the line, and a secret in it."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    if os.read(descriptor, 3) == codecs.BOM_UTF8:
        return "it begins with a byte order mark"
    match error:
        case configparser.DuplicateSectionError():
            reason = f"line {error.lineno} repeats the section [{error.section}]"
        case configparser.DuplicateOptionError():
            reason = f"line {error.lineno} repeats the key {error.option} of [{error.section}]"
        case configparser.MissingSectionHeaderError():
            reason = f"line {error.lineno} is not in a section"
        case configparser.ParsingError():
            reason = f"line {error.errors[0][0]} is neither a section nor a value"
        case UnicodeError():
            reason = "it is not in the encoding of this system"
        case _:
            reason = "a value in an indented block has no ="
    return reason
