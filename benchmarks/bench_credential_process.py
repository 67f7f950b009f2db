"""How long a program waits for its credential process while the cache is warm.

Each command runs in turn with the others, so that a busy moment is fair to all; what is compared
is the fastest run of each. Commands of others take part where they are on the PATH.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from hashlib import sha1
from pathlib import Path

from sso_plugin.emulator import Emulator

ROUNDS = 25
MAIN = "import sys; from sso_plugin.cli import main; sys.exit(main())"


def main() -> None:
    """Prepare a home directory with a warm cache, measure, print."""
    with Emulator() as emulator, tempfile.TemporaryDirectory() as home:
        prepare(emulator, Path(home))
        environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith("AWS_")},
            **emulator.environment(),
            "HOME": home,
            "USERPROFILE": home,
        }
        results = measure(commands(), environment)
    report(results)


def prepare(emulator: Emulator, home: Path) -> None:
    """Log in under an sso-session and under a start URL: not everybody knows both."""
    folder = home / ".aws/sso/cache"
    folder.mkdir(parents=True)
    profiles = emulator.profile() + emulator.profile("legacy", legacy=True)
    (home / ".aws/config").write_text(profiles, encoding="utf-8")
    for name in ("corp", emulator.start_url):
        file = folder / f"{sha1(name.encode(), usedforsecurity=False).hexdigest()}.json"
        file.write_text(json.dumps(emulator.sign_in().cached()), encoding="utf-8")


def commands() -> dict[str, list[str]]:
    """Return what is measured; the first is the bare interpreter."""
    here = Path(sys.executable).parent
    found = {"python -c pass": [sys.executable, "-c", "pass"]}
    script = here / "sso-plugin"
    ours = [str(script)] if script.exists() else [sys.executable, "-c", MAIN]
    found["sso-plugin credential-process"] = [*ours, "credential-process", "--profile", "dev"]
    peers = {
        "aws-sso-util credential-process": "credential-process --profile legacy",
        "aws configure export-credentials": "configure export-credentials --profile legacy",
        "aws configure list": "configure list --profile legacy",
    }
    path = os.pathsep.join([str(here), os.environ.get("PATH", os.defpath)])
    for name, words in peers.items():
        program = shutil.which(name.split()[0], path=path)
        if program:
            found[name] = [program, *words.split()]
    return found


def measure(
    candidates: dict[str, list[str]], environment: dict[str, str]
) -> dict[str, list[float]]:
    """Return the seconds that each run of each command took."""
    # The first run warms the cache, and shows who cannot do it.
    able = {name: words for name, words in candidates.items() if seconds(words, environment)}
    results: dict[str, list[float]] = {name: [] for name in able}
    for _ in range(ROUNDS):
        for name, words in able.items():
            results[name].append(seconds(words, environment) or float("inf"))
    return results


def seconds(words: list[str], environment: dict[str, str]) -> float | None:
    """Run a command; None if it fails."""
    began = time.perf_counter()
    done = subprocess.run(
        words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    return time.perf_counter() - began if done.returncode == 0 else None


def report(results: dict[str, list[float]]) -> None:
    """Print milliseconds, and how many times the bare interpreter that is."""
    bare = min(results["python -c pass"])
    print(f"credential process, warm cache, best of {ROUNDS} runs")
    for name, times in results.items():
        print(f"{name:34} {min(times) * 1000:7.1f} ms   {min(times) / bare:5.1f} x python -c pass")


if __name__ == "__main__":
    main()
