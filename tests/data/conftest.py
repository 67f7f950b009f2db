"""Fixtures: a data folder of botocore without our services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stock import make_slim_data

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def slim_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder of botocore without our services."""
    return make_slim_data(tmp_path_factory.mktemp("slim") / "data")
