"""Kill processes that write a cache file, and check that readers see whole documents.

    python kill.py FOLDER KILLS SEED [sealed]

Prints the number of kills and of reads. Each read has to return the old or the new document.
``make kill`` sends ten thousand signals.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from caches import file_cache, sealed_folder

from sso_plugin.storage.file_cache import FileCache

SIZE = 20_000


def write_forever(cache: FileCache) -> None:
    """Write documents, each with its number at both ends."""
    number = os.getpid() * 1_000_000
    while True:
        number += 1
        with cache.locked("key"):
            cache.put("key", {"number": number, "payload": str(number) * SIZE, "end": number})


def check(cache: FileCache) -> None:
    """Read the document, and end with a message if it is damaged."""
    entry = cache.get("key")
    if entry is None:
        raise SystemExit("A read found no document.")
    document = entry.document
    whole = str(document["number"]) * SIZE == document["payload"]
    if not whole or document["end"] != document["number"]:
        raise SystemExit("A read found a damaged document.")


def main() -> None:
    """Keep two processes writing, and kill one of them again and again."""
    folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)  # noqa: S311 - to be repeatable
    cache = FileCache(sealed_folder(folder)) if sys.argv[4:] == ["sealed"] else file_cache(folder)
    cache.put("key", {"number": 0, "payload": "0" * SIZE, "end": 0})
    writers: list[int] = []
    reads = 0
    for _ in range(kills):
        while len(writers) < 2:
            child = os.fork()
            if child == 0:
                write_forever(cache)
            writers.append(child)
        time.sleep(chance.uniform(0, 0.004))
        check(cache)
        victim = writers.pop(chance.randrange(len(writers)))
        os.kill(victim, signal.SIGKILL)
        check(cache)
        os.waitpid(victim, 0)
        check(cache)
        reads += 3
    for child in writers:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    print(f"{kills} kills, {reads} reads, all documents whole")


if __name__ == "__main__":
    main()
