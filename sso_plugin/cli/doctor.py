"""``sso-plugin doctor``."""

from __future__ import annotations

from dataclasses import asdict

from . import options, output
from .exit_codes import FAILED
from .tables import FindingsTable

__all__ = ["command"]


@options.command(
    "doctor",
    "doctor --profile dev",
    "doctor --start-url https://example.awsapps.com/start",
    "doctor --json | jq '.findings[] | select(.status != \"ok\")'",
    exit_codes="0 no problem, 1 problems, 2 usage error, 130 stopped by Ctrl-C",
)
@options.login_options
@options.json_option
def command(
    *,
    profile: str | None,
    sso_session: str | None,
    start_url: str | None,
    sso_region: str | None,
    as_json: bool,
) -> int:
    """Find problems, and show how to fix them.

    Checks the versions, the start-up hook, the profile and which provider serves it, the encryption
    key, the files of the login, the network and the clock, and calls GetRoleCredentials for the
    role of the profile. Changes nothing: no login, no renewal. Only a missing key is made, in the
    keyring. Prints no secrets.
    """
    from sso_plugin.commands.doctor import diagnose

    findings = []
    table = FindingsTable()
    named = {"sso_session": sso_session, "start_url": start_url, "sso_region": sso_region}
    for finding in diagnose(profile, **named):
        findings.append(finding)
        if not as_json:
            table.print(finding)
    healthy = all(finding.status != "problem" for finding in findings)
    if as_json:
        output.print_json({"healthy": healthy, "findings": [asdict(each) for each in findings]})
    return 0 if healthy else FAILED
