"""``sso-plugin credential-process`` beside a sealed login: fast, and never wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from command import environment, run
from issued import exposed
from scenario import log_in
from sealed import configure, expire, own_folder

import sso_plugin

if TYPE_CHECKING:
    from issued import Issued
    from world import World

pytestmark = [pytest.mark.usefixtures("enabled"), pytest.mark.long]

MODULES = """
import sys
from sso_plugin.cli import main
code = main(["credential-process", "--profile", "dev"])
slow = {"boto3", "botocore", "cryptography", "keyring", "sso_plugin.storage.sealing"}
print(*sorted(slow & sys.modules.keys()), file=sys.stderr)
sys.exit(code)
"""


def access_key(**changes: str) -> str:
    """Return the access key that the command prints."""
    done = run("credential-process", "--profile", "dev", **changes)
    assert (done.returncode, done.stderr) == (0, "")
    return str(json.loads(done.stdout)["AccessKeyId"])


def slow_modules(**changes: str) -> list[str]:
    """Return what the command imports that takes time."""
    done = subprocess.run(
        [sys.executable, "-c", MODULES],
        env=environment(**changes),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stderr.split()


def test_with_a_sealed_token_a_warm_call_needs_no_key(sealed: World, issued: Issued) -> None:
    """Role credentials are in a plain file, which the memo names. Nothing slow is imported."""
    configure(sealed, sso_cache="file")
    log_in(sealed, "alice")
    first = access_key()
    assert slow_modules(SSO_PLUGIN_KEY="") == []
    assert access_key(SSO_PLUGIN_KEY="") == first
    assert sealed.count("GetRoleCredentials") == 1
    [role] = sealed.role_files()
    assert exposed(sealed.home, issued) == [str(role.relative_to(sealed.home))]


def test_with_sealed_roles_each_call_opens_them(sealed: World, issued: Issued) -> None:
    """There is no memo: a later call could not read the file without the key."""
    log_in(sealed, "alice")
    assert access_key() == access_key()
    assert "cryptography" in slow_modules()
    assert list(own_folder(sealed).glob("process-*.json")) == []
    assert sealed.count("GetRoleCredentials") == 1
    assert exposed(sealed.home, issued) == []


def test_a_memo_follows_a_plain_login_beside_a_sealed_one(two: World, sealed: World) -> None:
    """The newer login counts, that of the AWS CLI too."""
    configure(sealed, sso_cache="file")
    log_in(sealed, "alice")
    first = access_key()
    assert access_key() == first
    two.sign_in("bob")
    second = access_key()
    assert access_key() == second != first
    log_in(sealed, "alice")
    assert access_key() not in (first, second)


def test_a_memo_does_not_outlive_the_move_of_its_roles(sealed: World, issued: Issued) -> None:
    """They are sealed now: by a renewal, or by a login."""
    configure(sealed, sso_cache="file")
    log_in(sealed, "alice")
    first = access_key()
    configure(sealed)
    assert access_key() == first
    log_in(sealed, "alice")
    assert access_key() != first
    assert exposed(sealed.home, issued) == []


def test_a_logout_ends_a_warm_call(sealed: World) -> None:
    """The sealed token is gone."""
    configure(sealed, sso_cache="file")
    log_in(sealed, "alice")
    access_key()
    sso_plugin.logout("dev")
    done = run("credential-process", "--profile", "dev")
    assert (done.returncode, done.stdout) == (1, "")
    assert "needs a login: it has no access token" in done.stderr


def test_without_the_key_a_missing_credential_is_an_error_that_names_it(sealed: World) -> None:
    """One line, without a prompt."""
    configure(sealed, sso_login="wait")
    log_in(sealed, "alice")
    expire(sealed)
    done = run("credential-process", "--profile", "dev", SSO_PLUGIN_KEY="")
    assert (done.returncode, done.stdout) == (1, "")
    assert "neither SSO_PLUGIN_KEY nor SSO_PLUGIN_KEY_FILE is set" in done.stderr
    assert "Traceback" not in done.stderr
