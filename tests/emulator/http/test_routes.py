"""Which operation a method and a path ask for."""

from __future__ import annotations

import pytest
from werkzeug import Request
from werkzeug.test import create_environ

from sso_plugin.emulator import Organization
from sso_plugin.emulator.http.routes import find_operation


def name_of(method: str, path: str, form: dict[str, str] | None = None) -> str:
    """Return the name of the operation of a request."""
    request = Request(create_environ(path, method=method, data=form))
    return find_operation(Organization.example(), request).name


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/federation/credentials?account_id=1&role_name=a", "GetRoleCredentials"),
        ("POST", "/token", "CreateToken"),
        ("GET", "/device", "DevicePage"),
        ("POST", "/device", "DeviceDecision"),
        ("GET", "/authorize", "AuthorizePage"),
        ("GET", "/federation?Action=getSigninToken", "GetSigninToken"),
        ("GET", "/oauth?Action=logout", "ConsoleLogout"),
        ("GET", "/", "HomePage"),
        ("GET", "/?Action=GetCallerIdentity", "GetCallerIdentity"),
        ("GET", "/_emulator/clock", "_emulator_clock"),
    ],
)
def test_an_operation_has_a_method_and_a_path(method: str, path: str, name: str) -> None:
    """The operations of STS and of the federation endpoint have an action instead."""
    assert name_of(method, path) == name


def test_an_action_can_be_in_the_form() -> None:
    """SDKs send requests to STS as forms."""
    assert name_of("POST", "/", {"Action": "AssumeRole"}) == "AssumeRole"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/token"), ("POST", "/"), ("GET", "/nothing"), ("PUT", "/federation"), ("HEAD", "/")],
)
def test_any_other_request_is_unknown(method: str, path: str) -> None:
    """Also a known path with another method."""
    assert name_of(method, path) == "Unknown"
