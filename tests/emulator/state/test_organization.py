"""Organizations from Python."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sso_plugin.emulator import Organization


def test_a_generated_organization_has_the_given_number_of_accounts() -> None:
    """Each has its own id and every role."""
    organization = Organization.generated(1000, roles=("Admin",))

    assert len({each.account_id for each in organization.accounts}) == 1000
    assert len(organization.assignments) == 1000
    assert all(len(each.account_id) == 12 for each in organization.accounts)


@pytest.mark.parametrize("ending", ["", "/", "#", "/#", "/#/"])
def test_the_end_of_a_start_url_does_not_matter(ending: str) -> None:
    """The AWS CLI and browsers write it in several ways."""
    organization = Organization.example()

    assert organization.has_start_url(organization.start_url + ending)
    assert not organization.has_start_url(organization.start_url + "er" + ending)


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_a_region_has_a_partition(region: str, partition: str) -> None:
    """ARNs contain it."""
    assert replace(Organization.example(), region=region).partition == partition
