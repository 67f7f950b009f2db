"""A sync session with the settings of an async one. The portal is called with it, in a thread."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.session import Session

from ..seams import create_all_components

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["Twin"]

_ENVIRONMENT = {"HOME", "USERPROFILE", "BROWSER", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"}
"""Environment variables that change how the portal is called, besides those of AWS and proxies."""

_SECRETS = ("SECRET", "TOKEN")
"""Parts of the names of variables that do not change it, and that nothing should keep."""

_USER_AGENT = ("user_agent_name", "user_agent_version", "user_agent_extra")
"""The attributes of a session that the user agent of its requests consists of."""


class Twin:
    """What a sync session has to copy from an async one. It does not refer to that session.

    The session is created on first use.
    """

    def __init__(self, session: Any) -> None:
        self._variables: dict[str, Any] = session.instance_variables()
        defaults, variables = Session.SESSION_VARIABLES, session.session_var_map
        # The others are as in any session. To compare them takes longer than to leave them out.
        self._session_variables = {
            name: variables[name] for name in variables if variables[name] != defaults.get(name)
        }
        self._loader = session.get_component("data_loader")
        config = session.get_default_client_config()
        given: dict[str, Any] = getattr(config, "_user_provided_options", {})
        # aiobotocore's own options are for its HTTP clients.
        self._options = {name: given[name] for name in given if name in Config.OPTION_DEFAULTS}
        self._config = _sections_of(session)
        self._user_agent = {name: getattr(session, name) for name in _USER_AGENT}
        self._opened: Session | None = None

    def settings(self) -> Hashable:
        """Return a value that is equal for sessions with the same settings."""
        environment = {name: os.environ[name] for name in os.environ if _is_setting(name)}
        given = self._variables, self._session_variables, self._options
        return _frozen((*given, self._config, environment))

    def open(self) -> Session:
        """Return the sync session."""
        if self._opened is None:
            self._opened = self._new_session()
        return self._opened

    def _new_session(self) -> Session:
        session = Session(session_vars=self._session_variables)
        for name, value in self._variables.items():
            session.set_config_variable(name, value)
        session.register_component("data_loader", self._loader)
        if self._options:
            session.set_default_client_config(Config(**self._options))
        for name, value in self._user_agent.items():
            setattr(session, name, value)
        create_all_components(session)
        return session


def _sections_of(session: Any) -> tuple[Any, Any]:
    """Return what the config file says of a session's profile and of the endpoints of services.

    The file may have changed since another session was created.
    """
    config = session.full_config
    profile = config.get("profiles", {}).get(
        session.get_config_variable("profile") or "default", {}
    )
    return profile, config.get("services", {}).get(str(profile.get("services")))


def _is_setting(name: str) -> bool:
    """Return whether an environment variable may change how the portal is called."""
    if name in _ENVIRONMENT or name.lower().endswith("_proxy"):
        return True
    return name.startswith("AWS_") and not any(secret in name for secret in _SECRETS)


def _frozen(value: Any) -> Hashable:
    if isinstance(value, dict):
        return tuple((name, _frozen(value[name])) for name in sorted(value))
    if isinstance(value, list | tuple):
        return tuple(map(_frozen, value))
    hash(value)
    frozen: Hashable = value
    return frozen
