"""Valid and invalid faults."""

from __future__ import annotations

import pytest

from sso_plugin.emulator.state.fault_queue import Fault


def test_a_misspelled_operation_is_rejected() -> None:
    """The fault would never apply."""
    with pytest.raises(ValueError, match="no operation 'CreateTokens'"):
        Fault("CreateTokens")
