"""Measure sessions and their credentials: the first of a process, and further ones.

After ``import boto3``, with a valid token. The portal responds at once.
"""

from __future__ import annotations

from functools import partial
from statistics import median

from measure import compare, in_turns, is_quick
from stage import OURS, STOCK, Stage

ROUNDS = 9
FURTHER = 10

CANDIDATES = {
    "static keys": (STOCK, "static"),
    "SSO, stock botocore": (STOCK, "dev"),
    "SSO, stock botocore with the AWS CLI's cache": (STOCK, "dev", "cli"),
    "SSO, sso_plugin": (OURS, "dev"),
}


def main() -> None:
    """Compare the first session and further ones."""
    quick = is_quick(__doc__)
    with Stage() as stage:
        stage.log_in()
        candidates = {
            name: partial(sessions, stage, 3 if quick else FURTHER, *arguments)
            for name, arguments in CANDIDATES.items()
        }
        results = in_turns(candidates, 1 if quick else ROUNDS, warm_up=not quick)
    firsts = {name: [times[0] for times in runs] for name, runs in results.items()}
    compare("Session and credentials, the first of a process", firsts, "ms")
    others = {name: [median(times[1:]) for times in runs] for name, runs in results.items()}
    compare("Session and credentials, further ones of a process", others, "ms")


def sessions(stage: Stage, further: int, where: str, profile: str, *arguments: str) -> list[float]:
    """Return how many seconds each session of one process takes."""
    times: list[float] = stage.run(where, "session.py", profile, 1 + further, *arguments)
    return times


if __name__ == "__main__":
    main()
