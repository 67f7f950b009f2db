"""Clock and settings over HTTP."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator


def test_another_process_can_advance_the_clock(sso_emulator: Emulator) -> None:
    """HTTP is enough."""
    script = (
        "import sys, urllib.request as r;"
        "r.urlopen(r.Request(sys.argv[1] + '/_emulator/clock', b'{\"advance\": 3600}'))"
    )
    before = sso_emulator.clock.now()

    subprocess.run([sys.executable, "-c", script, sso_emulator.url], check=True)

    assert sso_emulator.clock.now() >= before + 3600


def test_settings_change_all_or_none(control: Callable[..., Any], sso_emulator: Emulator) -> None:
    """An invalid value leaves all settings as they were."""
    assert control("PATCH", "settings", page_size=7)[1]["page_size"] == 7

    status, response = control("PATCH", "settings", access_token=5, page_size=0)

    assert (status, response["message"]) == (
        400,
        "Setting 'page_size': must be 1 to 100, not 0.",
    )
    assert sso_emulator.settings.access_token == 8 * 3600
    assert control("GET", "settings")[1] == sso_emulator.settings.as_dict()
