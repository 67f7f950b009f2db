"""Measure what each signed call takes for credentials, while no renewal is due."""

from __future__ import annotations

from functools import partial

from measure import compare, in_turns, is_quick
from stage import OURS, STOCK, Stage

ROUNDS = 9
CALLS = 20_000

CANDIDATES = {
    "SSO, stock botocore": (STOCK, "dev"),
    "SSO, sso_plugin": (OURS, "dev"),
    "static keys": (STOCK, "static"),
}


def main() -> None:
    """Compare one process for each candidate."""
    quick = is_quick(__doc__)
    with Stage() as stage:
        stage.log_in()
        candidates = {
            name: partial(seconds, stage, where, profile, 100 if quick else CALLS)
            for name, (where, profile) in CANDIDATES.items()
        }
        results = in_turns(candidates, 1 if quick else ROUNDS, warm_up=not quick)
    compare("get_frozen_credentials(), no renewal due", results, "µs")


def seconds(stage: Stage, where: str, profile: str, calls: int) -> float:
    """Return how many seconds one call takes."""
    return float(stage.run(where, "frozen.py", profile, calls))


if __name__ == "__main__":
    main()
