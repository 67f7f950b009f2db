"""Sessions and clients of aioboto3."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aioboto3
import pytest

import sso_plugin
from sso_plugin.session.plugin import is_enabled

if TYPE_CHECKING:
    from world import World


async def arn_of(session: Any) -> str:
    """Make a call to STS, which verifies the signature and the lifetime of the credentials."""
    async with session.client("sts", region_name="eu-central-1") as sts:
        identity = await sts.get_caller_identity()
    return str(identity["Arn"])


async def key_of(session: Any) -> str:
    """Return the access key of a session."""
    credentials = await session.get_credentials()
    return str((await credentials.get_frozen_credentials()).access_key)


@pytest.mark.usefixtures("enabled")
class TestSessionPerRequest:
    """A service that makes a session for each request, as in the examples of aioboto3."""

    def test_they_share_each_renewal(self, world: World) -> None:
        """Five tasks, two renewals: all calls succeed, each generation is fetched once."""
        world.emulator.settings.role_credentials = 12
        world.sign_in()
        keys: set[str] = set()
        arns: list[str] = []

        async def serve() -> None:
            while world.count("GetRoleCredentials") < 3:
                session = aioboto3.Session(profile_name="dev")
                keys.add(await key_of(session))
                arns.append(await arn_of(session))

        async def serve_five() -> None:
            await asyncio.gather(*[serve() for _ in range(5)])

        asyncio.run(serve_five())
        assert {arn.rsplit("/", 1)[-1] for arn in arns} == {"alice"}
        fetched = world.count("GetRoleCredentials")
        assert len(arns) > fetched
        # The last generation was fetched, but perhaps not used.
        assert len(keys) in {fetched - 1, fetched}

    def test_its_bucket_is_used_as_before(self, s3: World) -> None:
        """Resources of aioboto3 work too."""
        s3.sign_in()

        async def round_trip() -> bytes:
            session = aioboto3.Session(profile_name="dev")
            async with session.resource("s3") as resource:
                file = await resource.Object("bucket", "greeting")
                await file.put(Body=b"hello")
                response = await file.get()
                return bytes(await response["Body"].read())

        assert asyncio.run(round_trip()) == b"hello"
        assert s3.count("GetRoleCredentials") == 1


class TestSessionOfAnyRole:
    """`sso_plugin.get_aio_session` makes the botocore session of an aioboto3 session."""

    def test_its_clients_have_that_role(self, world: World) -> None:
        """In any account, without a profile for it, and with its own region."""
        world.sign_in()
        core = sso_plugin.get_aio_session(
            account="staging",
            role="AdministratorAccess",
            sso_session="corp",
            region="eu-west-1",
        )
        session = aioboto3.Session(botocore_session=core)
        assert session.region_name == "eu-west-1"
        assert ":222222222222:assumed-role/" in asyncio.run(arn_of(session))


class TestEnable:
    """`sso_plugin.enable` takes a session of aioboto3."""

    def test_one_session_is_enabled(self, world: World) -> None:
        """Another session is not."""
        world.sign_in()
        session, other = (aioboto3.Session(profile_name="dev") for _ in range(2))
        sso_plugin.enable(session)
        assert (is_enabled(session), is_enabled(other)) == (True, False)
        assert asyncio.run(key_of(session)) == asyncio.run(key_of(session))
        assert world.count("GetRoleCredentials") == 1

    @pytest.mark.usefixtures("enabled")
    def test_every_new_session_is_enabled(self, world: World) -> None:
        """Until `disable` is called."""
        session = aioboto3.Session(profile_name="dev")
        assert is_enabled(session)
        sso_plugin.disable()
        assert not is_enabled(session)
        assert not is_enabled(aioboto3.Session(profile_name="dev"))
