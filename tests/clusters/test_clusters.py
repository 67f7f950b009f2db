"""Dask and Ray for real: workers with separate homes share one login by a store.

These tests are in a folder of their own because they need large packages.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fleet import Fleet

DASK = """
import json, sys
from dask.distributed import Client, Nanny, Scheduler, SpecCluster

def call(number):
    import os
    import boto3
    arn = boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Arn"]
    return os.environ["HOME"], arn.rpartition("/")[2]

if __name__ == "__main__":
    workers = {
        environment["HOME"]: {"cls": Nanny, "options": {"env": environment, "nthreads": 2}}
        for environment in json.loads(sys.argv[1])
    }
    scheduler = {"cls": Scheduler, "options": {"dashboard": False}}
    with SpecCluster(workers=workers, scheduler=scheduler) as cluster, Client(cluster) as client:
        client.wait_for_workers(len(workers))
        addresses = list(client.scheduler_info(n_workers=-1)["workers"])
        futures = [
            client.submit(call, number, workers=addresses[number % len(addresses)], pure=False)
            for number in range(4 * len(addresses))
        ]
        print(json.dumps(client.gather(futures)))
"""

RAY = """
import json, sys
import ray

environments = json.loads(sys.argv[1])
ray.init(num_cpus=len(environments), include_dashboard=False, log_to_driver=False)

@ray.remote(num_cpus=1)
class Worker:
    def call(self):
        import os
        import boto3
        arn = boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Arn"]
        return os.environ["HOME"], arn.rpartition("/")[2]

workers = [Worker.options(runtime_env={"env_vars": each}).remote() for each in environments]
print(json.dumps(ray.get([worker.call.remote() for worker in workers * 4])))
ray.shutdown()
"""


@pytest.mark.parametrize("script", [DASK, RAY], ids=["dask", "ray"])
def test_workers_with_separate_homes_share_one_login(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """An expired token that can be renewed once: one renewal, one request for credentials."""
    # A token of Ray would be in the home of the driver, which its workers do not have.
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    fleet.emulator.settings.refresh_tokens = "rotate-strict"
    fleet.log_in(expired=True)
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps([fleet.variables(home) for home in fleet.homes])],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=300,
    )
    results = sorted(map(tuple, json.loads(done.stdout.splitlines()[-1])))
    assert results == sorted((str(home), "alice") for home in fleet.homes * 4)
    assert fleet.counts() == (1, 1)
