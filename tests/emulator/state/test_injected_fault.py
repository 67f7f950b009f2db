"""Valid and invalid faults."""

from __future__ import annotations

from typing import Any

import pytest

from sso_plugin.emulator import Fault


def test_a_misspelled_operation_is_rejected() -> None:
    """The fault would never apply."""
    with pytest.raises(ValueError, match="no operation 'CreateTokens'"):
        Fault("CreateTokens")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"kind": "fire"}, "kind must be one of error, hang, reset, cut, truncated, page"),
        ({"status": 200}, "status must be 400 to 599, not 200"),
        ({"kind": "page", "status": 100}, "status must be 200 to 599, not 100"),
        ({"kind": "cut", "status": 500}, "kind 'cut' has no status"),
        ({"latency": -1}, "latency and retry_after must be 0 or more"),
        ({"kind": "truncated", "size": -1}, "size must be 0 or more"),
        ({"times": 0}, "times must be 1 or more"),
        ({"rate": 0}, "rate must be more than 0 and at most 1"),
        ({"after": 5, "until": 5}, "until must be later than after"),
    ],
)
def test_an_invalid_fault_is_rejected(arguments: dict[str, Any], problem: str) -> None:
    """When it is created, with the problem."""
    with pytest.raises(ValueError, match=f"^Invalid fault: .*{problem}"):
        Fault(**arguments)


def test_a_fault_applies_to_its_operation() -> None:
    """By default to any."""
    assert Fault("CreateToken").applies_to("CreateToken")
    assert not Fault("CreateToken").applies_to("Logout")
    assert Fault().applies_to("Logout")
