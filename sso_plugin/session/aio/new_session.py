"""Sessions of aiobotocore with our service models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiobotocore.session import AioSession

from ...models import NO_PROFILE, add_data_path

if TYPE_CHECKING:
    from botocore.session import Session

__all__ = ["open_aio_session"]


def open_aio_session(profile_name: str | None, region: str | None) -> Session:
    """Return a session of aiobotocore.

    :param profile_name: None for a session without a profile, also if the environment sets one.
    """
    if profile_name:
        session = AioSession(profile=profile_name)
    else:
        session = AioSession(session_vars=NO_PROFILE)
    if region:
        session.set_config_variable("region", region)
    add_data_path(session.get_component("data_loader"))
    return session  # type: ignore[no-any-return]
