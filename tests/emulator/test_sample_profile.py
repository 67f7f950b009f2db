"""Profiles for `~/.aws/config`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import botocore.session
import pytest

from sso_plugin.emulator import Account, Emulator, Organization, User

if TYPE_CHECKING:
    from pathlib import Path

PRODUCTION = "1" * 12


def test_stock_botocore_reads_both_kinds_of_profiles(
    sso_emulator: Emulator, sso_home: Path
) -> None:
    """With an sso-session, and legacy."""
    (sso_home / ".aws" / "config").write_text(
        sso_emulator.profile("new", role_name="ReadOnlyAccess")
        + "\n"
        + sso_emulator.profile("default", account_id="2" * 12, legacy=True)
    )

    new = botocore.session.Session(profile="new")
    old = botocore.session.Session()

    assert new.get_scoped_config()["sso_role_name"] == "ReadOnlyAccess"
    assert new.full_config["sso_sessions"]["corp"]["sso_start_url"] == sso_emulator.start_url
    assert old.get_scoped_config()["sso_start_url"] == sso_emulator.start_url
    assert old.get_scoped_config()["sso_account_id"] == "2" * 12
    assert new.create_client("sts").meta.endpoint_url == sso_emulator.url


def test_without_assignments_a_profile_needs_account_and_role() -> None:
    """There is no default."""
    account = Account(PRODUCTION, "production", "production@example.com")
    emulator = Emulator(Organization((User("alice"),), (account,), (), ()))

    assert "sso_role_name = Any" in emulator.profile(account_id=PRODUCTION, role_name="Any")
    with pytest.raises(ValueError, match="no assignments"):
        emulator.profile()
