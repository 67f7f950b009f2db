"""A botocore without ``data/sso`` and ``data/sso-oidc`` has both services with our data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from stock import make_slim_botocore

from sso_plugin.emulator import Emulator, Organization

PROGRAM = Path(__file__).parents[1] / "helpers" / "slim_program.py"
ROLES = ("AdministratorAccess", "ReadOnlyAccess")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run the program once in a separate process, and return what it found."""
    site = make_slim_botocore(tmp_path_factory.mktemp("site"))
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
        "HOME": str(site),
        "PYTHONPATH": os.pathsep.join([str(site), *sys.path]),
        "PYTHONDONTWRITEBYTECODE": "1",  # __pycache__ is a link into the real botocore
        "SSO_PLUGIN": "off",
    }
    with Emulator(Organization.generated(3, ROLES)) as emulator:
        finished = subprocess.run(
            [sys.executable, str(PROGRAM), emulator.url],
            input=emulator.sign_in("alice").access_token,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        emulator.check()

    result: dict[str, Any] = {"site": str(site), **json.loads(finished.stdout)}
    return result


def test_botocore_alone_does_not_have_the_services(found: dict[str, Any]) -> None:
    """The program imports the botocore without the data."""
    assert found["botocore"].startswith(found["site"])
    assert found["services before"] == []
    assert found["client rejected before"]


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("accounts", ["account-00001", "account-00002", "account-00003"]),
        ("roles", list(ROLES)),
        ("credentials", ["accessKeyId", "expiration", "secretAccessKey", "sessionToken"]),
        ("paged", ["account-00001", "account-00002", "account-00003"]),
        ("logout", 200),
        ("after logout", "UnauthorizedException"),
        ("pageable", ["list_account_roles", "list_accounts"]),
        ("waiters", ["role_credentials_available"]),
        ("waiter", "GetRoleCredentials"),
    ],
)
def test_the_portal_works_from_our_data(found: dict[str, Any], what: str, expected: object) -> None:
    """Operations, paginators and the waiter."""
    assert found[what] == expected


def test_registration_works_from_our_data(found: dict[str, Any]) -> None:
    """With the OIDC service."""
    assert {"clientId", "clientSecret", "clientSecretExpiresAt"} <= set(found["registered"])


def test_a_presigned_url_is_made_from_our_data(found: dict[str, Any]) -> None:
    """With its path and signing name."""
    assert "/assignment/accounts?" in found["presigned"]
    assert "awsssoportal" in found["presigned"]


def test_help_shows_our_documentation(found: dict[str, Any]) -> None:
    """For example ``help(client.get_role_credentials)``."""
    assert "Returns short-lived credentials for one role in one account." in found["documentation"]
