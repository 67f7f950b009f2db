"""SSO credentials for every boto3 script, renewed before they run out.

Importing this package costs nothing: what it offers is loaded when it is first used.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # a plain name: importing typing would cost more than all the rest
if TYPE_CHECKING:
    from .errors import (
        ConfigError,
        LoginFailed,
        LoginRequired,
        NoAccess,
        PortalError,
        SsoPluginError,
    )
    from .flows import login
    from .plugin import disable, enable

__all__ = [
    "ConfigError",
    "LoginFailed",
    "LoginRequired",
    "NoAccess",
    "PortalError",
    "SsoPluginError",
    "disable",
    "enable",
    "login",
]

_HOMES = {"disable": "plugin", "enable": "plugin", "login": "flows"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOMES.get(name, 'errors')}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
