"""The service models of botocore and ours, for tests that compare them."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import botocore
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader

from sso_plugin.models import DATA_PATH, SERVICES, add_data_path

__all__ = [
    "INSTALLED",
    "IS_OLDER",
    "MODELS",
    "NO_FILES",
    "OPERATIONS",
    "REFERENCE",
    "STOCK_DATA",
    "VERSION",
    "Client",
    "Pair",
    "call",
    "comparable",
    "example_for",
    "link_all_but",
    "loader_of",
    "make_client",
    "make_pair",
    "make_slim_botocore",
    "make_slim_data",
    "our_loader",
    "outcome",
    "stock_loader",
]

Client = Any  # the methods of a client come from its model

# Our models have the facts of this version of botocore. An older version may have fewer facts. If
# a newer version has more, the comparison fails, so that we notice.
REFERENCE = (1, 44, 5)
INSTALLED = tuple(int(part) for part in botocore.__version__.split(".")[:3])
IS_OLDER = INSTALLED < REFERENCE

VERSION = "2019-06-10"
STOCK_DATA = Path(Loader.BUILTIN_DATA_PATH)


def loader_of(*paths: Path | str) -> Loader:
    """Return a loader with these search paths only."""
    return Loader(
        extra_search_paths=[str(path) for path in paths],
        include_default_search_paths=False,
    )


def stock_loader() -> Loader:
    """Return a loader for the data of botocore. It ignores ``~/.aws/models``."""
    return loader_of(STOCK_DATA)


def our_loader() -> Loader:
    """Return a loader for our data only."""
    return loader_of(DATA_PATH)


def link_all_but(source: Path, target: Path, left_out: frozenset[str]) -> Path:
    """Return a folder with links to all entries of another, but for those left out."""
    target.mkdir(parents=True)
    for entry in source.iterdir():
        if entry.name not in left_out:
            (target / entry.name).symlink_to(entry)
    return target


def make_slim_data(target: Path) -> Path:
    """Return a data folder of botocore without our services."""
    return link_all_but(STOCK_DATA, target, SERVICES)


def make_slim_botocore(site: Path) -> Path:
    """Return a folder from which a botocore without data for our services can be imported."""
    package = link_all_but(STOCK_DATA.parent, site / "botocore", frozenset({"data"}))
    make_slim_data(package / "data")
    return site


MODELS = {name: stock_loader().load_service_model(name, "service-2") for name in SERVICES}
OPERATIONS = [
    (service, operation)
    for service in sorted(SERVICES)
    for operation in MODELS[service]["operations"]
]


def example_for(service: str, operation: str) -> dict[str, Any]:
    """Return the input of a call, with all parameters."""
    shape = MODELS[service]["operations"][operation]["input"]["shape"]
    example: dict[str, Any] = _example(MODELS[service]["shapes"], shape)
    return example


def _example(shapes: dict[str, Any], name: str) -> Any:
    shape = shapes[name]
    if shape["type"] == "structure":
        return {key: _example(shapes, each["shape"]) for key, each in shape["members"].items()}
    if shape["type"] == "list":
        return [_example(shapes, shape["member"]["shape"])] * 2
    return f"some {name}" if shape["type"] == "string" else 7


NO_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


class Pair(NamedTuple):
    """Two clients that are different only in their service model."""

    stock: Client
    ours: Client


def make_pair(slim_data: Path, service: str, **options: Any) -> Pair:
    """Return a client with the data of botocore, and one with our data instead."""
    return Pair(*(make_client(loader, service, **options) for loader in _loaders(slim_data)))


@cache
def _loaders(slim_data: Path) -> tuple[Loader, Loader]:
    """Return a loader for each client of a pair. A loader caches the files that it has read."""
    ours = loader_of(slim_data)
    ours.BUILTIN_DATA_PATH = str(slim_data)  # otherwise its endpoints.json counts as a custom one
    add_data_path(ours)
    return stock_loader(), ours


def make_client(loader: Loader, service: str, **options: Any) -> Client:
    """Return a client without retries. It ignores config files and the environment."""
    once = Config(retries={"total_max_attempts": 1})
    options["config"] = once.merge(options.get("config", Config()))
    with patch.dict(os.environ, NO_FILES, clear=True):
        session = botocore.session.Session()
        session.register_component("data_loader", loader)
        session.set_credentials("AKIDEXAMPLE", "unknown")
        return session.create_client(service, **{"region_name": "eu-central-1", **options})


def call(client: Client, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Call an operation by its name in the model."""
    methods = {name: method for method, name in client.meta.method_to_api_mapping.items()}
    response: dict[str, Any] = getattr(client, methods[operation])(**parameters)
    return response


def outcome(client: Client, operation: str, parameters: dict[str, Any]) -> tuple[object, ...]:
    """Call, and return response or exception in a form that can be compared."""
    try:
        return ("answer", comparable(call(client, operation, parameters)))
    except ClientError as exc:
        response: dict[str, Any] = {**exc.response}
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        return (type(exc).__name__, str(exc), status, comparable(response))
    except BotoCoreError as exc:
        return (type(exc), str(exc))


def comparable(response: dict[str, Any]) -> dict[str, Any]:
    """Return a response without metadata, and with the types of random values."""
    members = {key: value for key, value in response.items() if key != "ResponseMetadata"}
    if "roleCredentials" in members:
        credentials = members["roleCredentials"]
        members["roleCredentials"] = {key: type(value) for key, value in credentials.items()}
    return members
