"""The keys that only sso-plugin knows: their values, and the error for an invalid one."""

from __future__ import annotations

from typing import Any

import pytest

from sso_plugin import ConfigError
from sso_plugin.config.options import read_options
from sso_plugin.config.profile import Options, SsoProfile

SESSION = {"sso_start_url": "https://corp.awsapps.com/start", "sso_region": "eu-west-1"}
PROFILE = {"sso_session": "corp", "sso_account_id": "111111111111", "sso_role_name": "Admin"}


def find(profile: dict[str, Any], session: dict[str, Any]) -> SsoProfile | None:
    config = {"profiles": {"dev": profile}, "sso_sessions": {"corp": session}}
    return SsoProfile.find(config, "dev")


def test_all_own_keys_are_read() -> None:
    """Each with another value than its default."""
    profile = find(
        {
            **PROFILE,
            "sso_login": "Device",
            "sso_refresh": "blocking",
            "sso_cache": "memory",
            "sso_requests_per_second": "2.5",
            "sso_use_fips_endpoint": "true",
        },
        SESSION,
    )
    assert profile is not None
    assert profile.options == Options(
        login="device",
        refresh="blocking",
        cache="memory",
        requests_per_second=2.5,
        use_fips_endpoint=True,
    )


def test_the_value_of_the_profile_wins() -> None:
    """The sso-session sets a default for its profiles. A different value is not an error."""
    profile = find({**PROFILE, "sso_cache": "file"}, {**SESSION, "sso_cache": "memory"})
    assert profile is not None
    assert profile.options.cache == "file"


def test_the_defaults_are_those_of_an_empty_profile() -> None:
    """`Options` has them, too: a profile without these keys does not import this module."""
    assert Options(**read_options({}, "the profile")) == Options()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2700", 2700), ("2700s", 2700), (" 45m ", 2700), ("0.75H", 2700), ("0", 0), ("0m", 0)],
)
def test_a_duration_may_have_a_unit(text: str, seconds: float) -> None:
    """Seconds, minutes or hours."""
    read = read_options({"sso_minimum_lifetime": text}, "the profile")
    assert read["minimum_lifetime"] == seconds


ERRORS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        {**PROFILE, "sso_plugin": "maybe"},
        SESSION,
        'The value of sso_plugin in the profile "dev" in ~/.aws/config is "maybe", which is not '
        "valid. Set it to on or off.",
    ),
    (
        {**PROFILE, "sso_login": "yes"},
        SESSION,
        'The value of sso_login in the profile "dev" in ~/.aws/config is "yes", which is not '
        "valid. Set it to never, auto, browser, device or wait.",
    ),
    (
        {**PROFILE, "sso_refresh": ""},
        SESSION,
        'The value of sso_refresh in the profile "dev" in ~/.aws/config is "", which is not '
        "valid. Set it to background or blocking.",
    ),
    (
        {**PROFILE, "sso_cache": {"file": "x"}},
        SESSION,
        'The value of sso_cache in the profile "dev" in ~/.aws/config is a nested section, which '
        "is not valid. Set it to one line of text.",
    ),
    (
        {**PROFILE, "sso_requests_per_second": "0"},
        SESSION,
        'The value of sso_requests_per_second in the profile "dev" in ~/.aws/config is "0", which '
        "is not valid. Set it to a number above 0.",
    ),
    *(
        (
            {**PROFILE, "sso_minimum_lifetime": value},
            SESSION,
            'The value of sso_minimum_lifetime in the profile "dev" in ~/.aws/config is '
            f'"{value}", which is not valid. Set it to a number of seconds, or a time '
            "such as 45m or 1h.",
        )
        for value in ("soon", "-5m", "m", "nan", "")
    ),
    (
        {**PROFILE, "sso_login_timeout": "0"},
        SESSION,
        'The value of sso_login_timeout in the profile "dev" in ~/.aws/config is "0", which is not '
        "valid. Set it to a number of seconds, or a time such as 45m or 1h.",
    ),
    (
        {**PROFILE, "sso_warn_before": "early"},
        SESSION,
        'The value of sso_warn_before in the profile "dev" in ~/.aws/config is "early", which is '
        "not valid. Set it to a number of seconds, or a time such as 45m or 1h.",
    ),
    (
        {**PROFILE, "sso_notify": "curl -H 'X-Token: secret"},
        SESSION,
        'The value of sso_notify in the profile "dev" in ~/.aws/config is a command line with an '
        "open quote or a backslash at its end, which is not valid. Set it to a complete command "
        "line.",
    ),
    (
        {**PROFILE, "sso_key": "file:key"},
        SESSION,
        'The value of sso_key in the profile "dev" in ~/.aws/config is "file:key", which is not '
        "valid. Set it to keyring, env or file:PATH, where PATH is absolute.",
    ),
    (
        {**PROFILE, "sso_key": "hush"},
        SESSION,
        'The value of sso_key in the profile "dev" in ~/.aws/config is "..." (hidden: it may be a '
        "key), which is not valid. Set it to keyring, env or file:PATH, where PATH is absolute.",
    ),
    (
        {**PROFILE, "sso_use_fips_endpoint": "1"},
        SESSION,
        'The value of sso_use_fips_endpoint in the profile "dev" in ~/.aws/config is "1", which '
        "is not valid. Set it to false or true.",
    ),
]


@pytest.mark.parametrize(("profile", "session", "message"), ERRORS)
def test_an_error_names_the_key_the_value_and_the_valid_values(
    profile: dict[str, Any], session: dict[str, Any], message: str
) -> None:
    """And the profile and its file."""
    with pytest.raises(ConfigError) as caught:
        find(profile, session)
    assert str(caught.value) == message
