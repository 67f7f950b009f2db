"""Our service models, and botocore sessions that have them.

Owns the directory ``data``. A loader reads each file from the first search path that has it. Our
path is the last one, so the files of botocore and of the user win. Imports botocore only to make a
session.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.loaders import Loader
    from botocore.session import Session

__all__ = [
    "DATA_PATH",
    "NO_PROFILE",
    "SERVICES",
    "add_data_path",
    "open_session",
    "open_session_for_login",
    "open_session_without_profile",
    "remove_data_path",
]

DATA_PATH = str(Path(__file__).resolve().parent / "data")
"""The search path with our models."""

NO_PROFILE: Any = {"profile": (None, None, None, None)}
"""The session variables of a session without a profile, also if the environment sets one."""

SERVICES = frozenset({"sso", "sso-oidc"})
"""The services that we have models of."""

_LISTINGS = frozenset(
    {"list_available_services", "list_api_versions", "determine_latest_version"},
)
"""The methods of a loader that search all its paths, and cache the result."""


def add_data_path(loader: Loader) -> None:
    """Make our models available to a loader, for files that no other search path has."""
    if DATA_PATH not in loader.search_paths:
        loader.search_paths.append(DATA_PATH)
        _clear_cache(loader)


def remove_data_path(loader: Loader) -> None:
    """Undo `add_data_path`. Clients that exist keep their models."""
    if DATA_PATH in loader.search_paths:
        loader.search_paths.remove(DATA_PATH)
        _clear_cache(loader)


def open_session(
    profile_name: str | None = None, variables: dict[str, Any] | None = None
) -> Session:
    """Return a botocore session that has our service models.

    :param profile_name: None for the profile of the environment.
    :param variables: session variables that replace those of botocore, such as `NO_PROFILE`.
    """
    from botocore.session import Session

    session = Session(variables, profile=profile_name)
    add_data_path(session.get_component("data_loader"))
    return session


def open_session_without_profile() -> Session:
    """Return such a session without a profile, also if the environment sets one."""
    return open_session(variables=NO_PROFILE)


def open_session_for_login() -> Session:
    """Return such a session for a login that no profile names.

    It uses the settings of the current profile if that exists. In a session whose profile does not
    exist, botocore makes no client.
    """
    from botocore.exceptions import ProfileNotFound

    try:
        return open_session()
    except ProfileNotFound:
        return open_session_without_profile()


def _clear_cache(loader: Loader) -> None:
    """Remove the cached results of a loader that depend on our search path.

    ``search_paths`` is public, but botocore caches every result, and no public method clears that
    cache: a loader that has listed its services would never find ours. Only the listings and the
    models of our services are removed. Programs change other models in place, and those changes
    must stay.
    """
    cache: dict[tuple[Any, ...], Any] = getattr(loader, "_cache", {})
    for key in list(cache):
        if key[0] in _LISTINGS or _names_our_service(key):
            cache.pop(key, None)


def _names_our_service(key: tuple[Any, ...]) -> bool:
    """Return whether an argument of a cached call is one of our services, or a path of it."""
    return any(str(part).partition(os.sep)[0] in SERVICES for part in key)
