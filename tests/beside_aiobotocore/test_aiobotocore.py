"""Sessions of aiobotocore do not change.

These tests are in a folder of their own because aiobotocore needs a certain version of botocore.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiobotocore.session

import sso_plugin

if TYPE_CHECKING:
    from world import World


async def credentials_and_providers(session: Any) -> tuple[str, list[str]]:
    resolver = session.get_component("credential_provider")
    kinds = [f"{type(one).__module__}.{type(one).__name__}" for one in resolver.providers]
    credentials = await session.get_credentials()
    frozen = await credentials.get_frozen_credentials()
    return f"{type(credentials).__module__} {frozen.access_key[:4]}", kinds


def test_aiobotocore_is_the_same_with_the_plugin(world: World) -> None:
    """Same providers and same kind of credentials, none of ours."""
    world.sign_in()
    without = asyncio.run(credentials_and_providers(aiobotocore.session.AioSession(profile="dev")))
    sso_plugin.enable()
    enabled = asyncio.run(credentials_and_providers(aiobotocore.session.AioSession(profile="dev")))
    assert enabled == without
    assert not any("sso_plugin" in kind for kind in enabled[1])
