"""The AWS config file on disk: read as it is, replaced as a whole or not at all."""

from __future__ import annotations

import codecs
import configparser
import contextlib
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sso_plugin.errors import ConfigError
from sso_plugin.filecache import own_cache

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["ConfigFile"]


@dataclass(frozen=True)
class ConfigFile:
    """One config file. Its text is whatever bytes it holds, in a form that gives them back."""

    path: Path

    @classmethod
    def in_use(cls) -> ConfigFile:
        """Return the file that scripts read, if botocore can read it.

        :raises ConfigError: if it cannot.
        """
        from botocore.session import Session

        file = cls.at(Session().get_config_variable("config_file"))
        file.read()
        file.parsed()
        return file

    @classmethod
    def at(cls, path: str) -> ConfigFile:
        """Return the file that a path leads to: a link stays, what it points at is replaced."""
        try:
            return cls(Path(path).expanduser().resolve())
        except (OSError, RuntimeError) as exc:
            raise ConfigError(
                error_msg=f"{path} cannot be found: {exc}. Mend the link, or set AWS_CONFIG_FILE."
            ) from exc

    def read(self) -> str:
        """Return the whole text; none if there is no file."""
        with self._complaining("read"):
            return _decoded(self.path.read_bytes() if self.path.exists() else b"")

    def parsed(self) -> dict[str, Any]:
        """Return what botocore reads in the file; nothing if there is none.

        :raises ConfigError: if botocore, and so every script, cannot read it.
        """
        return _parsed(self.path) if self.path.exists() else _NOTHING

    def replace(self, before: str, after: str, touched: Collection[str]) -> bool:
        """Put the new text in the place of the old one; False if somebody else changed it.

        Whoever reads the file, at whatever moment, even after a crash, finds all of the old text
        or all of the new one.

        :param touched: the profiles that change; for botocore, all else must read as before.
        """
        with self._locked(), self._complaining("written"):
            if self.read() != before:
                return False
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = self._written(after)
            try:
                _check_same(self.parsed(), _parsed(new), touched)
                new.replace(self.path)
            finally:
                new.unlink(missing_ok=True)
            _sync_folder(self.path.parent)
            return True

    def _written(self, text: str) -> Path:
        # Always the same name, so that what a crash leaves behind is gone after the next run.
        new = self.path.with_name(f".{self.path.name}.sso-plugin-new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(_encoded(text))
            if self.path.exists():
                _take_after(file.fileno(), self.path, new)
            file.flush()
            os.fsync(file.fileno())
        return new

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        # In our own folder: the one of the config file may be under version control.
        name = hashlib.sha256(str(self.path).encode()).hexdigest()[:16]
        with own_cache().locked(f"config-{name}"):
            yield

    @contextlib.contextmanager
    def _complaining(self, act: str) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise ConfigError(
                error_msg=f"{self.path} cannot be {act}: {exc.strerror}. Nothing was written."
            ) from exc


_NOTHING: dict[str, Any] = {"profiles": {}, "sso_sessions": {}, "services": {}}


def _parsed(path: Path) -> dict[str, Any]:
    from botocore.configloader import load_config
    from botocore.exceptions import ConfigParseError

    try:
        parsed: dict[str, Any] = load_config(str(path))
    except ConfigParseError as exc:
        raise ConfigError(
            error_msg=f"botocore cannot read {path}, so no script can: "
            f"{_reason(dict(exc.kwargs).get('error'), path)}. Mend it by hand; nothing was written."
        ) from exc
    return parsed


def _reason(error: object, path: Path) -> str:
    """Say what a parser stumbled over. Its own words may quote the line, and a secret in it."""
    if path.read_bytes().startswith(codecs.BOM_UTF8):
        return "it begins with a byte order mark"
    match error:
        case configparser.DuplicateSectionError():
            reason = f"the section [{error.section}] begins again in line {error.lineno}"
        case configparser.DuplicateOptionError():
            place = f"[{error.section}] is given again in line {error.lineno}"
            reason = f"{error.option} in {place}"
        case configparser.MissingSectionHeaderError():
            reason = f"line {error.lineno} belongs to no section"
        case configparser.ParsingError():
            reason = f"line {error.errors[0][0]} is neither a section nor a value"
        case UnicodeError():
            reason = "it is not in the encoding of this system"
        case _:
            reason = "a value in an indented block has no ="
    return reason


def _check_same(old: dict[str, Any], new: dict[str, Any], touched: Collection[str]) -> None:
    """Refuse a text in which a section that is not to be touched would read otherwise."""
    for kind, sections in old.items():
        for name, values in sections.items():
            ours = kind == "profiles" and name in touched
            if not ours and new.get(kind, {}).get(name) != values:
                raise ConfigError(
                    error_msg=f'"{name}" would read otherwise after this change. Nothing was '
                    "written: look at the lines next to the ones to be changed."
                )


def _take_after(descriptor: int, old: Path, new: Path) -> None:
    """Give the new file the owner, the mode and the attributes of the old one."""
    status = old.stat()
    if hasattr(os, "fchown"):
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, status.st_uid, status.st_gid)
    shutil.copystat(old, new)
    os.utime(new)


def _sync_folder(folder: Path) -> None:
    """Have the new name survive a power cut, where folders can be written out."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
