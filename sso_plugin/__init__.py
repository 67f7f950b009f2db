"""SSO credentials for every boto3 script, renewed before they run out.

Importing this package costs nothing: what it offers is loaded when it is first used.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # a plain name: importing typing would cost more than all the rest
if TYPE_CHECKING:
    from .api import login, logout, status
    from .directory import Account, AccountRole
    from .entitlements import accounts, get_session, roles
    from .errors import (
        ConfigError,
        LoginFailed,
        LoginRequired,
        NoAccess,
        PortalError,
        SsoPluginError,
    )
    from .openlogin import Status
    from .person import LoginPrompt
    from .plugin import disable, enable

__all__ = [
    "Account",
    "AccountRole",
    "ConfigError",
    "LoginFailed",
    "LoginPrompt",
    "LoginRequired",
    "NoAccess",
    "PortalError",
    "SsoPluginError",
    "Status",
    "accounts",
    "disable",
    "enable",
    "get_session",
    "login",
    "logout",
    "roles",
    "status",
]

# Where each name comes from; errors, if not named.
_HOMES = {
    "Account": "directory",
    "AccountRole": "directory",
    "LoginPrompt": "person",
    "Status": "openlogin",
    "accounts": "entitlements",
    "disable": "plugin",
    "enable": "plugin",
    "get_session": "entitlements",
    "login": "api",
    "logout": "api",
    "roles": "entitlements",
    "status": "api",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOMES.get(name, 'errors')}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
