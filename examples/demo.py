"""The demo for `make demo`: a script runs longer than its credentials are valid.

Starts a local Identity Center, logs in, and runs `whoami_forever.py` for three lifetimes of its
credentials. That script is plain boto3 and does not import sso-plugin. The demo needs no AWS
account, and does not use the real home directory.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).with_name("whoami_forever.py")

CONFIG = """\
[sso-session corp]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-central-1
sso_registration_scopes = sso:account:access

[profile dev]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
region = eu-central-1
"""

SUMMARY = re.compile(r"renewed (?P<renewals>\d+) times\.\n.* other call (?P<longest>\d+) ms\.\n$")


def main() -> int:
    """Run the demo. Return 1 if it fails."""
    options = _options()
    if not _is_installed():
        print(
            "The start-up file of sso-plugin is not installed in this Python, or it is switched "
            "off. Run: make demo"
        )
        return 1

    delay = options.credentials_lifetime / 20
    with _emulator(options.credentials_lifetime) as endpoints, _home(endpoints):
        url = endpoints["AWS_ENDPOINT_URL_SSO"]
        _post(url, "faults", operation="GetRoleCredentials", latency=delay)
        print(
            f"A local Identity Center runs at {url}. Its credentials are valid for"
            f" {options.credentials_lifetime:g} s, and a request for new ones takes"
            f" {delay * 1000:.0f} ms.\n\nThe profile, in a temporary home directory:\n\n"
            f"{_indented(CONFIG)}"
        )
        _log_in(url)
        status, output = _run_script(options.seconds)

    return _judge(status, output, delay)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Show what sso-plugin does, without AWS.")
    parser.add_argument(
        "--seconds", type=float, default=25, help="how many seconds the script runs"
    )
    parser.add_argument(
        "--credentials-lifetime", type=float, default=8, help="lifetime of credentials in seconds"
    )
    return parser.parse_args()


def _is_installed() -> bool:
    """Return whether the start-up file has run in this Python."""
    return any(
        getattr(finder, "__module__", "") == "sso_plugin.startup" for finder in sys.meta_path
    )


@contextlib.contextmanager
def _emulator(credentials_lifetime: float) -> Iterator[dict[str, str]]:
    """Run the emulator by its command. Yield the environment that it prints."""
    command = [sys.executable, "-m", "sso_plugin.emulator", "--port", "0", "--poll-interval", "1"]
    command += ["--credentials-lifetime", f"{credentials_lifetime:g}"]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout  # noqa: S101 - it is a pipe
        try:
            exports = [process.stdout.readline() for _ in range(3)]
            if not exports[-1]:
                sys.exit("The emulator does not start. Run: python -m sso_plugin.emulator")
            yield dict(line.split()[1].split("=", 1) for line in exports)
        finally:
            process.terminate()


@contextlib.contextmanager
def _home(endpoints: dict[str, str]) -> Iterator[None]:
    """Set a temporary home directory for this process and the script that it starts."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="sso-plugin-demo-") as home:
        (Path(home) / ".aws").mkdir()
        (Path(home) / ".aws" / "config").write_text(CONFIG, encoding="utf-8")
        for name in [each for each in before if each.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(endpoints, HOME=home, USERPROFILE=home, AWS_PROFILE="dev")
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def _log_in(url: str) -> None:
    # Imported after the home directory is set.
    import sso_plugin

    def approve(prompt: sso_plugin.LoginPrompt) -> None:
        """Approve, as a user does in a browser."""
        print(f"  To approve: {prompt.url}\n  (The demo approves as the user alice.)")
        _post(url, "approve", user_code=prompt.user_code, user="alice")

    print("sso-plugin login --profile dev --flow device\n")
    sso_plugin.login("dev", flow="device", show=approve, open_browser=None)
    print("  Logged in.\n")


def _run_script(seconds: float) -> tuple[int, str]:
    """Run the script, and print its output at once. Return its exit code and the output."""
    print(f"AWS_PROFILE=dev python {SCRIPT.name} --seconds {seconds:g}\n", flush=True)
    command = [sys.executable, str(SCRIPT), "--seconds", str(seconds)]
    output = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout  # noqa: S101 - it is a pipe
        for line in process.stdout:
            print(f"  {line}", end="", flush=True)
            output += line
    return process.returncode, output


def _judge(status: int, output: str, delay: float) -> int:
    summary = SUMMARY.search(output)
    if status or not summary:
        print(f"\nThe script failed with exit code {status}.")
        return 1
    if int(summary["renewals"]) < 2:  # noqa: PLR2004 - one renewal may be by chance
        print("\nThe credentials were not renewed twice. Use a longer time or a shorter lifetime.")
        return 1

    waited = int(summary["longest"]) >= delay * 1000
    print(
        "\nA call waited for a renewal. This can happen on a busy machine."
        if waited
        else f"\nEach renewal took {delay * 1000:.0f} ms or more, and no call waited for one."
    )
    return 0


def _post(url: str, name: str, **arguments: object) -> None:
    """Send a control request to the emulator."""
    request = urllib.request.Request(  # noqa: S310 - the address is the emulator's
        f"{url}/_emulator/{name}",
        data=json.dumps(arguments).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    urllib.request.urlopen(request).close()  # noqa: S310


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" if line else "\n" for line in text.splitlines())


if __name__ == "__main__":
    sys.exit(main())
