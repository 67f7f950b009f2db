"""What all sources of the encryption key have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sso_plugin.storage.sealing.environment import EnvironmentKeys
from sso_plugin.storage.sealing.key_file import KeyFile
from sso_plugin.storage.sealing.os_keyring import KeyringKeys

if TYPE_CHECKING:
    from sso_plugin.storage.sealing.key_source import KeySource


def test_what_a_source_does_without_reading_the_keys() -> None:
    """It never raises an error, although no key can be read."""
    own = Path.home()
    sources: list[KeySource] = [EnvironmentKeys(), KeyFile("missing", own), KeyringKeys(own)]
    assert [source.may_ask for source in sources] == [False, False, True]
    assert [source.asks_now() for source in sources] == [False, False, False]
    assert [source.describe() for source in sources] == [
        "the key in SSO_PLUGIN_KEY",
        "the key file missing",
        "the key in the keyring",
    ]
    assert sources[1].mark() is sources[2].mark() is None
