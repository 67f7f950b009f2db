"""Credentials that AWS rejects: replaced once for all processes, and the request retried once."""

from __future__ import annotations

import io
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest
import service
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError
from crowd import crowd
from long_tests import long
from quick_login import login
from service import Service

import sso_plugin
from sso_plugin.credentials import generations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World

HOUR = 3600


@pytest.fixture(autouse=True)
def _enabled(_not_enabled: None) -> None:
    sso_plugin.enable()


def use(profile: str = "dev") -> str:
    session: Any = boto3.Session(profile_name=profile)
    return str(session.client("sts").get_caller_identity()["Arn"])


def change_role_file(world: World, age: float, **changes: str) -> str:
    """Change the role file, and make it look that old; return its access key."""
    [file] = world.role_files()
    document = json.loads(file.read_text())
    document["Credentials"].update(changes)
    file.write_text(json.dumps(document))
    then = time.time() - age
    os.utime(file, (then, then))
    return str(document["Credentials"]["AccessKeyId"])


@pytest.fixture
def old(world: World) -> str:
    """Log in, and put credentials into the cache that were fetched 20 minutes ago."""
    world.sign_in()
    use()
    return change_role_file(world, 20 * 60)


@pytest.fixture
def bad(world: World, old: str) -> str:
    """Put credentials into the cache that AWS does not know, fetched 20 minutes ago."""
    return change_role_file(world, 20 * 60, AccessKeyId="ASIAUNKNOWN")


@pytest.fixture
def services() -> Iterator[list[Service]]:
    """Return a list of services, which are stopped at the end."""
    started: list[Service] = []
    yield started
    for each in started:
        each.shutdown()
        each.server_close()


def client(name: str, url: str, **options: Any) -> Any:
    """Return a client that does not retry by itself."""
    once = Config(
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path"},
        **options.pop("config", {}),
    )
    session: Any = boto3.Session(profile_name="dev")
    return session.client(
        name, **{"region_name": "eu-central-1", "endpoint_url": url, "config": once, **options}
    )


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.long
def test_keys_that_sts_does_not_know_are_replaced(world: World, bad: str) -> None:
    """In memory and in the cache, without an error for the caller."""
    assert use().endswith("/alice")
    assert world.count("GetRoleCredentials") == 2
    assert use().endswith("/alice")
    assert (world.count("GetRoleCredentials"), world.count("GetCallerIdentity")) == (2, 4)


@pytest.mark.long
def test_a_session_of_get_session_replaces_rejected_keys_too(world: World, bad: str) -> None:
    """It has no profile, but the same credentials."""
    session: Any = sso_plugin.get_session(
        account="111111111111", role="AdministratorAccess", sso_session="corp", region="us-east-1"
    )
    assert session.client("sts").get_caller_identity()["Arn"].endswith("/alice")


PARAMETERS: dict[str, dict[str, Any]] = {
    "put_log_events": {
        "logGroupName": "g",
        "logStreamName": "s",
        "logEvents": [{"timestamp": 1, "message": "m"}],
    }
}


REJECTIONS = [
    ("s3", "list_buckets", (400, "", service.xml("ExpiredToken"))),
    ("sns", "list_topics", (403, "", service.query("InvalidClientTokenId"))),
    ("dynamodb", "list_tables", (400, "", service.json("ExpiredTokenException"))),
    ("lambda", "list_functions", (403, "ExpiredTokenException", b'{"message": "no"}')),
    ("s3", "list_buckets", (403, "", service.xml("InvalidAccessKeyId"))),
    ("s3", "list_buckets", (400, "", service.xml("InvalidToken"))),
    ("s3", "list_buckets", (400, "", service.xml("TokenRefreshRequired"))),
    ("sns", "list_topics", (403, "", service.query("ExpiredToken"))),
    ("logs", "put_log_events", (400, "", service.json("UnrecognizedClientException"))),
    ("stepfunctions", "list_activities", (400, "", service.json("ExpiredTokenException"))),
]
"""Rejections in each protocol. The first four are one of each protocol: query, json, rest, S3."""


def in_mode(mode: str, quick: int) -> list[Any]:
    """Return the rejections in a retry mode. The tests of all but the first are long."""
    return [
        pytest.param(mode, *rejection, marks=() if number < quick else pytest.mark.long)
        for number, rejection in enumerate(REJECTIONS)
    ]


@pytest.mark.long
@pytest.mark.parametrize(
    ("mode", "name", "operation", "refusal"),
    [*in_mode("standard", quick=4), *in_mode("legacy", quick=1), *in_mode("adaptive", quick=1)],
)
def test_the_error_codes_of_every_protocol_are_known(  # noqa: PLR0913, PLR0917 - a table
    world: World,
    old: str,
    services: list[Service],
    mode: str,
    name: str,
    operation: str,
    refusal: service.Refusal,
) -> None:
    """In every retry mode, the request is sent twice, the second time with other keys."""
    services.append(Service(lambda key, _: key == old, refusal))
    config = Config(retries={"mode": mode, "total_max_attempts": 1})  # type: ignore[arg-type]
    session: Any = boto3.Session(profile_name="dev")
    url = services[0].url
    made = session.client(name, region_name="us-east-1", endpoint_url=url, config=config)
    getattr(made, operation)(**PARAMETERS.get(operation, {}))
    first, second = services[0].keys
    assert first == old != second
    assert world.count("GetRoleCredentials") == 2


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "operation", "refusal"),
    [
        ("s3", "list_buckets", (403, "", service.xml("AccessDenied"))),
        ("s3", "list_buckets", (403, "", service.xml("SignatureDoesNotMatch"))),
        ("stepfunctions", "list_activities", (400, "", service.json("InvalidToken"))),
        ("ec2", "describe_regions", (401, "", service.xml("AuthFailure"))),
    ],
)
def test_an_error_that_is_not_about_the_credentials_is_raised(
    world: World, old: str, services: list[Service], name: str, operation: str, refusal: Any
) -> None:
    """After one request, and without new credentials."""
    services.append(Service(lambda *_: True, refusal))
    with pytest.raises(ClientError):
        getattr(client(name, services[0].url), operation)()
    assert services[0].keys == [old]
    assert world.count("GetRoleCredentials") == 1


@pytest.mark.long
@pytest.mark.parametrize("kind", ["unsigned", "explicit", "same keys"])
def test_a_request_that_was_not_signed_with_our_credentials_is_not_retried(
    world: World, old: str, services: list[Service], kind: str
) -> None:
    """Not even if the caller passes our keys explicitly."""
    services.append(Service(lambda *_: True, (400, "", service.xml("ExpiredToken"))))
    credentials: Any = boto3.Session(profile_name="dev").get_credentials()
    frozen = credentials.get_frozen_credentials()
    key = frozen.access_key if kind == "same keys" else "AKIAOTHER"
    options: dict[str, Any] = {"aws_access_key_id": key, "aws_secret_access_key": "s"}
    if kind == "unsigned":
        options = {"config": {"signature_version": UNSIGNED}}
    with pytest.raises(ClientError):
        client("s3", services[0].url, **options).list_buckets()
    assert len(services[0].requests) == 1
    assert world.count("GetRoleCredentials") == 1


@pytest.mark.long
def test_a_client_with_a_bearer_token_needs_no_role(world: World) -> None:
    """Its requests are not signed with role credentials, so none are fetched."""
    world.configure(world.emulator.profile(role_name="NotAssigned"))
    world.sign_in()
    # A bearer token is sent over TLS only. The connection error shows that the client got that far.
    with pytest.raises(EndpointConnectionError):
        client("codecatalyst", "https://127.0.0.1:9").list_spaces()
    assert world.count("GetRoleCredentials") == 0


@pytest.mark.long
def test_credentials_that_were_just_fetched_are_not_replaced(
    world: World, services: list[Service]
) -> None:
    """A region that is not enabled rejects valid keys."""
    world.sign_in()
    services.append(Service(lambda *_: True, (403, "", service.query("InvalidClientTokenId"))))
    with pytest.raises(ClientError) as caught:
        client("sns", services[0].url).list_topics()
    assert code_of(caught) == "InvalidClientTokenId"
    assert len(services[0].requests) == 1
    assert world.count("GetRoleCredentials") == 1


@pytest.mark.long
@pytest.mark.parametrize("cache", ["file", *long("memory")])
def test_a_script_over_twenty_regions_replaces_once(
    world: World, services: list[Service], cache: str
) -> None:
    """Five of the regions reject valid keys."""
    world.configure(world.emulator.profile() + f"sso_cache = {cache}\n")
    world.sign_in()
    regions = [f"xx-test-{number}" for number in range(20)]
    refusal = (403, "", service.query("InvalidClientTokenId"))
    services.append(Service(lambda _, region: region in regions[::4], refusal))
    session: Any = boto3.Session(profile_name="dev")
    credentials = session.get_credentials()
    credentials.get_frozen_credentials()
    # 20 minutes have passed since.
    lifetime = credentials._current.lifetime
    old = lifetime._replace(issued_at=lifetime.issued_at - 20 * 60)
    credentials._current = credentials._current._replace(lifetime=old)
    failed = []
    for region in regions:
        sns = session.client("sns", region_name=region, endpoint_url=services[0].url)
        try:
            sns.list_topics()
        except ClientError:
            failed.append(region)
    assert failed == regions[::4]
    assert world.count("GetRoleCredentials") == 2
    assert len(services[0].requests) == 21


@pytest.mark.long
def test_a_role_is_replaced_once_in_five_minutes_by_all_processes(
    world: World, bad: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Even if the new credentials are rejected too, and look old."""
    use()
    change_role_file(world, 20 * 60, AccessKeyId="ASIAUNKNOWN")
    with pytest.raises(ClientError) as caught:
        use()
    assert code_of(caught) == "InvalidClientTokenId"
    assert caplog.messages[-1] == (
        'Cannot replace credentials that AWS has rejected: The profile "dev" gets no other '
        "credentials for the role AdministratorAccess in the account 111111111111: they were "
        "replaced less than 5 minutes ago. Check that the service and the region are enabled."
    )
    assert world.count("GetRoleCredentials") == 2
    [record] = (world.home / ".aws/sso-plugin").glob("replaced-*.json")
    then = time.time() - 301
    os.utime(record, (then, then))
    assert use().endswith("/alice")
    assert world.count("GetRoleCredentials") == 3


@pytest.mark.long
def test_twenty_processes_with_rejected_keys_fetch_once(world: World, bad: str) -> None:
    """All of them continue."""
    assert [line.rsplit("/", 1)[-1] for line in crowd(20)] == ["alice"] * 20
    assert world.count("GetRoleCredentials") == 2


@pytest.mark.long
def test_threads_of_one_session_fetch_once(world: World, bad: str) -> None:
    """The second thread only retries its request."""
    session: Any = boto3.Session(profile_name="dev")
    sts = session.client("sts")
    with ThreadPoolExecutor(8) as pool:
        arns = [*pool.map(lambda _: sts.get_caller_identity()["Arn"], range(8))]
    assert [arn.rsplit("/", 1)[-1] for arn in arns] == ["alice"] * 8
    assert world.count("GetRoleCredentials") == 2


def test_while_the_portal_is_down_the_caller_gets_the_error_of_the_service(
    world: World, bad: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The old keys stay, a log line has the reason, and the portal is asked only once."""
    # On a busy machine, five calls may take longer than the first attempt timeout.
    monkeypatch.setattr(generations, "attempt_timeout", lambda _: 300.0)
    world.emulator.faults.add("GetRoleCredentials", status=400, code="InvalidRequestException")
    session: Any = boto3.Session(profile_name="dev")
    sts = session.client("sts")
    for _ in range(5):
        with pytest.raises(ClientError) as caught:
            sts.get_caller_identity()
        assert code_of(caught) == "InvalidClientTokenId"
    assert session.get_credentials().get_frozen_credentials().access_key == bad
    assert world.count("GetRoleCredentials") == 2
    [message] = [one for one in caplog.messages if "rejected" in one]
    assert message.startswith("Cannot replace credentials that AWS has rejected: The profile")
    world.emulator.faults.clear()


def test_a_rejected_request_asks_for_no_login(world: World, bad: str) -> None:
    """It opens no browser."""
    world.configure(world.emulator.profile() + "sso_login = device\n")
    document = json.loads(world.token_file().read_text())
    del document["refreshToken"]
    document["expiresAt"] = "2020-01-01T00:00:00Z"
    world.token_file().write_text(json.dumps(document))
    with pytest.raises(ClientError) as caught:
        use()
    assert code_of(caught) == "InvalidClientTokenId"
    assert world.count("StartDeviceAuthorization") == 0


@pytest.mark.long
@pytest.mark.parametrize(
    ("start", "calls"), [(0, 2), (3, 1)], ids=["from its beginning", "from the middle"]
)
def test_a_stream_is_sent_again_if_it_can_be(
    world: World, old: str, services: list[Service], start: int, calls: int
) -> None:
    """Botocore would rewind a stream that began in the middle to its position 0."""
    services.append(Service(lambda key, _: key == old, (400, "", service.xml("ExpiredToken"))))
    s3 = client("s3", services[0].url)
    body = io.BytesIO(b"0123456789")
    body.seek(start)
    if calls == 2:
        s3.put_object(Bucket="b", Key="k", Body=body)
    else:
        with pytest.raises(ClientError, match="ExpiredToken"):
            s3.put_object(Bucket="b", Key="k", Body=body)
    assert len(services[0].requests) == calls
    # In both cases, the next request has other keys.
    s3.list_buckets()
    assert services[0].keys[-1] != old
    assert world.count("GetRoleCredentials") == 2


@pytest.mark.long
@pytest.mark.one_quick_case
@pytest.mark.parametrize(("ahead", "calls"), [(0.0, 1), (2 * HOUR, 2)], ids=["valid", "expired"])
def test_a_head_request_of_s3_compares_the_clock_and_asks_sts(
    world: World, old: str, services: list[Service], ahead: float, calls: int
) -> None:
    """Status 400 without a code can have many reasons."""
    services.append(Service(lambda key, _: key == old, (400, "", b"")))
    services[0].ahead = ahead
    s3 = client("s3", services[0].url)
    if calls == 2:
        s3.head_object(Bucket="b", Key="k")
    else:
        for _ in range(3):
            with pytest.raises(ClientError):
                s3.head_object(Bucket="b", Key="k")
        # Asked once, and not again for some minutes.
        assert world.count("GetCallerIdentity") == 2
    assert world.count("GetRoleCredentials") == calls


@pytest.mark.long
def test_a_head_request_of_s3_with_keys_that_sts_rejects_is_retried(
    world: World, bad: str, services: list[Service]
) -> None:
    """The keys are replaced."""
    services.append(Service(lambda key, _: key == bad, (400, "", b"")))
    client("s3", services[0].url).head_object(Bucket="b", Key="k")
    assert world.count("GetRoleCredentials") == 2


@pytest.mark.long
def test_a_role_chain_replaces_its_source(world: World, bad: str) -> None:
    """Without sso-plugin, the client that assumes the role has fixed keys."""
    role = next(role for role in world.emulator.organization.roles)
    chain = f"[profile chain]\nrole_arn = arn:aws:iam::{role.account_id}:role/{role.name}\n"
    world.configure(f"{world.emulator.profile()}{chain}source_profile = dev\nregion = us-east-1\n")
    assert f"/{role.name}/" in use("chain")
    assert world.count("GetRoleCredentials") == 2
    assert world.count("AssumeRole") == 2


@pytest.mark.parametrize(("profile", "handled"), [("dev", True), ("static", False)])
def test_a_session_without_sso_does_not_handle_rejected_requests(
    world: World, profile: str, *, handled: bool
) -> None:
    """It has no handler of ours for them, so it costs nothing."""
    static = "[profile static]\naws_access_key_id = A\naws_secret_access_key = B\n"
    world.configure(world.emulator.profile() + static)
    session: Any = botocore.session.Session(profile=profile)
    session.create_client("sts", region_name="us-east-1")
    emitter = session.get_component("event_emitter")._emitter
    handlers = repr([*emitter._handlers.prefix_search("before-sign.sts.GetCallerIdentity")])
    assert ("_record_credentials" in handlers) == handled


@pytest.mark.long
def test_login_with_force_drops_rejected_credentials(world: World, bad: str) -> None:
    """A new login deletes the role files before it saves the token."""
    login(
        "dev",
        flow="device",
        force=True,
        show=lambda prompt: world.emulator.approve(str(prompt.user_code), "alice"),
        open_browser=None,
    )
    assert world.role_files() == []
    calls = world.count("GetCallerIdentity")
    assert use().endswith("/alice")
    assert world.count("GetCallerIdentity") == calls + 1
