"""Measure how long a caller waits for a renewal, with a slow portal.

Stock botocore starts to renew 15 minutes before the expiration. It is measured with credentials
that are valid for a few seconds longer, which is its best case, and with short-lived credentials.
The last process renews nothing: its longest call shows what other programs on the machine add.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from measure import duration, is_quick, table
from stage import OURS, STOCK, Stage

LATENCY = 0.5
SECONDS = 40
LIFETIME = 8
HOUR = 3600
STOCK_WINDOW = 15 * 60
"""Stock botocore renews so many seconds before the expiration."""


class Run(NamedTuple):
    """One process, the lifetime of its credentials, and the latency of its portal."""

    where: str
    lifetime: int
    seconds: float
    latency: float

    def measure(self) -> tuple[str, str, int, str, str]:
        """Return a line of the table. The first request is not a renewal."""
        with Stage() as stage:
            stage.log_in()
            stage.emulator.settings.role_credentials = self.lifetime
            stage.emulator.faults.add("GetRoleCredentials", latency=self.latency)
            result = stage.run(self.where, "renewal.py", "dev", self.seconds)
            renewals = stage.emulator.requests.count("GetRoleCredentials") - 1
        longest, median = duration(result["longest"]), duration(result["median"])
        return self.where, f"{self.lifetime} s", renewals, longest, median


def main() -> None:
    """Run all at the same time, because they mostly sleep."""
    seconds, latency, lifetime = (
        (2.5, 0.1, 2) if is_quick(__doc__) else (SECONDS, LATENCY, LIFETIME)
    )
    runs = [
        Run(STOCK, STOCK_WINDOW + lifetime, seconds, latency),
        Run(STOCK, lifetime, seconds, latency),
        Run(OURS, lifetime, seconds, latency),
        Run(OURS, HOUR, seconds, latency),
    ]
    with ThreadPoolExecutor() as pool:
        lines = list(pool.map(Run.measure, runs))
    table(
        f"get_frozen_credentials() for {seconds:g} s, portal at {latency * 1e3:g} ms",
        ("", "lifetime", "renewals", "longest call", "median"),
        lines,
    )


if __name__ == "__main__":
    main()
