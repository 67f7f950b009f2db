"""The sync twin of an async session has its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiobotocore.session import AioSession

from sso_plugin.session.aio.twin import Twin

if TYPE_CHECKING:
    import pytest

REGION_OF_PROGRAM = {"region": ("region", "PROGRAM_REGION", None, None)}


def test_session_variables_of_a_program_apply_to_the_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the names of environment variables, which a program can set."""
    monkeypatch.setenv("PROGRAM_REGION", "eu-west-3")
    session = AioSession(session_vars=REGION_OF_PROGRAM)
    assert Twin(session).open().get_config_variable("region") == "eu-west-3"


def test_sessions_with_other_session_variables_have_other_settings() -> None:
    """So they do not share credentials."""
    usual, other = AioSession(), AioSession(session_vars=REGION_OF_PROGRAM)
    assert Twin(usual).settings() == Twin(AioSession()).settings()
    assert Twin(usual).settings() != Twin(other).settings()
