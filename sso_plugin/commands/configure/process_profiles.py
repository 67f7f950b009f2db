"""Profiles that serve programs which cannot use a login: each gets its credentials from us.

The profile ``NAME-process`` runs ``sso-plugin credential-process --profile NAME``, and has the
region and the output format of ``NAME``.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .profile_comment import OUTPUT, PROCESS, REGION
from .profile_names import PROCESS_SUFFIX
from .role_profiles import CHANGED_BY_HAND

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from .role_profiles import Assignment

__all__ = ["add_processes", "process_command"]

_PROGRAM = "sso-plugin"
_SIGNS_OF_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")


def add_processes(
    assignment: Assignment,
    profiles: Mapping[str, Mapping[str, object]],
    settings: Collection[str],
    *,
    add: bool,
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the process profiles that have to exist, and their values.

    Those that cannot be written are noted in ``assignment.skipped``.

    :param profiles: all values of the profiles of roles.
    :param settings: the keys of ``--set``, whose values are copied.
    :param add: whether to add new ones, and to renew the command of existing ones. The command may
        be that of another installation, so it changes only if the user asks for that.
    """
    existing = assignment.existing
    remaining = {*existing.names} - {*assignment.removed}
    for name, values in profiles.items():
        process_name = name + PROCESS_SUFFIX
        process = existing.processes.get(process_name)
        copied = _copied(values, settings)
        if process and process.is_unchanged:
            command = process_command(name) if add else process.values[PROCESS]
            yield process_name, {PROCESS: command, **copied}
        elif add and process_name in assignment.wanted:
            assignment.skipped.setdefault(process_name, "it is for a role of this name")
        elif add and process_name in remaining:
            assignment.skipped.setdefault(process_name, CHANGED_BY_HAND)
        elif add:
            yield process_name, {PROCESS: process_command(name), **copied}


def _copied(values: Mapping[str, object], settings: Collection[str]) -> dict[str, str]:
    """Return what the process profile has in common with its profile, without nested values."""
    keys = dict.fromkeys((REGION, OUTPUT, *settings))
    return {
        key: value
        for key in keys
        if isinstance(value := values.get(key), str) and value.isprintable()
        if value or key in settings
    }


def process_command(name: str, platform: str = sys.platform) -> str:
    """Return the command that prints the credentials of a profile.

    botocore splits it into words, as the shell of the platform does. Most SDKs run it in a shell.
    """
    words = [*_program(), "credential-process", "--profile", name]
    return subprocess.list2cmdline(words) if platform == "win32" else shlex.join(words)


def _program() -> list[str]:
    """Return the words that run this program from every folder and environment."""
    found = shutil.which(_PROGRAM)
    if found and not _is_in_environment(Path(found)):
        return [_PROGRAM]
    beside = shutil.which(_PROGRAM, path=str(Path(sys.executable).parent))
    script = found or beside
    if script:
        return [str(Path(script).absolute())]
    # Without -P, Python imports modules of the folder in which the other program runs.
    return [sys.executable, *(["-P"] if sys.version_info >= (3, 11) else []), "-m", "sso_plugin"]


def _is_in_environment(program: Path) -> bool:
    """Return whether a program is in an environment, which is on PATH only while it is active."""
    folder = program.parent.parent
    return any((folder / sign).exists() for sign in _SIGNS_OF_ENVIRONMENT)
