"""The models of botocore and ours, for tests that compare them."""

from __future__ import annotations

import os
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

Client = Any  # its methods come from the model

# Our models are those of this version. An older one has less: then all of it has to be in ours.
# With a newer one that has more, a comparison fails, so that we notice.
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
    """Return a loader of botocore's data, without ``~/.aws/models``."""
    return loader_of(STOCK_DATA)


def our_loader() -> Loader:
    """Return a loader of our data only."""
    return loader_of(DATA_PATH)


def link_all_but(source: Path, target: Path, left_out: frozenset[str]) -> Path:
    """Create a folder with links to all files of another, except for some names."""
    target.mkdir(parents=True)
    for entry in source.iterdir():
        if entry.name not in left_out:
            (target / entry.name).symlink_to(entry)
    return target


def make_slim_data(target: Path) -> Path:
    """Create a copy of botocore's data folder, without our services."""
    return link_all_but(STOCK_DATA, target, SERVICES)


def make_slim_botocore(site: Path) -> Path:
    """Create a folder with a botocore that has no data for our services."""
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
    """Return the input of a call, with all members."""
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
    """Two clients that differ in their model only."""

    stock: Client
    ours: Client


def make_pair(slim_data: Path, service: str, **options: Any) -> Pair:
    """Create a client of a full botocore, and one of a slim botocore with our data."""
    ours = loader_of(slim_data)
    ours.BUILTIN_DATA_PATH = str(slim_data)  # so that its endpoints.json is the builtin one
    add_data_path(ours)
    return Pair(*(make_client(loader, service, **options) for loader in (stock_loader(), ours)))


def make_client(loader: Loader, service: str, **options: Any) -> Client:
    """Create a client that sends each request once, without files and variables of the user."""
    once = Config(retries={"total_max_attempts": 1})
    options["config"] = once.merge(options.get("config", Config()))
    with patch.dict(os.environ, NO_FILES, clear=True):
        session = botocore.session.Session()
        session.register_component("data_loader", loader)
        session.set_credentials("AKIDEXAMPLE", "made up")
        return session.create_client(service, **{"region_name": "eu-central-1", **options})


def call(client: Client, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Call an operation by the name it has in the model."""
    methods = {name: method for method, name in client.meta.method_to_api_mapping.items()}
    answer: dict[str, Any] = getattr(client, methods[operation])(**parameters)
    return answer


def outcome(client: Client, operation: str, parameters: dict[str, Any]) -> tuple[object, ...]:
    """Call, and return the result or the error in a form that can be compared."""
    try:
        return ("answer", comparable(call(client, operation, parameters)))
    except ClientError as exc:
        response: dict[str, Any] = {**exc.response}
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        return (type(exc).__name__, str(exc), status, comparable(response))
    except BotoCoreError as exc:
        return (type(exc), str(exc))


def comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """Return a response without what differs from call to call: metadata and generated values."""
    kept = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
    if "roleCredentials" in kept:
        kept["roleCredentials"] = {key: type(v) for key, v in kept["roleCredentials"].items()}
    return kept
