"""Our service models have the same facts as those of botocore, in our own words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.waiter import WaiterModel
from stock import IS_OLDER, OPERATIONS, our_loader, stock_loader
from stock import MODELS as STOCK

from sso_plugin.models import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Node = dict[str, Any]

OURS = {name: our_loader().load_service_model(name, "service-2") for name in SERVICES}

# Facts that are different in an older botocore.
CHANGED_SINCE = {"sso-oidc/metadata/signingName"} if IS_OLDER else set()

every_service = pytest.mark.parametrize("service", sorted(SERVICES))
every_operation = pytest.mark.parametrize(("service", "operation"), OPERATIONS)


def is_prose(key: str, value: object) -> bool:
    """Return whether this is documentation, and not a member with that name."""
    return key == "documentation" and isinstance(value, str)


def lacking(here: Any, there: Any, path: str) -> Iterator[str]:
    """Yield the paths of facts that are missing or different there. Prose is ignored."""
    if isinstance(here, dict) and isinstance(there, dict):
        yield from lacking_keys(here, there, path)
    elif isinstance(here, list) and isinstance(there, list):
        if [item for item in there if item in here] != here:
            yield path
    elif here != there or type(here) is not type(there):
        yield path


def lacking_keys(here: Node, there: Node, path: str) -> Iterator[str]:
    """Compare two objects. Only members have an order, because they are validated in order."""
    if path.endswith("/members") and [name for name in there if name in here] != list(here):
        yield path
    for key, value in here.items():
        if is_prose(key, value):
            continue
        if key in there:
            yield from lacking(value, there[key], f"{path}/{key}")
        else:
            yield f"{path}/{key}"


def differences(stock: Any, ours: Any, path: str) -> set[str]:
    """Return the paths of all different facts. We may have more than an older botocore."""
    found = set(lacking(stock, ours, path))
    if not IS_OLDER:
        found |= set(lacking(ours, stock, path))
    return found - CHANGED_SINCE


@every_service
def test_metadata_is_that_of_the_stock_model(service: str) -> None:
    """Protocol, names, signing and API version."""
    stock, ours = (model[service]["metadata"] for model in (STOCK, OURS))

    assert differences(stock, ours, f"{service}/metadata") == set()


@every_operation
def test_operation_is_that_of_the_stock_model(service: str, operation: str) -> None:
    """Method, path, authentication, input, output and errors."""
    stock, ours = (model[service]["operations"][operation] for model in (STOCK, OURS))

    assert differences(stock, ours, operation) == set()


@pytest.mark.parametrize(
    ("service", "shape"),
    [(service, name) for service in sorted(SERVICES) for name in STOCK[service]["shapes"]],
)
def test_shape_is_that_of_the_stock_model(service: str, shape: str) -> None:
    """Type, members, their order and location, constraints and status codes."""
    stock, ours = (model[service]["shapes"][shape] for model in (STOCK, OURS))

    assert differences(stock, ours, shape) == set()


@pytest.mark.skipif(IS_OLDER, reason="our model has more than this botocore")
@every_service
def test_the_models_have_the_same_entries(service: str) -> None:
    """No operation, shape or section is missing or additional."""
    assert differences(STOCK[service], OURS[service], service) == set()


def facts_of(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the container and the key of every fact in a model."""
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        if isinstance(value, dict | list) and value:
            yield from facts_of(value)
        elif not is_prose(str(key), value):
            yield node, key


@every_service
def test_the_comparison_finds_every_changed_fact(service: str) -> None:
    """Each fact is changed once."""
    altered = json.loads(json.dumps(OURS[service]))
    places = list(facts_of(altered))

    for container, key in places:
        fact, container[key] = container[key], "something else"
        assert list(lacking(altered, OURS[service], service)), (container, key)
        container[key] = fact

    assert len(places) > 100


def described(shape: Shape | None) -> object:
    """Return what botocore reads of a shape and all its members."""
    if shape is None:
        return None
    own = (shape.name, shape.type_name, dict(shape.metadata), dict(shape.serialization))
    if isinstance(shape, StructureShape):
        members = [(name, described(member)) for name, member in shape.members.items()]
        return (*own, members, shape.error_code if shape.metadata.get("exception") else None)
    return (*own, described(shape.member)) if isinstance(shape, ListShape) else own


ASPECTS: dict[str, Callable[[OperationModel], object]] = {
    "http": lambda operation: operation.http,
    "input": lambda operation: described(operation.input_shape),
    "output": lambda operation: described(operation.output_shape),
    "errors": lambda operation: [described(error) for error in operation.error_shapes],
    "authtype": lambda operation: operation.auth_type,
    "auth": lambda operation: operation.auth,
    "endpoint": lambda operation: operation.endpoint,
    "idempotent members": lambda operation: operation.idempotent_members,
    "checksum": lambda operation: (operation.http_checksum_required, operation.http_checksum),
    "context": lambda operation: (
        operation.context_parameters,
        operation.static_context_parameters,
    ),
    "streams": lambda operation: (operation.has_streaming_input, operation.has_streaming_output),
    "deprecated": lambda operation: operation.deprecated,
}


def understood(operation: OperationModel) -> dict[str, object]:
    """Return what botocore reads of an operation."""
    return {name: aspect(operation) for name, aspect in ASPECTS.items()}


@pytest.mark.skipif(IS_OLDER, reason="our model has more than this botocore")
@every_operation
def test_botocore_reads_the_same_from_both_models(service: str, operation: str) -> None:
    """The classes of botocore return the same values."""
    stock, ours = (
        understood(ServiceModel(model[service], service).operation_model(operation))
        for model in (STOCK, OURS)
    )

    assert stock == ours


@every_service
def test_paginators_are_those_of_the_stock_model(service: str) -> None:
    """The same operations have pages, with the same keys."""
    stock, ours = (
        loader.load_service_model(service, "paginators-1")
        for loader in (stock_loader(), our_loader())
    )

    assert differences(stock, ours, service) == set()


def test_the_waiter_retries_temporary_errors() -> None:
    """No access yet and throttling are temporary. An invalid token is not."""
    waiters = WaiterModel(our_loader().load_service_model("sso", "waiters-2"))
    waiter = waiters.get_waiter("RoleCredentialsAvailable")

    assert waiters.waiter_names == ["RoleCredentialsAvailable"]
    assert waiter.operation == "GetRoleCredentials"
    assert [(acceptor.expected, acceptor.state) for acceptor in waiter.acceptors] == [
        (200, "success"),
        ("ForbiddenException", "retry"),
        ("ResourceNotFoundException", "retry"),
        ("TooManyRequestsException", "retry"),
    ]
