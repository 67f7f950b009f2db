"""Invalid arguments of control requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


PRODUCTION = "1" * 12


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("approve", {}),
        ("approve", {"user_code": "BCDF-GHJK"}),
        ("approve", {"user_code": 1}),
        ("approve", {"user_cod": "BCDF-GHJK"}),
        ("sign_in", {"user": "mallory"}),
        ("revoke", {}),
        ("revoke", {"user": "alice", "access_token": "x"}),
        ("assign", {"user": "alice", "account_id": "9" * 12, "role": "Auditor"}),
        ("unassign", {"user": "alice", "account_id": PRODUCTION, "role": "Auditor"}),
        ("clock", {"advance": "1h"}),
        ("clock", {"advance": True}),
        ("faults", {"operation": "GetRoleCredential"}),
        ("faults", {"status": 200}),
        ("faults", {"times": 0}),
        ("faults", {"latency": -1}),
        ("faults", {"kind": "fire"}),
        ("faults", {"kind": "cut", "status": 500}),
        ("faults", {"kind": "truncated", "size": -1}),
        ("faults", {"kind": "page", "status": 100}),
        ("faults", {"rate": 0}),
        ("faults", {"rate": 1.5}),
        ("faults", {"after": -1}),
        ("faults", {"after": 5, "until": 5}),
        ("faults", {"retry_after": -1}),
        ("schedule", {}),
        ("schedule", {"schedule": [[0, 1]]}),
        ("schedule", {"schedule": ["fault"]}),
        ("schedule", {"schedule": [[0, "1", {"status": 500}]]}),
        ("schedule", {"schedule": [[0, 1, {"state": 500}]]}),
        ("schedule", {"schedule": [[0, 1, {"status": 500}], [1, 1, {"status": 500}]]}),
    ],
)
def test_an_invalid_argument_is_explained(
    control: Callable[..., Any], name: str, arguments: dict[str, Any]
) -> None:
    """The response has status 400 and one sentence, and nothing changes."""
    status, response = control("POST", name, **arguments)

    assert status == 400
    assert response["message"].endswith(".")
    assert control("GET", "faults") == (200, {"faults": []})
