"""Check that the sections of a profile and of its sso-session exist, and exist only once."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from .finding import Finding, problem, warning
from .service import shared_profiles
from .values import Section, check_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.session import Session

    from sso_plugin.commands.config_file import ConfigFile

__all__ = ["Sections"]


class Sections:
    """The section of a profile, and the section of its sso-session.

    :param file: the config file.
    """

    def __init__(self, session: Session, file: ConfigFile, name: str) -> None:
        from botocore.configloader import raw_config_parse
        from botocore.exceptions import ConfigNotFound

        self._file = str(file.path)
        self._has_defaults = "[DEFAULT]" in file.read().splitlines()
        self._name = name
        self._shared_file = str(session.get_config_variable("credentials_file"))
        self._in_shared = shared_profiles(self._shared_file).get(name, {})
        self._values = session.full_config.get("profiles", {}).get(name, {})
        self._sessions = session.full_config.get("sso_sessions", {})
        try:
            self._headers = list(raw_config_parse(self._file))
        except ConfigNotFound:
            self._headers = []

    def missing_profile(self, origin: str) -> Finding:
        """Return the finding about a profile that does not exist.

        :param origin: where its name comes from, such as `` (set by AWS_PROFILE)``.
        """
        message = f'There is no profile "{self._name}"{origin} in {self._file}.'
        title = "[default]" if self._name == "default" else f"[profile {_quoted(self._name)}]"
        near = self._near_miss(self._name, ("", "profile", "profiles"))
        if near:
            return problem("config", message, f"Write {title} instead of [{near}].")
        profiles = [name for kind, name in map(_parts, self._headers) if kind == "profile"]
        known = f"Choose one of: {', '.join(profiles)}." if profiles else "Add it to the file."
        return problem("config", message, known)

    def check(self) -> Iterator[Finding]:
        """Yield problems of the sections and of their values."""
        name = self._values.get("sso_session")
        if self._has_defaults:
            yield warning(
                "config",
                f"[DEFAULT] in {self._file} adds its keys to every section.",
                "Rename it to [default], or move its keys to the profiles that need them.",
            )
        yield from self._repeated("profile", self._name)
        if isinstance(name, str) and name not in self._sessions:
            yield self._missing_session(name)
        yield from check_values(self._profile)
        if isinstance(name, str) and name in self._sessions:
            yield from self.check_session(name)

    def check_session(self, name: str) -> Iterator[Finding]:
        """Yield problems of an sso-session."""
        yield from self._repeated("sso-session", name)
        place = self._titles("sso-session", name)[-1], self._file
        yield from check_values(Section(self._sessions[name], lambda _: place))

    @property
    def _profile(self) -> Section:
        def place_of(key: str) -> tuple[str, str]:
            if key in self._in_shared:
                return f"[{self._name}]", self._shared_file
            return self._titles("profile", self._name)[-1], self._file

        return Section(self._values, place_of)

    def _titles(self, kind: str, name: str) -> list[str]:
        """Return the headers of a section as written in the file. botocore uses the last one."""
        return [f"[{header}]" for header in self._headers if _parts(header) == (kind, name)]

    def _repeated(self, kind: str, name: str) -> Iterator[Finding]:
        titles = self._titles(kind, name)
        if len(titles) > 1:
            yield warning(
                "config",
                f"{' and '.join(titles)} in {self._file} are the same section: botocore reads "
                f"{titles[-1]} only, and other SDKs may read another one.",
                f"Move all keys to {titles[-1]}, and delete {', '.join(titles[:-1])}.",
            )

    def _missing_session(self, name: str) -> Finding:
        place = self._profile.name("sso_session")
        message = f'{place} is "{name}", and there is no [sso-session {name}].'
        simple_name = _simple(re.sub(r"(^|\s)[#;].*", "", name))
        similar = [known for known in self._sessions if _simple(known) == simple_name]
        if similar:
            fix = self._profile.fix("sso_session", f"sso_session = {similar[0]}")
            return problem("config", message, fix)
        near = self._near_miss(name, ("", "sso-session", "sso-sessions", "sso_session", "session"))
        if near:
            title = f"[sso-session {_quoted(name)}]"
            return problem("config", message, f"Write {title} instead of [{near}].")
        known = f", or set it to one of: {', '.join(self._sessions)}" if self._sessions else ""
        section = "a section of this name with sso_start_url and sso_region"
        return problem("config", message, f"Add {section}{known}.")

    def _near_miss(self, name: str, kinds: tuple[str, ...]) -> str | None:
        """Return a header that is probably a misspelled header of this section."""
        wanted = {_simple(f"{kind} {name}") for kind in kinds}
        return next((header for header in self._headers if _simple(header) in wanted), None)


def _parts(header: str) -> tuple[str, str]:
    """Return the kind and the name of a section, as botocore reads its header."""
    if header == "default":
        return "profile", "default"
    try:
        parts = shlex.split(header)
    except ValueError:
        parts = []
    kind = next((kind for kind in ("profile", "sso-session") if header.startswith(kind)), "")
    return (kind, parts[1]) if kind and len(parts) == 2 else ("", header)  # noqa: PLR2004 - kind and name


def _simple(text: str) -> str:
    """Return a name without quotes, with single spaces, in lower case."""
    plain = re.sub("[\"'`\u2018\u2019\u201c\u201d\u200b\ufeff]", "", text)
    return " ".join(plain.split()).casefold()


def _quoted(name: str) -> str:
    return f'"{name}"' if re.search(r"\s", name) else name
