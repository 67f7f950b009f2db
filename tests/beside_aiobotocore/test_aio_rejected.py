"""Credentials that AWS rejects are replaced once for all tasks, and the loop does not wait."""

from __future__ import annotations

import asyncio
import io
import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest
import service
from aio import audited, new_session
from aio_ways import ASYNC, REGION, SYNC
from aiobotocore.config import AioConfig
from botocore import UNSIGNED
from botocore.exceptions import ClientError
from service import Service

import sso_plugin
from sso_plugin.credentials import generations

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from world import World

pytestmark = pytest.mark.usefixtures("enabled")

HOUR = 3600
EXPIRED = (400, "", service.xml("ExpiredToken"))


def ec2(code: str) -> bytes:
    """Return the body of an error of EC2, which differs from that of the other services."""
    error = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
    return f"<Response><Errors>{error}</Errors></Response>".encode()


def change_role_file(world: World, **changes: str) -> str:
    """Change the role file, and make it look 20 minutes old; return its access key."""
    [file] = world.role_files()
    document = json.loads(file.read_text())
    document["Credentials"].update(changes)
    file.write_text(json.dumps(document))
    then = time.time() - 20 * 60
    os.utime(file, (then, then))
    return str(document["Credentials"]["AccessKeyId"])


@pytest.fixture
def old(world: World, enabled: None) -> str:
    """Log in, and put credentials into the cache that were fetched 20 minutes ago."""
    world.sign_in()
    SYNC.keys(SYNC.session())
    return change_role_file(world)


@pytest.fixture
def bad(world: World, old: str) -> str:
    """Put credentials into the cache that AWS does not know, fetched 20 minutes ago."""
    return change_role_file(world, AccessKeyId="ASIAUNKNOWN")


@pytest.fixture
def services() -> Iterator[list[Service]]:
    """Return a list of services, which are stopped at the end."""
    started: list[Service] = []
    yield started
    for each in started:
        each.shutdown()
        each.server_close()


def client(session: Any, name: str, url: str, **options: Any) -> Any:
    """Return a client that does not retry by itself."""
    once = AioConfig(
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path"},
        **options.pop("config", {}),
    )
    return session.create_client(
        name, **{"region_name": REGION, "endpoint_url": url, "config": once, **options}
    )


async def code_of(call: Coroutine[Any, Any, Any]) -> str:
    """Return the code of the error that a call raises."""
    with pytest.raises(ClientError) as caught:
        await call
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.parametrize("sessions", [1, pytest.param(10, marks=pytest.mark.long)])
def test_ten_tasks_replace_rejected_keys_once(world: World, bad: str, sessions: int) -> None:
    """Each repeats its request once. The loop does not wait for the request to the portal."""
    used = [new_session() for _ in range(sessions)]
    world.emulator.faults.add("GetRoleCredentials", latency=0.2)

    async def use(session: Any) -> str:
        async with session.create_client("sts", region_name=REGION) as sts:
            # All have signed with the rejected keys before the first response.
            await begin.wait()
            return str((await sts.get_caller_identity())["Arn"])

    async def run() -> list[str]:
        tasks = [asyncio.ensure_future(use(used[task % sessions])) for task in range(10)]
        await asyncio.sleep(0)
        begin.set()
        with audited() as audit:
            arns = await asyncio.gather(*tasks)
        assert audit.blocking().count("fcntl.flock") == 0
        assert "time.sleep" not in audit.blocking()
        return list(arns)

    begin = asyncio.Event()
    assert [arn.rsplit("/", 1)[-1] for arn in asyncio.run(run())] == ["alice"] * 10
    assert world.count("GetRoleCredentials") == 2
    assert world.count("GetCallerIdentity") <= 20


def test_a_session_of_get_aio_session_replaces_rejected_keys_too(world: World, bad: str) -> None:
    """It has no profile, but the same credentials."""
    session = sso_plugin.get_aio_session(
        account="111111111111", role="AdministratorAccess", sso_session="corp", region="us-east-1"
    )
    assert ASYNC.arn(session).endswith("/alice")
    assert world.count("GetRoleCredentials") == 2


REJECTIONS = [
    ("s3", "list_buckets", EXPIRED),
    ("sns", "list_topics", (403, "", service.query("InvalidClientTokenId"))),
    ("dynamodb", "list_tables", (400, "", service.json("ExpiredTokenException"))),
    ("lambda", "list_functions", (403, "ExpiredTokenException", b'{"message": "no"}')),
]
"""One of each protocol."""


@pytest.mark.one_quick_case
@pytest.mark.parametrize("mode", ["standard", "legacy", "adaptive"])
@pytest.mark.parametrize(("name", "operation", "refusal"), REJECTIONS)
def test_a_rejected_request_is_repeated_in_every_mode(  # noqa: PLR0913, PLR0917 - a table
    world: World,
    old: str,
    services: list[Service],
    mode: str,
    name: str,
    operation: str,
    refusal: service.Refusal,
) -> None:
    """The second time with other keys."""
    services.append(Service(lambda key, _: key == old, refusal))
    config = AioConfig(retries={"mode": mode, "total_max_attempts": 1})
    ASYNC.call(new_session(), name, operation, endpoint_url=services[0].url, config=config)
    first, second = services[0].keys
    assert first == old != second
    assert world.count("GetRoleCredentials") == 2


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("name", "operation", "refusal"),
    [
        ("s3", "list_buckets", (403, "", service.xml("AccessDenied"))),
        ("s3", "list_buckets", (403, "", service.xml("SignatureDoesNotMatch"))),
        ("ec2", "describe_regions", (401, "", ec2("AuthFailure"))),
    ],
)
def test_another_error_starts_no_thread(
    world: World, old: str, services: list[Service], name: str, operation: str, refusal: Any
) -> None:
    """It is raised after one request."""
    services.append(Service(lambda *_: True, refusal))

    async def run() -> None:
        async with client(new_session(), name, services[0].url) as made:
            await code_of(getattr(made, operation)())
            with audited() as audit:
                await code_of(getattr(made, operation)())
            assert audit.started() <= 1  # the one of the service for the request

    asyncio.run(run())
    assert services[0].keys == [old, old]
    assert world.count("GetRoleCredentials") == 1


@pytest.mark.parametrize("kind", ["unsigned", "explicit", "same keys"])
def test_a_request_that_was_not_signed_with_our_credentials_is_not_repeated(
    world: World, old: str, services: list[Service], kind: str
) -> None:
    """Not even if the caller passes our keys explicitly."""
    services.append(Service(lambda *_: True, EXPIRED))
    session = new_session()
    key = ASYNC.keys(session).access_key if kind == "same keys" else "AKIAOTHER"
    options: dict[str, Any] = {"aws_access_key_id": key, "aws_secret_access_key": "s"}
    if kind == "unsigned":
        options = {"config": {"signature_version": UNSIGNED}}

    async def run() -> str:
        async with client(session, "s3", services[0].url, **options) as s3:
            return await code_of(s3.list_buckets())

    assert asyncio.run(run()) == "ExpiredToken"
    assert len(services[0].requests) == 1
    assert world.count("GetRoleCredentials") == 1


def test_credentials_that_were_just_fetched_are_not_replaced(
    world: World, services: list[Service]
) -> None:
    """A region that is not enabled rejects valid keys."""
    world.sign_in()
    services.append(Service(lambda *_: True, (403, "", service.query("InvalidClientTokenId"))))

    async def run() -> str:
        async with client(new_session(), "sns", services[0].url) as sns:
            return await code_of(sns.list_topics())

    assert asyncio.run(run()) == "InvalidClientTokenId"
    assert len(services[0].requests) == 1
    assert world.count("GetRoleCredentials") == 1


def test_while_the_portal_is_down_the_caller_gets_the_error_of_the_service(
    world: World, bad: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The old keys stay, a log line has the reason, and the portal is asked only once."""
    # On a busy machine, five calls may take longer than the first attempt timeout.
    monkeypatch.setattr(generations, "attempt_timeout", lambda _: 300.0)
    world.emulator.faults.add("GetRoleCredentials", status=400, code="InvalidRequestException")

    async def run() -> None:
        async with new_session().create_client("sts", region_name=REGION) as sts:
            for _ in range(5):
                assert await code_of(sts.get_caller_identity()) == "InvalidClientTokenId"

    asyncio.run(run())
    assert world.count("GetRoleCredentials") == 2
    [message] = [one for one in caplog.messages if "rejected" in one]
    assert message.startswith("Cannot replace credentials that AWS has rejected: The profile")


def test_a_rejected_request_asks_for_no_login(world: World, bad: str) -> None:
    """It opens no browser."""
    world.configure(world.emulator.profile() + "sso_login = device\n")
    document = json.loads(world.token_file().read_text())
    del document["refreshToken"]
    document["expiresAt"] = "2020-01-01T00:00:00Z"
    world.token_file().write_text(json.dumps(document))

    async def run() -> str:
        async with new_session().create_client("sts", region_name=REGION) as sts:
            return await code_of(sts.get_caller_identity())

    assert asyncio.run(run()) == "InvalidClientTokenId"
    assert world.count("StartDeviceAuthorization") == 0


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("start", "requests"), [(0, 2), (3, 1)], ids=["from its beginning", "from the middle"]
)
def test_a_stream_is_sent_again_if_it_can_be(
    world: World, old: str, services: list[Service], start: int, requests: int
) -> None:
    """With its whole content, or not at all. In both cases the next request has other keys."""
    services.append(Service(lambda key, _: key == old, EXPIRED))
    body = io.BytesIO(b"0123456789")
    body.seek(start)

    async def run() -> None:
        async with client(new_session(), "s3", services[0].url) as s3:
            put = s3.put_object(Bucket="b", Key="k", Body=body)
            if requests == 2:
                await put
            else:
                assert await code_of(put) == "ExpiredToken"
            await s3.list_buckets()

    asyncio.run(run())
    assert len(services[0].requests) == requests + 1
    assert all(b"0123456789"[start:] in sent for _, sent in services[0].requests[:-1])
    assert services[0].keys[-1] != old
    assert world.count("GetRoleCredentials") == 2


@pytest.mark.one_quick_case
@pytest.mark.parametrize(("ahead", "calls"), [(0.0, 1), (2 * HOUR, 2)], ids=["valid", "expired"])
def test_an_ambiguous_error_compares_the_clock_and_asks_sts_in_a_thread(
    world: World, old: str, services: list[Service], ahead: float, calls: int
) -> None:
    """The code of EC2 can have other reasons. Ten tasks ask STS once, or not at all."""
    services.append(Service(lambda key, _: key == old, (400, "", ec2("RequestExpired"))))
    services[0].ahead = ahead
    world.emulator.faults.add("GetCallerIdentity", latency=0.1)

    async def run() -> None:
        async with client(new_session(), "ec2", services[0].url) as made:
            asked = (made.describe_regions() for _ in range(10))
            with audited() as audit:
                found = await asyncio.gather(*asked, return_exceptions=True)
            assert "fcntl.flock" not in audit.blocking()
            assert [isinstance(each, ClientError) for each in found] == [calls == 1] * 10

    asyncio.run(run())
    assert world.count("GetCallerIdentity") == (1 if calls == 1 else 0)
    assert world.count("GetRoleCredentials") == calls


@pytest.mark.parametrize("kind", ["static", "dev"])
def test_a_session_without_sso_does_not_handle_rejected_requests(world: World, kind: str) -> None:
    """It has no handler of ours for them, so it costs nothing."""
    static = "[profile static]\naws_access_key_id = A\naws_secret_access_key = B\n"
    world.configure(world.emulator.profile() + static)
    session = new_session(kind)
    ASYNC.client(session, "sts")
    emitter = session.get_component("event_emitter")._emitter
    handlers = repr([*emitter._handlers.prefix_search("before-sign.sts.GetCallerIdentity")])
    assert ("_record_credentials" in handlers) == (kind == "dev")
