"""How long a renewal keeps a caller: the longest get_frozen_credentials() with a slow portal.

Stock botocore renews from 15 minutes before the expiry on. It is measured with credentials that
live a few seconds longer than that, which suits it best, and with those that live seconds only.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from measure import duration, is_quick, table
from stage import OURS, STOCK, Stage

LATENCY = 0.5
SECONDS = 40
LIFE = 8
STOCK_MARGIN = 15 * 60


class Run(NamedTuple):
    """One process, its portal, and how long the credentials of that live."""

    where: str
    life: int
    seconds: float
    latency: float

    def measure(self) -> tuple[str, str, int, str, str]:
        """Return a line of the table. The first call is none: nobody has credentials then."""
        with Stage() as stage:
            stage.log_in()
            stage.emulator.settings.role_credentials = self.life
            stage.emulator.faults.add("GetRoleCredentials", latency=self.latency)
            found = stage.run(self.where, "renewal.py", "dev", self.seconds)
            renewals = stage.emulator.requests.count("GetRoleCredentials") - 1
        longest, median = duration(found["longest"]), duration(found["median"])
        return self.where, f"{self.life} s", renewals, longest, median


def main() -> None:
    """Run all at once: they do little but sleep."""
    seconds, latency, life = (2.5, 0.1, 2) if is_quick(__doc__) else (SECONDS, LATENCY, LIFE)
    runs = [
        Run(STOCK, STOCK_MARGIN + life, seconds, latency),
        Run(STOCK, life, seconds, latency),
        Run(OURS, life, seconds, latency),
    ]
    with ThreadPoolExecutor() as pool:
        lines = list(pool.map(Run.measure, runs))
    table(
        f"get_frozen_credentials() for {seconds:g} s, portal at {latency * 1e3:g} ms",
        ("", "credentials live", "renewals", "longest call", "median"),
        lines,
    )


if __name__ == "__main__":
    main()
