"""The names under which operations are logged, counted and made to fail."""

from __future__ import annotations

UNKNOWN = "Unknown"

OPERATIONS = (
    "GetRoleCredentials",
    "ListAccounts",
    "ListAccountRoles",
    "Logout",
    "RegisterClient",
    "StartDeviceAuthorization",
    "CreateToken",
    "GetCallerIdentity",
    "AssumeRole",
    "DevicePage",
    "DeviceDecision",
    "AuthorizePage",
    "AuthorizeDecision",
    "HomePage",
    "VanityRedirect",
    "GetSigninToken",
    "ConsoleLogin",
    UNKNOWN,
)


def checked(operation: str) -> str:
    """Return a name if it is one: a typing error must not count zero, or never fail."""
    if operation not in OPERATIONS:
        known = ", ".join(OPERATIONS)
        raise ValueError(f"There is no operation {operation!r}; choose from {known}.")

    return operation
