"""The names of regions."""

from __future__ import annotations

import botocore.session
import pytest

from sso_plugin.commands.region_names import region_fault, similar_regions


def test_each_region_of_botocore_has_the_form_of_one() -> None:
    """In all partitions, and those that stand for no region, such as aws-global."""
    session = botocore.session.Session()
    known = {
        region
        for partition in session.get_available_partitions()
        for service in ("ec2", "iam", "s3", "sts")
        for region in session.get_available_regions(service, partition, allow_non_regional=True)
    }
    assert len(known) > 40
    faults = {region for region in known if region_fault(region)}
    assert {each for each in faults if "fips" not in each and "-1" in each} <= {"s3-external-1"}


@pytest.mark.parametrize(
    ("text", "similar"),
    [("eu-centrl", "eu-central-"), ("EU-CENTRAL-1", "eu-central-1"), ("", ""), ("a\nb", "")],
)
def test_another_text_gets_similar_names(text: str, similar: str) -> None:
    """Otherwise an example. The message is one line."""
    fault = region_fault(text)
    assert fault is not None
    assert f"is not a valid region. Use one such as {similar or 'eu-central-1.'}" in fault
    assert "\n" not in fault


def test_a_region_that_botocore_knows_is_not_mistyped() -> None:
    """Even if others have similar names."""
    assert similar_regions("eu-west-1") == []
    assert "us-east-1" in similar_regions("us-eats-1")
    assert similar_regions("xx-nowhere-7") == []
