"""A client with our model sends the same requests, and rejects the same input."""

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
    outcome,
)

from sso_plugin.models import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from botocore.awsrequest import AWSPreparedRequest

Node = dict[str, Any]

every_operation = pytest.mark.parametrize(("service", "operation"), OPERATIONS)

# Headers that are different in every request, or depend on the version of botocore.
VOLATILE = {"User-Agent", "X-Amz-Date", "amz-sdk-invocation-id", "amz-sdk-request"}


class SentError(Exception):
    """Raised instead of sending a request."""

    def __init__(self, request: AWSPreparedRequest) -> None:
        super().__init__()
        self.request = request


def stop(request: AWSPreparedRequest, **_: object) -> None:
    """Raise the request instead of sending it."""
    raise SentError(request)


def without_network(pair: Pair) -> Pair:
    """Return two clients that send nothing."""
    for client in pair:
        client.meta.events.register("before-send", stop)
    return pair


@pytest.fixture(scope="module")
def pairs(slim_data: Path) -> dict[str, Pair]:
    """Return both clients of both services. They send nothing."""
    return {name: without_network(make_pair(slim_data, name)) for name in SERVICES}


def sent(client: Client, operation: str, parameters: Node) -> Node:
    """Return a request as it would be sent, without what is different in every call."""
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
    """With all parameters: host, path, query, headers, body and signing scope."""
    stock, ours = (
        sent(client, operation, example_for(service, operation)) for client in pairs[service]
    )

    assert ours == stock


@every_operation
def test_only_create_token_with_iam_is_signed(
    pairs: dict[str, Pair], service: str, operation: str
) -> None:
    """All others have a token or a secret of their own, and need no AWS credentials."""
    request = sent(pairs[service].ours, operation, example_for(service, operation))

    assert bool(request["signature"]) == (operation == "CreateTokenWithIAM")


@every_operation
def test_a_presigned_url_is_the_same(pairs: dict[str, Pair], service: str, operation: str) -> None:
    """Host, path and query, without date and signature."""
    if IS_OLDER and service == "sso-oidc":
        pytest.skip("this botocore has an older signing name")

    stock, ours = (presigned(client, service, operation) for client in pairs[service])

    assert ours == stock


def presigned(client: Client, service: str, operation: str) -> Node:
    """Return the parts of a presigned URL, without date and signature."""
    methods = {name: method for method, name in client.meta.method_to_api_mapping.items()}
    url = client.generate_presigned_url(methods[operation], example_for(service, operation))
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    assert query.pop("X-Amz-Signature")
    assert query.pop("X-Amz-Date")
    return {"host": parts.netloc, "path": parts.path, "query": query}


def invalid_inputs(valid: Node) -> Iterator[Node]:
    """Yield inputs with one mistake: missing, unknown, of the wrong type or size."""
    yield {}
    yield valid | {"surprise": 1}
    for name, value in valid.items():
        yield {key: valid[key] for key in valid if key != name}
        yield valid | {name: None}
        yield valid | {name: {"not": "this"}}
        yield valid | {name: [value, 3.5]}
        yield valid | {name: 0}


@every_operation
def test_invalid_input_has_the_same_message(
    pairs: dict[str, Pair], service: str, operation: str
) -> None:
    """From the validation before the call."""
    if IS_OLDER and service == "sso-oidc":
        pytest.skip("our model has more parameters than this botocore")

    rejected = 0
    for invalid in invalid_inputs(example_for(service, operation)):
        stock, ours = (validated(client, operation, invalid) for client in pairs[service])
        rejected += stock is not None
        assert ours == stock

    assert rejected > len(example_for(service, operation))


def validated(client: Client, operation: str, parameters: Node) -> str | None:
    """Return the message for an invalid input; None if it would be sent."""
    try:
        call(client, operation, parameters)
    except ParamValidationError as exc:
        return str(exc)
    except SentError:
        return None
    raise AssertionError("neither sent nor rejected")


@pytest.mark.one_quick_case
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
    """The client passes region, FIPS and dual-stack to our rules."""
    pair = without_network(
        make_pair(slim_data, service, region_name=region, config=Config(**options))
    )
    operation = next(iter(MODELS[service]["operations"]))

    stock, ours = (sent(client, operation, example_for(service, operation)) for client in pair)

    assert region in ours["url"]
    assert ours["url"] == stock["url"]


@pytest.mark.parametrize("option", ["AWS::UseFIPS", "AWS::UseDualStack"])
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_an_impossible_endpoint_raises_the_same_exception(
    slim_data: Path, service: str, option: str
) -> None:
    """FIPS or dual-stack with a custom endpoint is an error. Only the message is our own.

    A client drops such an option before the rules are evaluated, so a handler sets it again.
    """
    pair = without_network(make_pair(slim_data, service, endpoint_url="https://sso.invalid"))
    operation = next(iter(MODELS[service]["operations"]))
    for client in pair:
        client.meta.events.register(
            "before-endpoint-resolution", lambda builtins, **_: builtins.update({option: True})
        )

    stock, ours = (outcome(client, operation, example_for(service, operation)) for client in pair)

    assert ours[0] is stock[0]
    assert "cannot be combined" in str(ours[1])
