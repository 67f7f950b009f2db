"""Profiles: which settings are read, and the message of each error."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from botocore.credentials import SSOProvider
from botocore.exceptions import InvalidConfigError
from configs import OURS, ROLE, STANDARD, configs, texts, values, words
from hypothesis import given
from hypothesis import strategies as st
from property_tests import SEARCH

from sso_plugin import ConfigError
from sso_plugin.config.profile import SsoProfile

SESSION = {"sso_start_url": "https://corp.awsapps.com/start", "sso_region": "eu-west-1"}
PROFILE = {"sso_session": "corp", "sso_account_id": "111111111111", "sso_role_name": "Admin"}


def find(
    profile: dict[str, Any], session: dict[str, Any] | None = None, name: str = "dev"
) -> SsoProfile | None:
    sessions = {} if session is None else {"corp": session}
    return SsoProfile.find(
        {"profiles": {name: profile}, "sso_sessions": sessions}, name, "~/.aws/config"
    )


def test_start_url_and_region_come_from_the_sso_session() -> None:
    """The AWS CLI writes this form since 2022."""
    assert find(PROFILE, SESSION) == SsoProfile(
        name="dev",
        start_url="https://corp.awsapps.com/start",
        region="eu-west-1",
        session_name="corp",
        account_id="111111111111",
        role_name="Admin",
    )


def test_a_legacy_profile_has_its_own_start_url() -> None:
    """The older form has no sso-session, and so no refresh token."""
    profile = find({**SESSION, "sso_account_id": "1", "sso_role_name": "Admin"})
    assert profile is not None
    assert (profile.session_name, profile.start_url) == (None, SESSION["sso_start_url"])


def test_a_profile_without_a_role_is_valid() -> None:
    """Bearer tokens and the sso client need no role."""
    profile = find({"sso_session": "corp"}, SESSION)
    assert profile is not None
    assert (profile.account_id, profile.role_name) == (None, None)


@pytest.mark.parametrize("profile", [{}, {"region": "eu-west-1"}, {"role_arn": "arn:aws:iam::1:x"}])
def test_a_profile_without_sso_keys_is_not_found(profile: dict[str, str]) -> None:
    """It is not validated."""
    assert find(profile) is None


def test_a_profile_that_does_not_exist_is_not_found() -> None:
    """Botocore reports it."""
    assert SsoProfile.find({"profiles": {}}, "gone") is None


def test_scopes_are_read_from_the_session() -> None:
    """``sso_registration_scopes`` is a comma-separated list."""
    profile = find(PROFILE, {**SESSION, "sso_registration_scopes": "sso:account:access, q:x"})
    assert profile is not None
    assert profile.registration_scopes == ("sso:account:access", "q:x")


ERRORS: list[tuple[dict[str, Any], dict[str, Any] | None, str]] = [
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
]


@pytest.mark.parametrize(("profile", "session", "message"), ERRORS)
def test_an_error_names_key_profile_and_file_and_how_to_fix_it(
    profile: dict[str, Any], session: dict[str, Any] | None, message: str
) -> None:
    """It has the class of botocore's error."""
    with pytest.raises(ConfigError) as caught:
        find(profile, session)
    assert str(caught.value) == message
    assert isinstance(caught.value, InvalidConfigError)


@pytest.mark.long
@SEARCH
@given(configs(STANDARD + OURS, values), words | texts)
def test_any_config_is_read_or_is_a_config_error(config: Any, name: str) -> None:
    """Also nested sections. The message names the profile."""
    found = our_config(config, name)
    if isinstance(found, ConfigError):
        assert name in str(found)
    else:
        assert found is None or (found.start_url and found.region)


def stock_config(config: Any, name: str) -> Any:
    """Return the settings that botocore's own provider reads, or its error."""
    provider: Any = SSOProvider(lambda: config, client_creator=mock.Mock(), profile_name=name)
    try:
        return provider._load_sso_config()
    except InvalidConfigError as exc:
        return exc


def our_config(config: Any, name: str) -> Any:
    try:
        return SsoProfile.find(config, name)
    except ConfigError as exc:
        return exc


# For botocore, a key without a value has a value; the portal refuses it later.
filled = texts.map(str.strip).filter(bool)


@pytest.mark.long
@SEARCH
@given(configs(STANDARD, filled), st.sampled_from(["dev", "corp"]))
def test_a_profile_with_a_role_is_valid_if_botocore_accepts_it(config: Any, name: str) -> None:
    """With the same values. A profile without a role has a login, which botocore ignores here."""
    stock, ours = stock_config(config, name), our_config(config, name)
    if stock is None:
        assert ours is None or isinstance(ours, ConfigError) or ours.role_name is None
    elif isinstance(stock, InvalidConfigError):
        assert isinstance(ours, ConfigError)
    else:
        assert (ours.start_url, ours.region) == (stock["sso_start_url"], stock["sso_region"])
        assert (ours.account_id, ours.role_name) == tuple(stock[key] for key in ROLE)
        assert ours.session_name == stock.get("sso_session")
