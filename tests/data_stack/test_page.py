"""The examples in docs/async.md."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from world import World

PAGE = Path(__file__).parents[2] / "docs/async.md"

SERVE = """
import asyncio

async def get(app, path):
    sent = []

    async def receive():
        return {"type": "http.request"}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    async with lifespan(app):
        await app(scope, receive, send)
    return b"".join(message.get("body", b"") for message in sent).decode()

print(asyncio.run(get(app, "/files"))[:18])
"""
"""Sends a request to the app of an example, without a server."""

PRINTED = {
    "pandas": "orders",
    "dask": r"7\n",
    "xarray": r"2\.0\n",
    "fastapi": r'\["days\.zarr/',
    "sso_plugin": r"(\w+ arn:aws:sts::\d{12}:assumed-role/\S+/alice\n){3}",
}
"""A pattern for what an example prints, by what its first lines import."""


def test_the_examples_run_in_the_order_of_the_page(s3: World, tmp_path: Path) -> None:
    """Each is a script. All of them request the credentials of each role only once."""
    s3.sign_in()
    code = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    for example, (name, pattern) in zip(code, PRINTED.items(), strict=True):
        assert name in example
        script = tmp_path / f"{name}_example.py"
        script.write_text(example + (SERVE if name == "fastapi" else ""), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, script], capture_output=True, text=True, check=False, timeout=300
        )
        assert (done.returncode, bool(re.search(pattern, done.stdout))) == (0, True), done
    roles = len(s3.emulator.organization.accounts)
    assert s3.count("GetRoleCredentials") == roles
