"""The layout of the package: allowed imports, and the size of modules and functions."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import pytest

import sso_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(sso_plugin.__file__).parent
DESIGN = Path(__file__).parents[2] / "docs" / "design.md"

# From top to bottom: each package or module, and those that it imports. An import that is not used
# any more has to be removed here. docs/design.md shows the same table.
ARROWS = {
    "__main__": "cli",
    "cli": "commands signin web errors timestamps printable",
    "commands": "session signin credentials portal storage web models clock config errors "
    "timestamps redact printable startup",
    "api": "session signin portal web models config errors",
    "session": "signin credentials portal storage models clock config errors timestamps redact "
    "startup",
    "signin": "credentials portal storage web models config errors timestamps redact printable",
    "credentials": "portal storage clock config errors timestamps redact printable",
    "portal": "storage web models clock config errors timestamps redact printable",
    "storage": "config redact printable",
    "web": "redact printable",
    "models": "",
    "clock": "config timestamps",
    "config": "errors",
    "errors": "printable",
    "timestamps": "printable",
    "redact": "",
    "printable": "",
    "startup": "",
    "__init__": "",
    "emulator": "",
}

# Inside a package: a module imports only those that come after it.
ORDER = {
    "cli": "__init__ accounts_and_roles app completion completion_scripts typed_line "
    "configure configure_changes console credential_process doctor serve env exec_ "
    "login logout rotate_key status store whoami credentials_options options "
    "completing failures progress error_text exit_codes first_run overview picker "
    "picker_screen picker_list questions help_text tables output times",
    "commands": "configure.run exec_.shell serve serve.service_manager known_names named_login "
    "doctor configure.login_questions configure.start_url configure.login_choice "
    "configure.saved_options console.federation credential_process doctor.sections "
    "env.formats env.environment exec_.execution configure.planner config_file "
    "configure.plan configure.process_profiles configure.notes whoami config_change "
    "configure.config_text configure.role_profiles configure.region_choice "
    "configure.role_choice configure.patterns doctor.store doctor.store_connection "
    "doctor.encryption doctor.files doctor.hook doctor.network doctor.role "
    "doctor.service doctor.store_server doctor.values doctor.versions "
    "console.portal_link console.pages region_names rotate_key store __init__ "
    "overview local_names console.firefox_container serve.service default_files "
    "chosen_credentials regions role_login own_sessions aws_variables "
    "credentials_choice config_reading configure configure.configure_options "
    "configure.profile_names configure.profile_text configure.settings "
    "configure.profile_comment configure.text_diff console container doctor.bounded "
    "doctor.finding env env.shells exec_ exec_.child_process",
    "api": "__init__ entitlements magics logins",
    "session": "plugin aio.providers aio.token_parameter aio.rejected_requests "
    "aio.signing_client aio.new_session aio.shared aio.twin aio.credentials "
    "aio.waiting aio token_parameter role_session login_provider providers __init__ "
    "rejected_requests rejection seams",
    "signin": "ask_person waiting_login approver wait_messages pending_login sign_in every_login "
    "flows configured_login display notebook prompt __init__ callback polling qr_code "
    "registration status markup token_watch vanity wait_option",
    "credentials": "renewed_token refreshable role_source account_names generations "
    "role_request login_user credential_source token_source login_end role_credentials "
    "token_renewal token_file login_notes login_index __init__ shared_login access_token "
    "notification notify_command background schedule",
    "portal": "listings client sts account_choice error_map outage __init__ concurrent_map "
    "responses service_client throttling network_budget budget unreachable",
    "storage": "network.shared_stores __init__ network.shared_documents network.shared_tokens "
    "network.token_keeper network.network_cache network.lease network.remote "
    "network.store_key file_cache resealing memory_cache cache documents sealing sealing.sealer "
    "sealing.held_keys sealing.environment sealing.key_file sealing.os_keyring sealing.creation "
    "sealing.envelope sealing.keyring_backend sealing.keyring_errors sealing.key_source "
    "sealing.encryption_key network network.heartbeat network.server "
    "network.server_errors network.scripts network.names network.note reading "
    "trust locks modes writing folder keys links unwritable waiting",
    "web": "browser capabilities one_time_redirect loopback __init__ addresses kernel peers "
    "request wrapping terminal",
    "config": "profile options __init__ store_address",
    "emulator": "__init__ __main__ pytest_plugin emulator sample_profile control http "
    "http.request_handler http.routes control.control_routes control.access_routes "
    "control.fault_routes control.log_routes control.settings_routes control.arguments "
    "http.authorize_page http.device_page http.fault_responses http.federation_endpoint "
    "http.http_server http.oidc_service http.origin_check http.portal_service "
    "http.request_details http.sts_service http.parameters http.signature_verification "
    "http.parsed_signature http.request_target http.tls http.vanity_redirects http.operation "
    "http.json_bodies http.page_layout state state.emulator_state state.assignments "
    "state.authorization_codes state.authorization_request state.completed_sign_in "
    "state.console_sign_ins state.device_authorizations state.fault_queue "
    "state.injected_fault state.issued_tokens state.paging state.rate_limit "
    "state.registered_clients state.request_log state.operation_names "
    "state.role_sessions state.emulator_clock state.organization "
    "state.organization_file state.identities state.service_errors state.settings "
    "state.toml_tables",
}

# Upward imports, with the reason. They run when a function is called.
UPWARD = {
    ("startup", "session.plugin"): "the start-up files wake the plugin when a session is made",
    ("__init__", "api.entitlements"): "the package imports a public name when it is first used",
    ("__init__", "api.logins"): "the same",
    ("__init__", "api.magics"): "the same",
    ("__init__", "credentials.notification"): "the same",
    ("__init__", "errors"): "the same",
    ("__init__", "portal.listings"): "the same",
    ("__init__", "session.plugin"): "the same",
    ("__init__", "signin.prompt"): "the same",
    ("__init__", "signin.status"): "the same",
}

MOST_ENTRIES = 20


def name_of(path: Path) -> str:
    """Return the name of a module below sso_plugin, such as ``portal.client``, or of a package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "__init__"


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def top(module: str) -> str:
    return module.partition(".")[0]


def inside(module: str) -> str:
    return module.partition(".")[2] or "__init__"


def targets(path: Path, node: ast.ImportFrom | ast.Import) -> Iterator[str]:
    """Yield our modules that a statement imports."""
    if isinstance(node, ast.Import):
        names = [alias.name.split(".") for alias in node.names]
        yield from (".".join(name[1:]) or "__init__" for name in names if name[0] == "sso_plugin")
        return
    module = node.module.split(".") if node.module else []
    if node.level:
        package = path.relative_to(PACKAGE).parts[:-1]
        base = [*package[: len(package) - node.level + 1], *module]
    elif module[:1] == ["sso_plugin"]:
        base = module[1:]
    else:
        return
    for alias in node.names:
        full = ".".join([*base, alias.name])
        yield full if full in MODULES else ".".join(base) or "__init__"


def arrows() -> dict[tuple[str, str], bool]:
    """Return pairs of importer and imported module; True if no such import runs at import time."""
    found: dict[tuple[str, str], bool] = {}

    def walk(importer: str, node: ast.AST, *, later: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import | ast.ImportFrom):
                for target in targets(MODULES[importer], child):
                    found[importer, target] = found.get((importer, target), True) and later
            called = isinstance(child, ast.FunctionDef | ast.Lambda)
            typed = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            walk(importer, child, later=later or called or typed)

    for importer, path in MODULES.items():
        walk(importer, ast.parse(path.read_text(encoding="utf-8")), later=False)
    # Each module may import the version from the package, which imports nothing itself.
    return {pair: later for pair, later in found.items() if pair[0] != pair[1] != "__init__"}


FOUND = arrows()


def test_every_arrow_between_packages_is_allowed_and_used() -> None:
    """Imports for types and imports in functions count too."""
    between = {
        (top(importer), top(target))
        for importer, target in FOUND
        if top(importer) != top(target) and (importer, target) not in UPWARD
    }
    allowed = {(name, target) for name, below in ARROWS.items() for target in below.split()}
    assert between == allowed


def test_packages_import_what_is_below_them() -> None:
    """In the order of the table."""
    order = list(ARROWS)
    for name, below in ARROWS.items():
        assert all(order.index(target) > order.index(name) for target in below.split()), name
    assert sorted(order) == sorted({top(module) for module in MODULES})


@pytest.mark.parametrize("package", ORDER)
def test_modules_of_a_package_import_what_is_below_them(package: str) -> None:
    """In the order of the list, which has all modules."""
    order = ORDER[package].split()
    assert sorted(order) == sorted(inside(each) for each in MODULES if top(each) == package)
    upward = {
        (importer, target)
        for importer, target in FOUND
        if top(importer) == top(target) == package
        and order.index(inside(importer)) > order.index(inside(target))
    }
    assert upward == set()


def test_upward_imports_are_lazy() -> None:
    """Each listed import exists, and none runs when its module is imported."""
    name = "__init__"
    homes = {(name, home) for home in {*sso_plugin._MODULES.values(), "errors"}}
    assert {pair for pair in UPWARD if pair[0] == name} == homes
    assert all(FOUND[pair] for pair in UPWARD)


@pytest.mark.long
def test_start_up_is_the_only_cycle() -> None:
    """No module can be reached from itself, by imports of any kind."""
    reached = {name: {target for each, target in FOUND if each == name} for name in MODULES}
    del reached["__init__"]
    for _ in reached:
        for name, targets_of in reached.items():
            reached[name] = targets_of | {far for each in targets_of for far in reached[each]}
    assert {name for name, far in reached.items() if name in far} == {"startup", "session.plugin"}


def test_the_design_shows_the_same_arrows() -> None:
    """docs/design.md has a row for each package, with the packages that it imports."""
    row = r"^\| `(\w+)` \|[^|]*\| ([^|]*) \|$"
    rows = re.findall(row, DESIGN.read_text("utf-8"), re.MULTILINE)
    assert {name: " ".join(re.findall(r"\w+", below)) for name, below in rows} == ARROWS
    assert [name for name, _ in rows] == list(ARROWS)


def test_the_top_of_the_package_is_small() -> None:
    """At most 20 names, and none of them is that of a public function or class."""
    entries = {top(module) for module in MODULES}
    assert len(entries) <= MOST_ENTRIES
    assert entries & set(sso_plugin.__all__) == set()
    assert {entry for entry in entries if not re.fullmatch(r"[a-z_]+", entry)} == set()


def test_each_package_says_what_it_is_for() -> None:
    """In the docstring of its ``__init__``."""
    inits = {name: path for name, path in MODULES.items() if path.name == "__init__.py"}
    docs = {
        name: ast.get_docstring(ast.parse(path.read_text("utf-8"))) for name, path in inits.items()
    }
    assert {name for name, doc in docs.items() if not doc or len(doc) < MOST_ENTRIES} == set()


def test_only_seams_imports_wrapt() -> None:
    """All code that wraps functions of botocore is in one module."""
    importers = {name for name, path in MODULES.items() if "import wrapt" in path.read_text()}
    assert importers == {"session.seams"}


def functions() -> Iterator[tuple[str, int]]:
    for name, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                yield f"{name}:{node.name}", node.end_lineno - node.lineno + 1


@pytest.mark.long
def test_functions_are_small() -> None:
    """Half of them take 8 lines or fewer, none more than 40."""
    lengths = dict(functions())
    assert {name: length for name, length in lengths.items() if length > 40} == {}
    assert median(lengths.values()) <= 8


def test_modules_are_small() -> None:
    """At most 270 lines."""
    lengths = {name: path.read_text(encoding="utf-8").count("\n") for name, path in MODULES.items()}
    assert {name: length for name, length in lengths.items() if length > 270} == {}
