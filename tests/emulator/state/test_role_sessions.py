"""Role credentials and assumed roles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sso_plugin.emulator import Emulator, Organization, Role
from sso_plugin.emulator.state.service_errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

PRODUCTION, STAGING = "1" * 12, "2" * 12

DEPLOY = f"arn:aws:iam::{PRODUCTION}:role/Deploy"


def test_the_partition_follows_the_region(
    make_client: Callable[..., Any], sso_emulator: Emulator
) -> None:
    """ARNs in China and GovCloud have their own partition."""
    example = Organization.example()
    for region, partition in (("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")):
        sso_emulator.reset(replace(example, region=region))
        issued = sso_emulator.state.issue_role_credentials("alice", STAGING, "ReadOnlyAccess")

        assert issued.caller.arn.split(":")[1] == partition


def test_a_role_that_does_not_exist_is_access_denied(sts: Any) -> None:
    """As with AWS."""
    with pytest.raises(ClientError, match="is not authorized to perform: sts:AssumeRole") as caught:
        sts.assume_role(RoleArn=f"{DEPLOY}Nowhere", RoleSessionName="release")

    assert caught.value.response["Error"]["Code"] == "AccessDenied"


@pytest.mark.parametrize(
    "wrong",
    [
        {"DurationSeconds": 3601},
        {"RoleSessionName": "no spaces"},
        {"RoleArn": "not-an-arn-but-long-enough"},
    ],
)
def test_an_invalid_parameter_is_a_validation_error(sts: Any, wrong: dict[str, Any]) -> None:
    """Also a lifetime of more than the hour that AWS allows for chained roles."""
    right = {"RoleArn": DEPLOY, "RoleSessionName": "release"}

    with pytest.raises(ClientError) as caught:
        sts.assume_role(**{**right, **wrong})

    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_lifetime_of_less_than_15_minutes_is_a_validation_error(
    sso_emulator: Emulator,
) -> None:
    """Stock clients do not send it."""
    issued = sso_emulator.state.issue_role_credentials("alice", PRODUCTION, "ReadOnlyAccess")

    with pytest.raises(ServiceError, match="must be at least 900"):
        sso_emulator.state.role_sessions.assume(issued.caller, DEPLOY, "release", 899)


def test_a_role_can_be_assumed_only_by_trusted_accounts(sso_emulator: Emulator) -> None:
    """A trust policy has account ids."""
    example = Organization.example()
    closed = Role(PRODUCTION, "Deploy", trusts=(STAGING,))
    sso_emulator.reset(replace(example, roles=(closed,)))
    state = sso_emulator.state
    trusted, stranger = (
        state.issue_role_credentials("alice", account, "ReadOnlyAccess").caller
        for account in (STAGING, PRODUCTION)
    )

    assert state.role_sessions.assume(trusted, DEPLOY, "release", 900)
    with pytest.raises(ServiceError, match="AccessDenied"):
        state.role_sessions.assume(stranger, DEPLOY, "release", 900)
