"""Profiles: what is read, and what each complaint says."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import InvalidConfigError

from sso_plugin import ConfigError
from sso_plugin.config import is_served
from sso_plugin.config.profile import Options, SsoProfile

SESSION = {"sso_start_url": "https://corp.awsapps.com/start", "sso_region": "eu-west-1"}
PROFILE = {"sso_session": "corp", "sso_account_id": "111111111111", "sso_role_name": "Admin"}


def find(
    profile: dict[str, Any], session: dict[str, Any] | None = None, name: str = "dev"
) -> SsoProfile | None:
    sessions = {} if session is None else {"corp": session}
    return SsoProfile.find(
        {"profiles": {name: profile}, "sso_sessions": sessions}, name, "~/.aws/config"
    )


def test_a_profile_takes_its_portal_from_its_session() -> None:
    """The form that the AWS CLI has written since 2022."""
    assert find(PROFILE, SESSION) == SsoProfile(
        name="dev",
        start_url="https://corp.awsapps.com/start",
        region="eu-west-1",
        session_name="corp",
        account_id="111111111111",
        role_name="Admin",
    )


def test_a_legacy_profile_holds_its_portal_itself() -> None:
    """The older form has no session, and so no refresh token."""
    profile = find({**SESSION, "sso_account_id": "1", "sso_role_name": "Admin"})
    assert profile is not None
    assert (profile.session_name, profile.start_url) == (None, SESSION["sso_start_url"])


def test_a_profile_without_a_role_is_a_login_only() -> None:
    """Bearer tokens and the sso client need no role."""
    profile = find({"sso_session": "corp"}, SESSION)
    assert profile is not None
    assert (profile.account_id, profile.role_name) == (None, None)


@pytest.mark.parametrize("profile", [{}, {"region": "eu-west-1"}, {"role_arn": "arn:aws:iam::1:x"}])
def test_a_profile_without_sso_keys_is_none_of_ours(profile: dict[str, str]) -> None:
    """It is not even validated."""
    assert find(profile) is None


def test_a_profile_that_does_not_exist_is_none_of_ours() -> None:
    """Where it matters, botocore itself says so."""
    assert SsoProfile.find({"profiles": {}}, "gone") is None


def test_scopes_are_read_from_the_session() -> None:
    """``sso_registration_scopes`` is a comma-separated list."""
    profile = find(PROFILE, {**SESSION, "sso_registration_scopes": "sso:account:access, q:x"})
    assert profile is not None
    assert profile.registration_scopes == ("sso:account:access", "q:x")


def test_our_own_keys_are_read() -> None:
    """Each key of ours, set to what is not its default."""
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


def test_the_profile_wins_over_its_session_for_our_own_keys() -> None:
    """A session sets a default for its profiles; contradicting it is no error."""
    profile = find({**PROFILE, "sso_cache": "file"}, {**SESSION, "sso_cache": "memory"})
    assert profile is not None
    assert profile.options.cache == "file"


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
def test_a_profile_is_served_unless_it_is_off(
    profile: dict[str, Any], session: dict[str, Any] | None, *, served: bool
) -> None:
    """Off in the profile or its session leaves it to botocore; a wrong value is ours to refuse."""
    sessions = {} if session is None else {"corp": session}
    assert is_served({"profiles": {"dev": profile}, "sso_sessions": sessions}, "dev") is served


COMPLAINTS: list[tuple[dict[str, Any], dict[str, Any] | None, str]] = [
    (
        PROFILE,
        None,
        'The specified sso-session does not exist: "corp", which the profile "dev" in '
        "~/.aws/config uses. Add a section [sso-session corp] with sso_start_url and sso_region to "
        "that file.",
    ),
    (
        {"sso_session": "corp", "sso_account_id": "1"},
        SESSION,
        'The profile "dev" is configured to use SSO but is missing required configuration: '
        'sso_role_name. Add it to the profile "dev" in ~/.aws/config.',
    ),
    (
        PROFILE,
        {"sso_start_url": "https://corp.awsapps.com/start"},
        'The profile "dev" is configured to use SSO but is missing required configuration: '
        'sso_region. Add it to the profile "dev" in ~/.aws/config (sso_start_url and sso_region: '
        "to [sso-session corp]).",
    ),
    (
        {"sso_role_name": "Admin", "sso_start_url": ""},
        None,
        'The profile "dev" is configured to use SSO but is missing required configuration: '
        "sso_account_id, sso_start_url, sso_region. Add them to the profile "
        '"dev" in ~/.aws/config.',
    ),
    (
        {**PROFILE, "sso_region": "us-east-1"},
        SESSION,
        "The value for sso_region is inconsistent between profile (us-east-1) and sso-session "
        '(eu-west-1). Remove sso_region from the profile "dev" in ~/.aws/config, or make both '
        "the same.",
    ),
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
        "valid. Set it to never, auto, browser or device.",
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
        {**PROFILE, "sso_use_fips_endpoint": "1"},
        SESSION,
        'The value of sso_use_fips_endpoint in the profile "dev" in ~/.aws/config is "1", which '
        "is not valid. Set it to false or true.",
    ),
]


@pytest.mark.parametrize(("profile", "session", "message"), COMPLAINTS)
def test_each_complaint_is_one_sentence_and_its_mend(
    profile: dict[str, Any], session: dict[str, Any] | None, message: str
) -> None:
    """Key, profile, file, and what to do; and the type that botocore raises."""
    with pytest.raises(ConfigError) as caught:
        find(profile, session)
    assert str(caught.value) == message
    assert isinstance(caught.value, InvalidConfigError)


@pytest.mark.parametrize("name", [None, {"a": "b"}, 5])
def test_a_session_that_is_not_named_by_a_text_switches_nothing_off(name: object) -> None:
    """Also where a section has the name that Python writes for it."""
    section = {"sso_start_url": "https://example.awsapps.com/start", "sso_session": name}
    config = {"profiles": {"dev": section}, "sso_sessions": {str(name): {"sso_plugin": "off"}}}
    assert is_served(config, "dev")
