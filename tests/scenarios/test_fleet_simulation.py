"""Fleets in a virtual time, in which everything goes wrong: see the helper `simulation`.

A failure says which seed repeats it.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from simulation import Failure, Plan, plan_of, simulate
from weakened import WEAKENED

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _without_logs() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.one_quick_case
@pytest.mark.parametrize("first", range(0, 100, 10))
def test_no_disturbance_loses_a_login_or_uses_a_token_twice(first: int) -> None:
    """In small fleets with many disturbances. The first case has one of them."""
    for seed in range(first, first + (10 if first else 1)):
        simulate(plan_of(seed))


@pytest.mark.long
def test_a_fleet_that_is_not_disturbed_renews_once_in_a_lifetime() -> None:
    """No job fails, with any clocks of its machines."""
    counts = simulate(Plan(seed=0, machines=60, disturbances=0))
    assert (counts.errors, counts.early) == ({}, 0)


@pytest.mark.long
def test_a_thousand_machines_wait_for_one_renewal() -> None:
    """All of them find an expired token at the same time. `make simulate` has ten thousand."""
    counts = simulate(Plan.large(1000))
    assert counts.early <= len(counts.disturbances)


@pytest.mark.long
@pytest.mark.parametrize("name", WEAKENED)
def test_the_simulation_notices_each_weakness(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one part of the protection, some world breaks a promise."""
    weakness = WEAKENED[name]
    weakness.apply(monkeypatch)
    plans = [
        replace(plan_of(seed), kinds=weakness.kinds, disturbances=40) for seed in weakness.seeds
    ]
    with pytest.raises(Failure, match=r"simulation\.py"):
        simulate_all(plans)


def simulate_all(plans: list[Plan]) -> None:
    for plan in plans:
        simulate(plan)
