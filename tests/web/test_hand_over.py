"""A link that a browser gets from a loopback server, and that no other program gets."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING
from urllib.error import HTTPError

import pytest

from sso_plugin.web.hand_over import hand_over

if TYPE_CHECKING:
    from pathlib import Path

    from world import World


def test_the_link_is_not_in_the_process_list(world: World, tmp_path: Path) -> None:
    """The browser gets a loopback address that works once."""
    target = f"{world.emulator.url}/device?user_code=AAAA"
    program = tmp_path / "browser"
    seen = tmp_path / "seen"
    program.write_text(
        f"#!{sys.executable}\nimport sys, urllib.request\n"
        f"open({str(seen)!r}, 'w').write(' '.join(sys.argv))\n"
        "try: print(urllib.request.urlopen(sys.argv[1], timeout=10).url)\n"
        "except Exception as error: print(error)\n"
    )
    program.chmod(0o755)
    results: list[str] = []

    def open_browser(url: str, _: object) -> None:
        for _ in range(2):
            done = subprocess.run(
                [str(program), url], capture_output=True, text=True, check=True, timeout=30
            )
            results.append(done.stdout.strip())

    assert hand_over(target, open_browser)
    assert "user_code" not in seen.read_text()
    assert results[0] == target
    assert results[1] == "HTTP Error 403: Forbidden"


def test_a_wrong_host_or_path_is_refused() -> None:
    """A web page, or a program that guesses the path."""
    codes: list[int] = []

    def attack(url: str, _: object) -> bool:
        for request in (
            urllib.request.Request(url, headers={"Host": "evil.example"}),
            urllib.request.Request(url.rpartition("/")[0] + "/guess"),
        ):
            with pytest.raises(HTTPError) as caught:
                urllib.request.urlopen(request, timeout=10)
            caught.value.close()
            codes.append(caught.value.code)
        return True

    assert not hand_over("https://secret.example", attack, patience=0.1)
    assert codes == [403, 403]


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="needs to be root to become another user"
)
def test_another_user_is_refused() -> None:
    """Even if that user reads the address in the process list."""
    code = (
        "import encodings.idna, os, sys, urllib.request; os.setuid(65534)\n"
        "try: urllib.request.urlopen(sys.argv[1], timeout=10)\n"
        "except Exception as error: print(error)"
    )
    results: list[str] = []

    def open_browser(url: str, _: object) -> None:
        done = subprocess.run(
            [sys.executable, "-c", code, url], capture_output=True, text=True, check=True
        )
        results.append(done.stdout.strip())

    assert not hand_over("https://secret.example", open_browser, patience=0.1)
    assert results == ["HTTP Error 403: Forbidden"]
