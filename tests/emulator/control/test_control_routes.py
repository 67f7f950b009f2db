"""All control requests: they are neither logged nor affected by faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sso_plugin.emulator.control.control_routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sso_plugin.emulator import Emulator


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _ in ROUTES])
def test_no_control_request_is_logged(
    ask: Callable[..., tuple[int, str]], sso_emulator: Emulator, method: str, path: str
) -> None:
    """Also if its arguments are missing."""
    status, _ = ask(method, path, {} if method != "GET" else None)

    assert status in {200, 400}
    assert sso_emulator.requests.count() == 0


def test_faults_do_not_affect_control_requests(
    control: Callable[..., Any], sso_emulator: Emulator
) -> None:
    """Otherwise a test could not clear them."""
    sso_emulator.faults.add(status=500)

    assert control("DELETE", "faults") == (200, {})
