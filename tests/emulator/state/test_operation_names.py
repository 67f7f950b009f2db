"""The names of operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sso_plugin.emulator import Emulator


def test_counting_a_misspelled_operation_is_an_error(sso_emulator: Emulator) -> None:
    """With a count of zero, a test would pass for the wrong reason."""
    with pytest.raises(ValueError, match="no operation 'CreateTokens'"):
        sso_emulator.requests.count("CreateTokens")
