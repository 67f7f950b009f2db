"""Pin functions of other packages by a digest of their source, to notice when they change."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Seams", "check_seam", "missing_code", "print_digests"]

Seams = dict[str, tuple[str, set[str]]]
"""Function -> (our code that depends on it, the digests of the versions that we have checked)."""


def check_seam(package: str, seam: str, seams: Seams) -> None:
    """Fail if the installed version of a package has changed a function, or has it no more."""
    ours, known = seams[seam]
    found = _digest(package, seam)
    version = importlib.import_module(package).__version__
    assert found in known, (
        f"{package} {version} has changed {seam}. Read it, compare it with "
        f"{ours} in sso_plugin, change that if necessary, then add {found!r} to SEAMS."
    )


def missing_code(seams: Seams) -> list[str]:
    """Return the modules, classes and functions of sso_plugin that are named, but do not exist.

    A colon and a comment may follow a name.
    """
    names = {ours.partition(":")[0] for ours, _ in seams.values()}
    return sorted(name for name in names if not _exists(f"sso_plugin.{name}"))


def print_digests(package: str, seams: Iterable[str]) -> None:
    """Print the digests of the functions in the installed version of a package."""
    for seam in seams:
        print(seam, _digest(package, seam))  # noqa: T201


def _digest(package: str, seam: str) -> str:
    """Return a digest of signature and source, without comments and white space."""
    lines = [line.strip() for line in inspect.getsource(_find(package, seam)).splitlines()]
    text = "".join("".join(line.split()) for line in lines if not line.startswith("#"))
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:12]


def _find(package: str, seam: str) -> Any:
    module, _, path = seam.partition(":")
    found: Any = importlib.import_module(f"{package}.{module}")
    for name in path.split("."):
        found = getattr(found, name)
    return found.fget if isinstance(found, property) else found


def _exists(name: str) -> bool:
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True
