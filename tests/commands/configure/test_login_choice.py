"""Which sso-session the profiles use, and errors for invalid options."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from botocore.configloader import load_config
from configure_support import PROFILES, write

from sso_plugin import ConfigError
from sso_plugin.commands.configure.login_choice import new_login

if TYPE_CHECKING:
    from pathlib import Path

    from world import World


def test_a_new_sso_session_is_written_too(world: World) -> None:
    """A name, a start URL and a region are all that is needed."""
    world.config_file.unlink()
    world.sign_in(name="mine")
    write(sso_session="mine", start_url=world.emulator.start_url, sso_region="eu-central-1")
    parsed = load_config(str(world.config_file))
    assert parsed["sso_sessions"] == {
        "mine": {
            "sso_start_url": world.emulator.start_url,
            "sso_region": "eu-central-1",
            "sso_registration_scopes": "sso:account:access",
        }
    }
    assert sorted(parsed["profiles"]) == PROFILES
    assert stat.S_IMODE(world.config_file.stat().st_mode) == 0o600


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"sso_session": "crp"},
            'There is no sso-session "crp" in the config file. Available: corp. '
            "To create it, add --start-url and --sso-region.",
        ),
        ({"sso_session": "a b"}, '"a b" is not a valid name for an sso-session'),
        (
            {"sso_session": "n", "start_url": "x", "sso_region": "eu-central-1"},
            '"x" is not a valid start URL',
        ),
        *(
            (
                {"sso_session": "n", "start_url": url, "sso_region": "eu-central-1"},
                "is not a valid start URL",
            )
            for url in ("http://x.example/", "https://[x/", "https://a@b/", "https://x\n[y]")
        ),
        (
            {"sso_session": "n", "start_url": "https://x", "sso_region": "x\n[y]"},
            "is not a valid region",
        ),
        ({"start_url": "https://other"}, "has https://example.awsapps.com/start, not https://o"),
    ],
)
def test_invalid_options_are_refused(
    config_file: Path, options: dict[str, str], sentence: str
) -> None:
    """The error is one sentence with a fix, and nothing is written."""
    before = config_file.read_bytes()
    with pytest.raises(ConfigError) as caught:
        write(**options)
    assert sentence in str(caught.value)
    assert config_file.read_bytes() == before


def test_messages_about_a_new_login_name_commands_that_work() -> None:
    """No command finds it in the config file yet."""
    login = new_login("my", "https://x.example/start", "eu-west-1")
    words = "--start-url https://x.example/start --sso-region eu-west-1"
    assert login.login_command == f"sso-plugin configure --sso-session my {words}"
    assert login.doctor_command == f"sso-plugin doctor {words}"
