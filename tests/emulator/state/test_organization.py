"""Organizations from Python."""

from __future__ import annotations

from sso_plugin.emulator import Organization


def test_a_generated_organization_has_the_given_number_of_accounts() -> None:
    """Each has its own id and every role."""
    organization = Organization.generated(1000, roles=("Admin",))

    assert len({each.account_id for each in organization.accounts}) == 1000
    assert len(organization.assignments) == 1000
    assert all(len(each.account_id) == 12 for each in organization.accounts)
