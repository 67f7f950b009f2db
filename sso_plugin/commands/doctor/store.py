"""Check the server that many machines share: key and password, connection, and the token on it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from sso_plugin.printable import one_line
from sso_plugin.storage.network.remote import OFFERED
from sso_plugin.storage.network.server import server_at
from sso_plugin.storage.network.server_errors import PASSWORD_FILE, ServerAwayError
from sso_plugin.storage.network.shared_stores import SharedStores
from sso_plugin.storage.network.store_key import HOW_TO_GET, KEY, KEY_FILE
from sso_plugin.storage.reading import UnusableFileError, document_of, read_content
from sso_plugin.storage.sealing.envelope import key_id_of, require_cryptography
from sso_plugin.storage.sealing.environment import EnvironmentKeys
from sso_plugin.storage.sealing.key_file import expanded, is_readable_by_others
from sso_plugin.storage.sealing.key_source import KeyUnavailableError

from .encryption import parted
from .finding import Finding, ok, problem, warning
from .store_connection import away_problem, bundle_problem, why_away
from .store_server import check_server

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from sso_plugin.config.store_address import StoreAddress
    from sso_plugin.signin.configured_login import ConfiguredLogin
    from sso_plugin.storage.sealing.key_source import Keys

__all__ = ["check_store"]


def check_store(login: ConfiguredLogin) -> Iterator[Finding]:
    """Check the store of a profile; no findings for a profile without one."""
    address = login.profile.options.store
    if address is not None:
        yield from _check(login, address)
        # As each use of the login does. The checks of the files are next.
        login.pull()


def _check(login: ConfiguredLogin, address: StoreAddress) -> Iterator[Finding]:
    keys = yield from _check_keys()
    yield from _check_private(KEY_FILE, "key")
    password = list(_check_password_file(address))
    yield from password
    if any(each.status == "problem" for each in password):
        return
    bundle = bundle_problem(address)
    if bundle is not None:
        yield bundle
        return
    away = why_away(address)
    if away is not None and away.kind != "permission":
        yield away_problem(address, away)
        return
    how = "over TLS, with a valid certificate" if address.is_tls else "without TLS"
    yield ok("store", f"The server of {address.url} responds, {how}.")
    yield from check_server(server_at(address).client(), address)
    if keys and away is None:
        yield from _check_token(login, address, keys)


def _check_keys() -> Generator[Finding, None, Keys]:
    source = EnvironmentKeys(KEY, KEY_FILE, HOW_TO_GET)
    try:
        keys = source.read()
    except KeyUnavailableError as exc:
        what, fix = parted(str(exc), f"Copy the key file of another machine, and set {KEY_FILE}.")
        yield problem("store", f"There is no key for the store: {what}.", fix)
        return ()
    first, last = keys[0].id, keys[-1].id
    what = f"The key {first} encrypts and names the documents"
    if first != last:
        what = f"The key {first} encrypts the documents, and the key {last} names them"
    yield ok("store", f"{what}: {source.describe()}.")
    try:
        require_cryptography()
    except KeyUnavailableError:
        what = "Documents cannot be encrypted: the package cryptography is missing."
        yield problem("store", what, "pip install 'sso-plugin[fleet]'")
    return keys


def _check_password_file(address: StoreAddress) -> Iterator[Finding]:
    given = os.environ.get(PASSWORD_FILE, "").strip()
    if not given:
        if address.username:
            yield warning(
                "store",
                f"There is no password for the user {address.username} of the server.",
                f"Set {PASSWORD_FILE} to the path of a file with the password.",
            )
        return
    path, name = expanded(given), f"The password file {one_line(given)}"
    try:
        found = read_content(path)
    except UnusableFileError as exc:
        what, fix = parted(str(exc), f"Correct the file, or {PASSWORD_FILE}.")
        yield problem("store", f"{name} {what}.", fix)
        return
    if found is None:
        fix = f"Write the password to this file, or correct {PASSWORD_FILE}."
        yield problem("store", f"{name} of {PASSWORD_FILE} does not exist.", fix)
    yield from _check_private(PASSWORD_FILE, "password")


def _check_private(variable: str, what: str) -> Iterator[Finding]:
    """Warn about a file of a variable that other users can read."""
    path = Path(expanded(os.environ.get(variable, "").strip()))
    try:
        is_open = path.is_file() and is_readable_by_others(str(path), path.stat())
    except (OSError, ValueError):
        return
    if is_open and os.name == "posix":
        yield warning(
            "store",
            f"Other users can read the {what} file {one_line(str(path))}.",
            f"chmod 600 {one_line(shlex.quote(str(path)))}",
        )


def _check_token(login: ConfiguredLogin, address: StoreAddress, keys: Keys) -> Iterator[Finding]:
    stores = login.stores
    if not isinstance(stores, SharedStores):
        return
    try:
        found = stores.remote.read_token("tokens", login.key)
        if found in (None, OFFERED):
            yield ok(
                "store",
                "The store has no token of this login yet. If another machine is logged in, its "
                f"doctor must show the same key for the names: {keys[-1].id}.",
            )
        elif found.identity is None:
            yield ok("store", "This login has ended: sso-plugin logout was run.")
        else:
            key_id = key_id_of(document_of(found.data))
            yield _key_finding(key_id, [key.id for key in keys], login.profile.login_command)
    except ServerAwayError as exc:
        if exc.kind != "permission":  # these were checked
            yield away_problem(address, exc)
    except UnusableFileError as exc:
        fix = f"{login.profile.login_command} --force"
        yield problem("store", f"The token in the store {exc}.", fix)


def _key_finding(key_id: str, known: list[str], login_command: str) -> Finding:
    if key_id in known:
        return ok("store", f"The token in the store is encrypted with the key {key_id}.")
    return problem(
        "store",
        f"The token in the store is encrypted with the key {key_id}, which this machine does not "
        f"have. It has: {', '.join(known)}.",
        "Copy the key file of a machine that has it, or begin with the key of this machine: "
        f"{login_command} --force",
    )
