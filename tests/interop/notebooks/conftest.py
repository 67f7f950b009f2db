"""Fixtures of the tests with kernels: JupyterLab, and a user of the emulator in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from interop.notebooks.jupyter_lab import JupyterLab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """Return JupyterLab, started once for all tests."""
    with JupyterLab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(autouse=True)
def _quick_polling(world: World) -> None:
    world.emulator.settings.poll_interval = 1
