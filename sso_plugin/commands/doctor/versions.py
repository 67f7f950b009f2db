"""What is installed, and whether it is new enough."""

from __future__ import annotations

import platform
import re
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from sso_plugin import __version__

from .finding import Finding, ok, problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["look_at_versions"]

# As in setup.cfg, from which a test reads them.
_LEAST = {"botocore": (1, 31), "boto3": (1, 28), "wrapt": (1, 17), "filelock": (3, 30)}


def look_at_versions(version_of: Callable[[str], str] = metadata.version) -> Iterator[Finding]:
    """Tell the versions of all that works together here."""
    found = {"sso-plugin": __version__, "Python": platform.python_version()}
    for name, least in _LEAST.items():
        wanted = ".".join(map(str, least))
        mend = f"{sys.executable} -m pip install '{name}>={wanted}'"
        try:
            found[name] = version_of(name)
        except metadata.PackageNotFoundError:
            yield problem("versions", f"{name} is not installed in {sys.prefix}.", mend)
            continue
        if _numbers(found[name]) < least:
            yield problem(
                "versions", f"{name} {found[name]} is too old; {wanted} is the oldest.", mend
            )
    versions = ", ".join(f"{name} {version}" for name, version in found.items())
    yield ok("versions", f"{versions} ({sys.executable})")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:3])
