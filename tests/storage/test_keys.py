"""The names of files: the AWS CLI's for tokens and credentials, and our own."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.credentials import SSOCredentialFetcher
from botocore.session import Session
from botocore.utils import SSOTokenLoader
from caches import file_cache

import sso_plugin
from sso_plugin.config.profile import SsoProfile
from sso_plugin.storage.keys import (
    OWN_KINDS,
    budget_key,
    own_key,
    portal_key,
    process_key,
    registration_key,
    role_key,
    token_key,
)

if TYPE_CHECKING:
    from world import World

URL = "https://corp.awsapps.com/start"
REGION = "eu-central-1"
ACCOUNT = "111111111111"
SESSION = SsoProfile("dev", URL, REGION, session_name="corp", role_name="Admin")
LEGACY = SsoProfile("dev", URL, REGION, role_name="Admin")
PROFILES = pytest.mark.parametrize("profile", [SESSION, LEGACY], ids=["session", "legacy"])


@PROFILES
def test_a_token_has_the_name_that_botocore_gives_to_it(profile: SsoProfile) -> None:
    """By the sso-session, or by the start URL of a legacy profile."""
    loader: Any = SSOTokenLoader()
    assert token_key(profile) == loader._generate_cache_key(URL, profile.session_name)


@PROFILES
def test_role_credentials_have_the_name_that_botocore_gives_to_them(profile: SsoProfile) -> None:
    """By account, role, and sso-session or start URL."""
    fetcher: Any = SSOCredentialFetcher(
        URL,
        REGION,
        "Admin",
        ACCOUNT,
        Session().create_client,
        sso_session_name=profile.session_name,
    )
    assert role_key(profile, ACCOUNT) == fetcher._create_cache_key()


@PROFILES
def test_a_registration_has_the_name_that_the_aws_cli_gives_to_it(profile: SsoProfile) -> None:
    """See SSOTokenFetcher in awscli/botocore/utils.py of the AWS CLI, version 2."""
    parts = {
        "tool": "botocore",
        "startUrl": URL,
        "region": REGION,
        "scopes": list(profile.registration_scopes),
        "session_name": profile.session_name,
    }
    expected = hashlib.sha1(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    assert registration_key(profile) == expected


def test_the_name_of_our_own_file_begins_with_its_kind() -> None:
    """A kind that is not listed is an error."""
    assert {own_key(kind, "x") for kind in OWN_KINDS} == {f"{kind}-x" for kind in OWN_KINDS}
    with pytest.raises(KeyError):
        own_key("other", "x")


def test_each_own_key_has_a_listed_kind() -> None:
    """The functions that make one agree with the list."""
    keys = {budget_key(SESSION), portal_key(SESSION), process_key("dev")}
    assert {key.partition("-")[0] for key in keys} == {"budget", "portal", "process"}


def test_every_kind_is_used_in_the_package_and_no_other() -> None:
    """The list has all files of our own folder."""
    package = Path(sso_plugin.__file__).parent
    sources = "".join(path.read_text("utf-8") for path in package.rglob("*.py"))
    assert set(re.findall(r'own_key\("(\w+)"', sources)) == set(OWN_KINDS)


def test_the_budget_depends_on_portal_and_region_only() -> None:
    """All profiles of a portal share it."""
    other = SsoProfile("prod", URL, REGION, role_name="ReadOnly")
    assert budget_key(SESSION) == budget_key(LEGACY) == budget_key(other)
    assert budget_key(SESSION) != budget_key(SsoProfile("dev", URL, "us-east-1"))
    assert portal_key(SESSION) == portal_key(SsoProfile("dev", URL, "us-east-1"))


@pytest.mark.parametrize("name", ["dev", "my profile/../x", "\udcff", "\u682a", ""])
def test_any_profile_name_makes_a_valid_file_name(tmp_path: Path, name: str) -> None:
    """Two names never have the same file."""
    assert Path(file_cache(tmp_path).describe(process_key(name))).parent == tmp_path
    assert process_key(name) != process_key(f"{name}x")


def test_a_script_creates_files_of_listed_names_only(world: World) -> None:
    """In all folders below ``~/.aws``."""
    signed_in = world.sign_in()
    assert signed_in
    sso_plugin.enable()
    boto3.Session(profile_name="dev").client("sts").get_caller_identity()
    aws = world.home / ".aws"
    profile = SsoProfile.of(boto3.Session(profile_name="dev")._session)
    assert profile is not None
    assert [path.stem for path in (aws / "sso/cache").glob("*.json")] == [token_key(profile)]
    roles = [path.stem for path in (aws / "cli/cache").glob("*.json")]
    assert roles == [role_key(profile, ACCOUNT)]
    kinds = {path.name.partition("-")[0] for path in (aws / "sso-plugin").iterdir()}
    assert kinds <= set(OWN_KINDS)
