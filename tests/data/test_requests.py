"""A client made from our model sends and refuses to send what the stock client does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ParamValidationError
from stock import (
    IS_OLDER,
    MODELS,
    OPERATIONS,
    Client,
    Pair,
    call,
    example_for,
    make_pair,
    make_slim_data,
    outcome,
)

from sso_plugin.models import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from botocore.awsrequest import AWSPreparedRequest

Node = dict[str, Any]

every_operation = pytest.mark.parametrize(("service", "operation"), OPERATIONS)

# What is different in every request, or says which botocore sent it.
VOLATILE = {"User-Agent", "X-Amz-Date", "amz-sdk-invocation-id", "amz-sdk-request"}


class SentError(Exception):
    """Stops a request on the doorstep."""

    def __init__(self, request: AWSPreparedRequest) -> None:
        super().__init__()
        self.request = request


def stop(request: AWSPreparedRequest, **_: object) -> None:
    """Let no request leave this machine."""
    raise SentError(request)


def stopped(pair: Pair) -> Pair:
    """Stop all that two clients would send."""
    for client in pair:
        client.meta.events.register("before-send", stop)
    return pair


@pytest.fixture(scope="module")
def slim_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make botocore's data folder without our services."""
    return make_slim_data(tmp_path_factory.mktemp("slim") / "data")


@pytest.fixture(scope="module")
def pairs(slim_data: Path) -> dict[str, Pair]:
    """Make both clients of both services; none of them gets through to anybody."""
    return {name: stopped(make_pair(slim_data, name)) for name in SERVICES}


def sent(client: Client, operation: str, parameters: Node) -> Node:
    """Tell all that a request would have carried, but for what differs from call to call."""
    with pytest.raises(SentError) as caught:
        call(client, operation, parameters)

    request = caught.value.request
    headers = {key: value for key, value in request.headers.items() if key not in VOLATILE}
    signature = str(headers.pop("Authorization", "")).partition("Signature=")[0]
    return {
        "method": request.method,
        "url": request.url,
        "headers": headers,
        "body": request.body,
        "signature": signature,
    }


@every_operation
def test_the_request_is_the_same(pairs: dict[str, Pair], service: str, operation: str) -> None:
    """With every parameter given: same host, path, query, headers, body and signing scope."""
    stock, ours = (
        sent(client, operation, example_for(service, operation)) for client in pairs[service]
    )

    assert ours == stock


@every_operation
def test_only_create_token_with_iam_is_signed(
    pairs: dict[str, Pair], service: str, operation: str
) -> None:
    """All others carry their own proof, and are sent without AWS credentials."""
    request = sent(pairs[service].ours, operation, example_for(service, operation))

    assert bool(request["signature"]) == (operation == "CreateTokenWithIAM")


@every_operation
def test_a_presigned_url_is_the_same(pairs: dict[str, Pair], service: str, operation: str) -> None:
    """The portal's URLs carry the query, the scope and the headers to sign."""
    if IS_OLDER and service == "sso-oidc":
        pytest.skip("its signing name has changed since this botocore")

    stock, ours = (presigned(client, service, operation) for client in pairs[service])

    assert ours == stock


def presigned(client: Client, service: str, operation: str) -> Node:
    """Take a presigned URL apart, without its time and the signature made of it."""
    methods = {name: method for method, name in client.meta.method_to_api_mapping.items()}
    url = client.generate_presigned_url(methods[operation], example_for(service, operation))
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    assert query.pop("X-Amz-Signature")
    assert query.pop("X-Amz-Date")
    return {"host": parts.netloc, "path": parts.path, "query": query}


def bad_inputs(good: Node) -> Iterator[Node]:
    """Make inputs with one thing wrong: all missing, one unknown, one of the wrong type or size."""
    yield {}
    yield good | {"surprise": 1}
    for name, value in good.items():
        yield {key: good[key] for key in good if key != name}
        yield good | {name: None}
        yield good | {name: {"not": "this"}}
        yield good | {name: [value, 3.5]}
        yield good | {name: 0}


@every_operation
def test_the_same_input_is_refused_in_the_same_words(
    pairs: dict[str, Pair], service: str, operation: str
) -> None:
    """Validation before the call says the same about whatever is wrong."""
    if IS_OLDER and service == "sso-oidc":
        pytest.skip("we know more parameters than this botocore")

    refused = 0
    for bad in bad_inputs(example_for(service, operation)):
        stock, ours = (validated(client, operation, bad) for client in pairs[service])
        refused += stock is not None
        assert ours == stock

    assert refused > len(example_for(service, operation))


def validated(client: Client, operation: str, parameters: Node) -> str | None:
    """Tell how a client words its refusal of an input; None if it would send it."""
    try:
        call(client, operation, parameters)
    except ParamValidationError as refusal:
        return str(refusal)
    except SentError:
        return None
    raise AssertionError("neither sent nor refused")


@pytest.mark.parametrize(
    ("region", "options"),
    [
        ("eu-central-1", {}),
        ("us-gov-west-1", {"use_dualstack_endpoint": True}),
        ("us-iso-east-1", {"use_fips_endpoint": True}),
        ("cn-north-1", {}),
    ],
)
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_the_configured_endpoint_is_the_same(
    slim_data: Path, service: str, region: str, options: Node
) -> None:
    """Region, FIPS and dual-stack reach our rules through the client as they reach botocore's."""
    pair = stopped(make_pair(slim_data, service, region_name=region, config=Config(**options)))
    operation = next(iter(MODELS[service]["operations"]))

    stock, ours = (sent(client, operation, example_for(service, operation)) for client in pair)

    assert region in ours["url"]
    assert ours["url"] == stock["url"]


@pytest.mark.parametrize("option", ["AWS::UseFIPS", "AWS::UseDualStack"])
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_an_impossible_endpoint_raises_the_same_exception(
    slim_data: Path, service: str, option: str
) -> None:
    """FIPS or dual-stack with a custom endpoint is refused by both; only the words are ours.

    A client by itself drops such a wish before it gets to the rules, so a handler insists.
    """
    pair = stopped(make_pair(slim_data, service, endpoint_url="https://sso.invalid"))
    operation = next(iter(MODELS[service]["operations"]))
    for client in pair:
        client.meta.events.register(
            "before-endpoint-resolution", lambda builtins, **_: builtins.update({option: True})
        )

    stock, ours = (outcome(client, operation, example_for(service, operation)) for client in pair)

    assert ours[0] is stock[0]
    assert "cannot be combined" in str(ours[1])
