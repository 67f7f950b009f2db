"""Check that the required packages are installed, and not too old."""

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

__all__ = ["check_versions"]

_MINIMUM = {"botocore": (1, 31), "boto3": (1, 28), "wrapt": (1, 17), "filelock": (3, 30)}
"""As in setup.cfg; a test compares them."""


def check_versions(version_of: Callable[[str], str] = metadata.version) -> Iterator[Finding]:
    """Yield the versions, and a problem for each package that is missing or too old."""
    found = {"sso-plugin": __version__, "Python": platform.python_version()}
    for name, minimum in _MINIMUM.items():
        wanted = ".".join(map(str, minimum))
        fix = f"{sys.executable} -m pip install '{name}>={wanted}'"
        try:
            found[name] = version_of(name)
        except metadata.PackageNotFoundError:
            yield problem("versions", f"{name} is not installed in {sys.prefix}.", fix)
            continue
        if _numbers(found[name]) < minimum:
            yield problem(
                "versions", f"{name} {found[name]} is too old. At least {wanted} is required.", fix
            )
    versions = ", ".join(f"{name} {version}" for name, version in found.items())
    yield ok("versions", f"{versions} ({sys.executable})")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:3])
