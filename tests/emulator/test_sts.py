"""STS, asked by the stock `sts` client and by requests with one thing wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from sso_plugin.emulator import Emulator, Organization, Role
from sso_plugin.emulator.state.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Ask = Callable[..., tuple[int, str]]

PRODUCTION, STAGING = "1" * 12, "2" * 12
FORM = "Action=GetCallerIdentity&Version=2011-06-15"
DEPLOY = f"arn:aws:iam::{PRODUCTION}:role/Deploy"


@pytest.fixture
def sts(make_client: Callable[..., Any], role_credentials: dict[str, Any]) -> Any:
    return make_client("sts", role_credentials)


@pytest.fixture
def signed(role_credentials: dict[str, Any], sso_emulator: Emulator) -> dict[str, str]:
    """Return the headers of a well-signed GetCallerIdentity."""
    return sign(sso_emulator, role_credentials)


def sign(emulator: Emulator, keys: Mapping[str, Any], service: str = "sts") -> dict[str, str]:
    credentials = Credentials(
        keys["accessKeyId"], keys["secretAccessKey"], keys.get("sessionToken")
    )
    request = AWSRequest("POST", f"{emulator.url}/", data=FORM)
    request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    SigV4Auth(credentials, service, emulator.region).add_auth(request)
    return dict(request.headers.items())


def refused(client: Any) -> tuple[str, int]:
    """Return code and status of a refused GetCallerIdentity."""
    with pytest.raises(ClientError) as caught:
        client.get_caller_identity()

    response: Any = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def code_of(answer: tuple[int, str]) -> tuple[int, str]:
    """Return status and error code of a bare answer."""
    found = re.search("<Code>(.*?)</Code>", answer[1])
    return answer[0], found[1] if found else ""


def test_a_caller_is_the_role_of_the_permission_set(sts: Any) -> None:
    """GetCallerIdentity tells account, ARN and id as for a real reserved role."""
    identity = sts.get_caller_identity()

    role = r"AWSReservedSSO_AdministratorAccess_[0-9a-f]{16}"
    assert identity["Account"] == PRODUCTION
    assert re.fullmatch(rf"arn:aws:sts::{PRODUCTION}:assumed-role/{role}/alice", identity["Arn"])
    assert re.fullmatch(r"AROA[0-9A-F]{17}:alice", identity["UserId"])


def test_the_partition_follows_the_region(
    make_client: Callable[..., Any], sso_emulator: Emulator
) -> None:
    """ARNs in China and GovCloud look different."""
    example = Organization.example()
    for region, partition in (("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")):
        sso_emulator.reset(replace(example, region=region))
        issued = sso_emulator.state.issue_role_credentials("alice", STAGING, "ReadOnlyAccess")

        assert issued.caller.arn.split(":")[1] == partition


def test_credentials_are_refused_once_expired(
    make_client: Callable[..., Any], sso: Any, sso_emulator: Emulator
) -> None:
    """Their time is up on the emulator's clock."""
    sso_emulator.settings.role_credentials = 60
    keys = sso.get_role_credentials(
        accessToken=sso_emulator.sign_in().access_token,
        accountId=PRODUCTION,
        roleName="AdministratorAccess",
    )["roleCredentials"]
    sts = make_client("sts", keys)
    assert sts.get_caller_identity()["Account"] == PRODUCTION

    sso_emulator.clock.advance(60)

    assert refused(sts) == ("ExpiredToken", 403)


def test_a_secret_that_is_wrong_is_refused(
    make_client: Callable[..., Any], role_credentials: dict[str, Any]
) -> None:
    """The signature does not match."""
    client = make_client("sts", {**role_credentials, "secretAccessKey": "wrong"})

    assert refused(client) == ("SignatureDoesNotMatch", 403)


def test_an_access_key_that_nobody_issued_is_refused(
    make_client: Callable[..., Any], role_credentials: dict[str, Any]
) -> None:
    """The service calls it a token that is invalid."""
    client = make_client("sts", {**role_credentials, "accessKeyId": "ASIAUNKNOWN"})

    assert refused(client) == ("InvalidClientTokenId", 403)


@pytest.mark.parametrize("token", ["wrong", None])
def test_a_session_token_must_go_with_its_access_key(
    make_client: Callable[..., Any], role_credentials: dict[str, Any], token: str | None
) -> None:
    """A wrong token and a missing one are refused alike."""
    client = make_client("sts", {**role_credentials, "sessionToken": token})

    assert refused(client) == ("InvalidClientTokenId", 403)


def test_the_session_token_of_other_credentials_is_refused(
    make_client: Callable[..., Any], role_credentials: dict[str, Any], sso_emulator: Emulator
) -> None:
    """Even if it is a good one."""
    other = sso_emulator.state.issue_role_credentials("alice", PRODUCTION, "ReadOnlyAccess")
    client = make_client("sts", {**role_credentials, "sessionToken": other.session_token})

    assert refused(client) == ("InvalidClientTokenId", 403)


@pytest.mark.parametrize("minutes", [16, -16])
def test_a_client_whose_clock_is_off_is_refused(
    sts: Any, sso_emulator: Emulator, minutes: int
) -> None:
    """Fifteen minutes are tolerated, before and after."""
    sso_emulator.clock.advance(minutes * 60)

    assert refused(sts) == ("SignatureDoesNotMatch", 403)


@pytest.mark.parametrize("minutes", [14, -14])
def test_a_client_whose_clock_is_a_little_off_is_served(
    sts: Any, sso_emulator: Emulator, minutes: int
) -> None:
    """Fifteen minutes are tolerated, before and after."""
    sso_emulator.clock.advance(minutes * 60)

    assert sts.get_caller_identity()["Account"] == PRODUCTION


def test_a_signed_request_is_served(ask: Ask, signed: dict[str, str]) -> None:
    """The tests below change one thing in this request."""
    assert ask("POST", "/", form=FORM, headers=signed)[0] == 200


def test_another_body_breaks_the_signature(ask: Ask, signed: dict[str, str]) -> None:
    """The body is part of what is signed."""
    answer = ask("POST", "/", form=f"{FORM}&More=1", headers=signed)

    assert code_of(answer) == (403, "SignatureDoesNotMatch")


def test_another_query_breaks_the_signature(ask: Ask, signed: dict[str, str]) -> None:
    """So is the query."""
    answer = ask("POST", "/?more=1", form=FORM, headers=signed)

    assert code_of(answer) == (403, "SignatureDoesNotMatch")


def test_another_header_breaks_the_signature(ask: Ask, signed: dict[str, str]) -> None:
    """So is every header the signature names."""
    answer = ask("POST", "/", form=FORM, headers={**signed, "X-Amz-Date": "20200101T000000Z"})

    assert code_of(answer) == (403, "SignatureDoesNotMatch")


def test_a_signature_for_another_service_is_refused(
    ask: Ask, role_credentials: dict[str, Any], sso_emulator: Emulator
) -> None:
    """Credentials are scoped to the service they were used for."""
    headers = sign(sso_emulator, role_credentials, service="s3")

    assert code_of(ask("POST", "/", form=FORM, headers=headers)) == (403, "SignatureDoesNotMatch")


def test_a_request_without_signature_is_refused(ask: Ask) -> None:
    """STS serves nobody it does not know."""
    assert code_of(ask("POST", "/", form=FORM)) == (403, "MissingAuthenticationToken")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("AWS4-HMAC-SHA512", "AWS4-HMAC-SHA256"),
        ("aws4_request/more", "aws4_request"),
        ("SignedHeaders=", "SignedHeaders=content-type;host;"),
    ],
)
def test_a_signature_that_cannot_be_read_is_incomplete(
    ask: Ask, signed: dict[str, str], wrong: str, right: str
) -> None:
    """Algorithm, scope and signed headers are required."""
    headers = {**signed, "Authorization": signed["Authorization"].replace(right, wrong)}

    assert code_of(ask("POST", "/", form=FORM, headers=headers)) == (400, "IncompleteSignature")


def test_a_date_that_cannot_be_read_is_incomplete(ask: Ask, signed: dict[str, str]) -> None:
    """So is the date."""
    day = signed["X-Amz-Date"][:8]

    answer = ask("POST", "/", form=FORM, headers={**signed, "X-Amz-Date": f"{day} noon"})

    assert code_of(answer) == (400, "IncompleteSignature")


def presigned(sts: Any, seconds: int = 60) -> str:
    url: str = sts.generate_presigned_url(
        "get_caller_identity", ExpiresIn=seconds, HttpMethod="GET"
    )
    return "/?" + url.partition("/?")[2]


def test_a_presigned_url_tells_who_made_it(ask: Ask, sts: Any) -> None:
    """As clusters use it to recognize their users."""
    status, text = ask("GET", presigned(sts))

    assert (status, f"<Account>{PRODUCTION}</Account>" in text) == (200, True)


def test_a_presigned_url_expires(ask: Ask, sts: Any, sso_emulator: Emulator) -> None:
    """After the seconds it was made for."""
    url = presigned(sts, seconds=60)
    sso_emulator.clock.advance(62)

    assert code_of(ask("GET", url)) == (403, "SignatureDoesNotMatch")


def test_a_presigned_url_cannot_be_prolonged(ask: Ask, sts: Any) -> None:
    """Its lifetime is part of what is signed, and limited to a week."""
    url = presigned(sts, seconds=60)

    longer = ask("GET", url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))
    much_longer = ask("GET", url.replace("X-Amz-Expires=60", "X-Amz-Expires=604801"))

    assert code_of(longer) == (403, "SignatureDoesNotMatch")
    assert code_of(much_longer) == (400, "IncompleteSignature")


def test_an_assumed_role_is_the_caller_from_then_on(
    make_client: Callable[..., Any], sts: Any, sso_emulator: Emulator
) -> None:
    """AssumeRole gives credentials that GetCallerIdentity knows."""
    answer = sts.assume_role(RoleArn=DEPLOY, RoleSessionName="release", DurationSeconds=900)
    keys = answer["Credentials"]
    assumed = make_client(
        "sts",
        {
            "accessKeyId": keys["AccessKeyId"],
            "secretAccessKey": keys["SecretAccessKey"],
            "sessionToken": keys["SessionToken"],
        },
    )

    arn = f"arn:aws:sts::{PRODUCTION}:assumed-role/Deploy/release"
    assert assumed.get_caller_identity()["Arn"] == answer["AssumedRoleUser"]["Arn"] == arn
    expires_in = keys["Expiration"].timestamp() - sso_emulator.clock.now()
    assert expires_in == pytest.approx(900, abs=5)


def test_a_role_that_does_not_exist_cannot_be_assumed(sts: Any) -> None:
    """The service does not tell it from one that is closed."""
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
def test_a_wrong_parameter_is_a_validation_error(sts: Any, wrong: dict[str, Any]) -> None:
    """Among them a lifetime above the hour that chained roles may have."""
    right = {"RoleArn": DEPLOY, "RoleSessionName": "release"}

    with pytest.raises(ClientError) as caught:
        sts.assume_role(**{**right, **wrong})

    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_sts_knows_two_operations(sts: Any, sso_emulator: Emulator) -> None:
    """Any other is refused, and recorded as a failure of the test."""
    with pytest.raises(ClientError, match="InvalidAction"):
        sts.get_session_token()

    with pytest.raises(AssertionError, match="Unknown request: POST /"):
        sso_emulator.check()

    sso_emulator.reset()


def test_a_lifetime_below_a_quarter_of_an_hour_is_a_validation_error(
    sso_emulator: Emulator,
) -> None:
    """Stock clients would not even send it."""
    issued = sso_emulator.state.issue_role_credentials("alice", PRODUCTION, "ReadOnlyAccess")

    with pytest.raises(ServiceError, match="must be at least 900"):
        sso_emulator.state.role_sessions.assume(issued.caller, DEPLOY, "release", 899)


def test_a_role_is_assumed_only_by_callers_it_trusts(sso_emulator: Emulator) -> None:
    """A trust policy names accounts."""
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
