"""Which profiles sso-plugin serves."""

from __future__ import annotations

from typing import Any

import pytest
from configs import OURS, STANDARD, configs, values, words
from hypothesis import given
from property_tests import SEARCH

from sso_plugin.config import has_sso_keys, is_served

SESSION = {"sso_start_url": "https://corp.awsapps.com/start", "sso_region": "eu-west-1"}
PROFILE = {"sso_session": "corp", "sso_account_id": "111111111111", "sso_role_name": "Admin"}


@pytest.mark.parametrize(
    ("profile", "session", "served"),
    [
        (PROFILE, SESSION, True),
        ({}, None, False),
        ({**PROFILE, "sso_plugin": "off"}, SESSION, False),
        ({**PROFILE, "sso_plugin": " OFF"}, SESSION, False),
        (PROFILE, {**SESSION, "sso_plugin": "off"}, False),
        ({**PROFILE, "sso_plugin": "on"}, {**SESSION, "sso_plugin": "off"}, True),
        ({**PROFILE, "sso_plugin": "maybe"}, SESSION, True),
        ({"sso_session": "gone"}, None, True),
    ],
)
def test_a_profile_with_sso_keys_is_served_unless_sso_plugin_is_off(
    profile: dict[str, Any], session: dict[str, Any] | None, *, served: bool
) -> None:
    """Off in the profile or its session leaves it to botocore; a wrong value is ours to refuse."""
    sessions = {} if session is None else {"corp": session}
    assert is_served({"profiles": {"dev": profile}, "sso_sessions": sessions}, "dev") is served


@pytest.mark.parametrize("name", [None, {"a": "b"}, 5])
def test_an_invalid_name_of_an_sso_session_does_not_turn_the_plugin_off(name: object) -> None:
    """Also if a section has the name that Python writes for the value."""
    section = {"sso_start_url": "https://example.awsapps.com/start", "sso_session": name}
    config = {"profiles": {"dev": section}, "sso_sessions": {str(name): {"sso_plugin": "off"}}}
    assert is_served(config, "dev")


@pytest.mark.long
@SEARCH
@given(configs(STANDARD + OURS, values), words)
def test_any_config_gives_an_answer(config: Any, name: str) -> None:
    """Each new session asks, so this never fails. A profile without SSO keys is never served."""
    section = config.get("profiles", {}).get(name, {})
    switch = section.get("sso_plugin")
    if not has_sso_keys(section):
        assert not is_served(config, name)
    elif switch is not None:
        assert is_served(config, name) == (str(switch).strip().lower() != "off")
    else:
        session = config.get("sso_sessions", {}).get(str(section.get("sso_session")), {})
        off = str(session.get("sso_plugin", "on")).strip().lower() == "off"
        assert is_served(config, name) or off
