"""Sessions of aiobotocore are of another kind, and stay as they are.

Apart from the other tests, since aiobotocore asks for a botocore of its own choice.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiobotocore.session

import sso_plugin

if TYPE_CHECKING:
    from world import World


async def who_and_by_what(session: Any) -> tuple[str, list[str]]:
    resolver = session.get_component("credential_provider")
    kinds = [f"{type(one).__module__}.{type(one).__name__}" for one in resolver.providers]
    credentials = await session.get_credentials()
    frozen = await credentials.get_frozen_credentials()
    return f"{type(credentials).__module__} {frozen.access_key[:4]}", kinds


def test_aiobotocore_behaves_as_without_us(world: World) -> None:
    """Same providers, same kind of credentials, no part of ours in it."""
    world.sign_in()
    without = asyncio.run(who_and_by_what(aiobotocore.session.AioSession(profile="dev")))
    sso_plugin.enable()
    enabled = asyncio.run(who_and_by_what(aiobotocore.session.AioSession(profile="dev")))
    assert enabled == without
    assert not any("sso_plugin" in kind for kind in enabled[1])
