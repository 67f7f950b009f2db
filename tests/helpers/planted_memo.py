"""The file of ``credential-process`` for a profile, changed as an attacker would change it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sso_plugin.commands import credential_process

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["match_marks", "plant"]


def plant(home: Path, name: str = "a" * 40, **changes: Any) -> tuple[Path, Path]:
    """Change the file of ``dev`` so that it names another role file; return both paths."""
    memo = home / ".aws/sso-plugin" / f"process-{b'dev'.hex()}.json"
    role = home / ".aws/cli/cache" / f"{name}.json"
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    role.write_text(json.dumps({"Credentials": dict.fromkeys(names, "PLANTED")}))
    role.chmod(0o600)
    held = json.loads(memo.read_text(encoding="utf-8"))
    held |= {"role_file": str(role), **changes}
    memo.write_text(json.dumps(held), encoding="utf-8")
    match_marks(memo, role)
    return memo, role


def match_marks(memo: Path, role: Path) -> None:
    """Set its marks to the current ones, as if no file had changed since it was written."""
    held = json.loads(memo.read_text(encoding="utf-8"))
    held["config"] = credential_process._config_marks()
    held["token_marks"] = credential_process._token_marks(held["token_file"])
    held["role_mark"] = credential_process._file_mark(str(role))
    memo.write_text(json.dumps(held), encoding="utf-8")
