"""Our data path fills the gaps of a loader, and changes nothing else about it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import UnknownServiceError
from stock import STOCK_DATA, VERSION, link_all_but, loader_of, make_slim_data, stock_loader

from sso_plugin.models import DATA_PATH, SERVICES, add_data_path, remove_data_path

if TYPE_CHECKING:
    from botocore.loaders import Loader


@pytest.fixture(scope="module")
def slim_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make botocore's data folder without our services."""
    return make_slim_data(tmp_path_factory.mktemp("slim") / "data")


@pytest.fixture
def slim_loader(slim_data: Path) -> Loader:
    """Make the loader of a botocore whose ``sso`` and ``sso-oidc`` were deleted."""
    return loader_of(slim_data)


def origin(loader: Loader, service: str, kind: str) -> Path:
    """Find the data folder from which a loader takes a file."""
    _, path = loader.load_data_with_path(f"{service}/{VERSION}/{kind}")
    return Path(path).parents[2]


def test_a_loader_without_our_services_finds_our_models(slim_loader: Loader) -> None:
    """A botocore that lost its data has both services again."""
    add_data_path(slim_loader)

    assert set(slim_loader.list_available_services("service-2")) >= SERVICES
    assert {origin(slim_loader, name, "service-2") for name in SERVICES} == {Path(DATA_PATH)}


@pytest.mark.parametrize("kind", ["service-2", "paginators-1", "endpoint-rule-set-1"])
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_the_models_of_botocore_win(service: str, kind: str) -> None:
    """Where botocore has a file, ours is never read."""
    loader = stock_loader()

    add_data_path(loader)

    assert origin(loader, service, kind) == STOCK_DATA


def test_our_waiter_is_added_to_the_models_of_botocore() -> None:
    """What botocore lacks is filled in even where it has the service."""
    loader = stock_loader()

    add_data_path(loader)

    assert origin(loader, "sso", "waiters-2") == Path(DATA_PATH)


def test_only_missing_files_are_added(tmp_path: Path) -> None:
    """A folder without paginators keeps its service model and gets our paginators."""
    lost = frozenset({"paginators-1.json", "paginators-1.json.gz"})
    link_all_but(STOCK_DATA / "sso" / VERSION, tmp_path / "sso" / VERSION, lost)
    loader = loader_of(tmp_path)

    add_data_path(loader)

    assert origin(loader, "sso", "service-2") == tmp_path
    assert origin(loader, "sso", "paginators-1") == Path(DATA_PATH)


def test_our_path_is_the_last_one_and_added_once() -> None:
    """However often it is added, the search path grows by one entry, at its end."""
    loader = stock_loader()
    before = list(loader.search_paths)

    add_data_path(loader)
    add_data_path(loader)

    assert loader.search_paths == [*before, DATA_PATH]


def test_a_loader_with_cached_results_finds_our_services(slim_loader: Loader) -> None:
    """Whether they were listed by a positional or a keyword argument."""
    slim_loader.list_available_services("service-2")
    slim_loader.list_available_services(type_name="service-2")
    with pytest.raises(UnknownServiceError):
        slim_loader.load_service_model("sso", "service-2")

    add_data_path(slim_loader)

    assert "sso" in slim_loader.list_available_services("service-2")
    assert "sso" in slim_loader.list_available_services(type_name="service-2")
    assert slim_loader.load_service_model("sso", "service-2")["operations"]


def test_models_of_other_services_stay_cached(slim_loader: Loader) -> None:
    """A program that has changed a loaded model in place keeps its change."""
    model = slim_loader.load_service_model("sts", "service-2")

    add_data_path(slim_loader)
    remove_data_path(slim_loader)

    assert slim_loader.load_service_model("sts", "service-2") is model


def test_removing_the_path_undoes_all_changes(slim_loader: Loader) -> None:
    """Also for models that the loader has loaded."""
    before = list(slim_loader.search_paths)
    add_data_path(slim_loader)
    slim_loader.load_service_model("sso", "service-2")
    slim_loader.load_service_model("sso-oidc", type_name="service-2", api_version=VERSION)

    remove_data_path(slim_loader)
    remove_data_path(slim_loader)

    assert slim_loader.search_paths == before
    assert not SERVICES & set(slim_loader.list_available_services("service-2"))
    with pytest.raises(UnknownServiceError):
        slim_loader.load_service_model("sso", "service-2")


def test_our_waiter_is_removed_from_a_complete_botocore() -> None:
    """The service itself stays."""
    loader = stock_loader()
    add_data_path(loader)
    loader.load_service_model("sso", "waiters-2", VERSION)

    remove_data_path(loader)

    with pytest.raises(UnknownServiceError):
        loader.load_service_model("sso", "waiters-2", VERSION)


def test_importing_the_module_does_not_import_botocore() -> None:
    """The import of botocore takes much longer than that of this module."""
    program = "import sys, sso_plugin.models; sys.exit('botocore' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
