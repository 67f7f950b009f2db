"""Values of a parameter that only `make test-all` tests."""

from __future__ import annotations

from typing import Any

import pytest


def long(*values: Any) -> list[Any]:
    """Mark values of a parameter as long: they repeat what the other values show."""
    return [pytest.param(value, marks=pytest.mark.long) for value in values]
