"""Config files for the programs that use an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sso_plugin.commands.chosen_credentials import ChosenCredentials
from sso_plugin.commands.credentials_choice import CredentialsChoice
from sso_plugin.commands.default_files import write_config_files
from sso_plugin.errors import SsoPluginError

if TYPE_CHECKING:
    from pathlib import Path

    from world import World


def test_a_file_that_cannot_be_written_is_an_error(world: World, tmp_path: Path) -> None:
    """It names the file, and is not taken for an error of the command of ``exec``."""
    world.sign_in()
    chosen = ChosenCredentials.of(CredentialsChoice("dev"), {})
    with pytest.raises(SsoPluginError, match=r"missing.config cannot be written: No such file"):
        write_config_files(tmp_path / "missing", chosen)
