"""Our endpoint rules give the same endpoints as those of botocore, for every region."""

from __future__ import annotations

import copy
from itertools import product
from typing import Any

import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError
from stock import IS_OLDER, our_loader, stock_loader

from sso_plugin.models import SERVICES

PARTITIONS = stock_loader().load_data("partitions")

# All regions in both lists of botocore, its pseudo regions, and invalid regions.
REGIONS = sorted(
    {region for partition in PARTITIONS["partitions"] for region in partition["regions"]}
    | {
        region
        for partition in stock_loader().load_data("endpoints")["partitions"]
        for region in partition["regions"]
    }
    | {"fips-us-gov-west-1", "us-east-1-fips", "us-moon-9", "mars-north-1", "", "not a region"}
)
NO_URL = "not a url"
CUSTOM = ["https://sso.example.com", "http://127.0.0.1:8080/base/", NO_URL]


def partitions_that_support(*, fips: bool, dual_stack: bool) -> dict[str, Any]:
    """Return the partitions of botocore, changed so that some endpoints do not exist."""
    data: dict[str, Any] = copy.deepcopy(PARTITIONS)
    for partition in data["partitions"]:
        partition["outputs"] |= {"supportsFIPS": fips, "supportsDualStack": dual_stack}
    return data


KINDS_OF_PARTITIONS = {
    "as they are": PARTITIONS,
    "no FIPS": partitions_that_support(fips=False, dual_stack=True),
    "no dual-stack": partitions_that_support(fips=True, dual_stack=False),
    "neither": partitions_that_support(fips=False, dual_stack=False),
}


def resolve(provider: EndpointProvider, **parameters: object) -> object:
    """Return URL, properties and headers of an endpoint, or the type of the error."""
    try:
        return tuple(provider.resolve_endpoint(**parameters))
    except EndpointProviderError as exc:
        return type(exc)


def is_newer(case: dict[str, Any]) -> bool:
    """Return whether an older botocore resolves this case in another way.

    It ignores a custom endpoint that is not a URL, raises KeyError without a region, and does not
    know that the plain hosts of GovCloud are its FIPS hosts.
    """
    if "Endpoint" in case:
        return bool(case["Endpoint"] == NO_URL)
    region: str | None = case.get("Region")
    only_fips: bool = case["UseFIPS"] and not case["UseDualStack"]
    return region is None or ("us-gov-" in region and only_fips)


def all_cases() -> list[dict[str, Any]]:
    """Return all combinations of parameters. Parameters without a value are left out."""
    names = ("Region", "UseFIPS", "UseDualStack", "Endpoint")
    choices = [None, *REGIONS], [False, True], [False, True], [None, *CUSTOM]
    combinations = (zip(names, values, strict=True) for values in product(*choices))
    return [
        {name: value for name, value in combination if value is not None}
        for combination in combinations
    ]


@pytest.mark.one_quick_case
@pytest.mark.parametrize("partitions", KINDS_OF_PARTITIONS)
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_endpoint_is_that_of_the_stock_rules(service: str, partitions: str) -> None:
    """For each region, FIPS, dual-stack and custom endpoint: the same URL, or an error in both."""
    stock, ours = (
        EndpointProvider(
            loader.load_service_model(service, "endpoint-rule-set-1"),
            KINDS_OF_PARTITIONS[partitions],
        )
        for loader in (stock_loader(), our_loader())
    )
    cases = [case for case in all_cases() if not (IS_OLDER and is_newer(case))]

    different = [case for case in cases if resolve(stock, **case) != resolve(ours, **case)]

    assert different == []


PLAIN: dict[str, bool] = {}
FIPS = {"UseFIPS": True}
DUAL = {"UseDualStack": True}
HOSTS = {"sso": "portal.sso", "sso-oidc": "oidc"}


@pytest.mark.parametrize(
    ("region", "options", "url"),
    [
        ("eu-central-1", PLAIN, "https://{}.eu-central-1.amazonaws.com"),
        ("eu-central-1", FIPS, "https://{}-fips.eu-central-1.amazonaws.com"),
        ("eu-central-1", DUAL, "https://{}.eu-central-1.api.aws"),
        ("eu-central-1", FIPS | DUAL, "https://{}-fips.eu-central-1.api.aws"),
        ("cn-north-1", PLAIN, "https://{}.cn-north-1.amazonaws.com.cn"),
        ("cn-north-1", DUAL, "https://{}.cn-north-1.api.amazonwebservices.com.cn"),
        ("us-gov-west-1", PLAIN, "https://{}.us-gov-west-1.amazonaws.com"),
        ("us-gov-west-1", FIPS, "https://{}.us-gov-west-1.amazonaws.com"),
        ("us-gov-west-1", FIPS | DUAL, "https://{}-fips.us-gov-west-1.api.aws"),
        ("us-iso-east-1", PLAIN, "https://{}.us-iso-east-1.c2s.ic.gov"),
        ("us-iso-east-1", FIPS, "https://{}-fips.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", PLAIN, "https://{}.us-isob-east-1.sc2s.sgov.gov"),
    ],
)
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_the_host_follows_the_partition(
    service: str, region: str, options: dict[str, bool], url: str
) -> None:
    """The URLs are listed here, so that they are tested without a stock model too."""
    rules = our_loader().load_service_model(service, "endpoint-rule-set-1")

    endpoint = EndpointProvider(rules, PARTITIONS).resolve_endpoint(Region=region, **options)

    assert endpoint.url == url.format(HOSTS[service])


@pytest.mark.parametrize(
    ("partitions", "parameters", "message"),
    [
        ("as they are", FIPS | {"Endpoint": CUSTOM[0]}, "cannot be combined with FIPS"),
        ("as they are", DUAL | {"Endpoint": CUSTOM[0]}, "cannot be combined with dual-stack"),
        ("as they are", PLAIN, "no endpoint without a region"),
        ("no FIPS", FIPS | {"Region": "us-east-1"}, "aws has no FIPS endpoints"),
        ("no dual-stack", DUAL | {"Region": "cn-north-1"}, "aws-cn has no dual-stack endpoints"),
    ],
)
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_an_error_has_the_reason(
    service: str, partitions: str, parameters: dict[str, Any], message: str
) -> None:
    """It names the setting that is wrong."""
    rules = our_loader().load_service_model(service, "endpoint-rule-set-1")
    provider = EndpointProvider(rules, KINDS_OF_PARTITIONS[partitions])

    with pytest.raises(EndpointProviderError, match=message):
        provider.resolve_endpoint(**parameters)
