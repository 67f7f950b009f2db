"""SSO credentials for every boto3 script, renewed before they expire.

Importing the package is cheap: each public name is loaded on first use.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # a plain name: importing typing would take longer than all the rest
if TYPE_CHECKING:
    from .api.entitlements import accounts, get_aio_session, get_session, roles
    from .api.logins import login, logout, status
    from .api.magics import load_ipython_extension, unload_ipython_extension  # noqa: F401 - not in __all__
    from .credentials.notification import LoginNeeded, on_login_needed
    from .errors import (
        ConfigError,
        KeyUnavailable,
        LoginFailed,
        LoginRequired,
        NoAccess,
        PortalError,
        SsoPluginError,
        StoreUnavailable,
    )
    from .portal.listings import Account, AccountRole
    from .session.plugin import disable, enable
    from .signin.prompt import LoginPrompt
    from .signin.status import Status

__all__ = [
    "Account",
    "AccountRole",
    "ConfigError",
    "KeyUnavailable",
    "LoginFailed",
    "LoginNeeded",
    "LoginPrompt",
    "LoginRequired",
    "NoAccess",
    "PortalError",
    "SsoPluginError",
    "Status",
    "StoreUnavailable",
    "accounts",
    "disable",
    "enable",
    "get_aio_session",
    "get_session",
    "login",
    "logout",
    "on_login_needed",
    "roles",
    "status",
]

_MODULES = {
    "Account": "portal.listings",
    "AccountRole": "portal.listings",
    "LoginNeeded": "credentials.notification",
    "LoginPrompt": "signin.prompt",
    "Status": "signin.status",
    "accounts": "api.entitlements",
    "disable": "session.plugin",
    "enable": "session.plugin",
    "get_aio_session": "api.entitlements",
    "get_session": "api.entitlements",
    "load_ipython_extension": "api.magics",
    "login": "api.logins",
    "logout": "api.logins",
    "on_login_needed": "credentials.notification",
    "roles": "api.entitlements",
    "status": "api.logins",
    "unload_ipython_extension": "api.magics",
}
"""The module of each public name. Names that are not listed are in ``errors``.

IPython calls the two of its extension. They are not for programs, and not in ``__all__``.
"""


def __getattr__(name: str) -> object:
    if name not in __all__ and name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_MODULES.get(name, 'errors')}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
