"""Our service models, for any botocore loader, and sessions that have them.

Owns the directory ``data``. A loader takes each file from the first search path that has it, so
the last path can only fill gaps: what botocore or the user brings wins, file by file. Imports
botocore only to make a session.
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
    "SERVICES",
    "add_data_path",
    "open_session",
    "open_session_for_login",
    "open_session_without_profile",
    "remove_data_path",
]

DATA_PATH = str(Path(__file__).resolve().parent / "data")
SERVICES = frozenset({"sso", "sso-oidc"})

# The listings a loader makes by walking its search paths, and then remembers.
_LISTINGS = frozenset(
    {"list_available_services", "list_api_versions", "determine_latest_version"},
)


def add_data_path(loader: Loader) -> None:
    """Let the loader find our models wherever no other search path has one."""
    if DATA_PATH not in loader.search_paths:
        loader.search_paths.append(DATA_PATH)
        _forget(loader)


def remove_data_path(loader: Loader) -> None:
    """Undo `add_data_path`; clients that exist keep the models they were made from."""
    if DATA_PATH in loader.search_paths:
        loader.search_paths.remove(DATA_PATH)
        _forget(loader)


def open_session(profile_name: str | None = None) -> Session:
    """Return a botocore session that knows our service models.

    :param profile_name: None for the profile that the environment names.
    """
    from botocore.session import Session

    session = Session(profile=profile_name)
    add_data_path(session.get_component("data_loader"))
    return session


def open_session_without_profile() -> Session:
    """Return one that has no profile, also where the environment names one."""
    from botocore.session import Session

    nowhere: Any = {"profile": (None, None, None, None)}
    session = Session(session_vars=nowhere)
    add_data_path(session.get_component("data_loader"))
    return session


def open_session_for_login() -> Session:
    """Return a session for a login that no profile names.

    The settings of the current profile hold for it too, but it does not need one: in a session
    whose profile does not exist, botocore makes no client.
    """
    from botocore.exceptions import ProfileNotFound

    try:
        return open_session()
    except ProfileNotFound:
        return open_session_without_profile()


def _forget(loader: Loader) -> None:
    """Drop what the loader remembers and a changed search path may have made untrue.

    ``search_paths`` is public, but botocore memoises every answer and has no public way to ask
    again: a loader that once listed its services would never see ours. So this reaches for the
    memo, and takes out only the listings and the models of our services: others may have altered
    the models of theirs in place, and those must stay. A fresh loader remembers nothing.
    """
    memo: dict[tuple[Any, ...], Any] = getattr(loader, "_cache", {})
    for key in list(memo):
        if key[0] in _LISTINGS or _names_our_service(key):
            memo.pop(key, None)


def _names_our_service(key: tuple[Any, ...]) -> bool:
    """Tell whether a memoised call was about one of our services, by name or by path."""
    return any(str(part).partition(os.sep)[0] in SERVICES for part in key)
