"""STS, called by the stock `sts` client."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator

PRODUCTION = "1" * 12

DEPLOY = f"arn:aws:iam::{PRODUCTION}:role/Deploy"


def test_a_caller_is_the_role_of_the_permission_set(sts: Any) -> None:
    """GetCallerIdentity returns account, ARN and id of the role that Identity Center creates."""
    identity = sts.get_caller_identity()

    role = r"AWSReservedSSO_AdministratorAccess_[0-9a-f]{16}"
    assert identity["Account"] == PRODUCTION
    assert re.fullmatch(rf"arn:aws:sts::{PRODUCTION}:assumed-role/{role}/alice", identity["Arn"])
    assert re.fullmatch(r"AROA[0-9A-F]{17}:alice", identity["UserId"])


def test_the_credentials_of_an_assumed_role_are_valid(
    make_client: Callable[..., Any], sts: Any, sso_emulator: Emulator
) -> None:
    """GetCallerIdentity returns the assumed role."""
    response = sts.assume_role(RoleArn=DEPLOY, RoleSessionName="release", DurationSeconds=900)
    keys = response["Credentials"]
    assumed = make_client(
        "sts",
        {
            "accessKeyId": keys["AccessKeyId"],
            "secretAccessKey": keys["SecretAccessKey"],
            "sessionToken": keys["SessionToken"],
        },
    )

    arn = f"arn:aws:sts::{PRODUCTION}:assumed-role/Deploy/release"
    assert assumed.get_caller_identity()["Arn"] == response["AssumedRoleUser"]["Arn"] == arn
    expires_in = keys["Expiration"].timestamp() - sso_emulator.clock.now()
    assert expires_in == pytest.approx(900, abs=5)


def test_other_operations_of_sts_are_unknown(sts: Any, sso_emulator: Emulator) -> None:
    """They are recorded as a failure of the test."""
    with pytest.raises(ClientError, match="InvalidAction"):
        sts.get_session_token()

    with pytest.raises(AssertionError, match="Unknown request: POST /"):
        sso_emulator.check()

    sso_emulator.reset()
