"""The names of all operations, for the request log and for faults."""

from __future__ import annotations

__all__ = ["OPERATIONS", "UNKNOWN", "check_operation_name"]

UNKNOWN = "Unknown"
"""The operation of a request that the emulator does not support."""

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
    "ConsoleLogout",
    UNKNOWN,
)


def check_operation_name(operation: str) -> str:
    """Return the name of an operation.

    A misspelled name would match nothing, so a test would pass for the wrong reason.

    :raises ValueError: if there is no such operation.
    """
    if operation not in OPERATIONS:
        available = ", ".join(OPERATIONS)
        raise ValueError(f"There is no operation {operation!r}. Choose from {available}.")

    return operation
