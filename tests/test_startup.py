"""The start of an interpreter: what it costs, and that the plugin never breaks it."""

from __future__ import annotations

import json
import pkgutil
import shutil
from typing import TYPE_CHECKING

import pytest
from packaging_support import ROOT, START_UP_FILES, Environment

from sso_plugin import startup

if TYPE_CHECKING:
    from pathlib import Path

# Printed by a snippet: how often the import hook is added, and the initializer registered.
REPORT = """
import sys
from sso_plugin import startup
botocore = sys.modules.get("botocore")
initializers = botocore._INITIALIZERS if botocore else []
print(sys.meta_path.count(startup.ImportHook), initializers.count(startup._initialize))
"""
WAITING = "1 0"
REGISTERED = "1 1"
NEITHER = "0 0"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Return an environment with botocore, and without the plugin."""
    environment = Environment.create(tmp_path_factory.mktemp("bare"))
    environment.add_dependencies()
    return environment


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Return an environment with botocore and the plugin."""
    environment = Environment.create(tmp_path_factory.mktemp("installed"))
    environment.add_dependencies()
    environment.add_plugin()
    environment.run("-c", "")  # leaves the bytecode that an installer would have left
    return environment


@pytest.fixture
def own(tmp_path: Path) -> Environment:
    """Return an environment with botocore and the plugin that the test may change."""
    environment = Environment.create(tmp_path)
    environment.add_dependencies()
    environment.add_plugin()
    return environment


class TestStartUpFiles:
    """The content of the two start-up files."""

    def test_have_the_same_stem(self) -> None:
        """Otherwise Python 3.15 would run both."""
        found = {path.name for suffix in ("pth", "start") for path in ROOT.glob(f"*.{suffix}")}
        assert set(START_UP_FILES) == found
        assert {"sso_plugin"} == {name.partition(".")[0] for name in found}

    @pytest.mark.parametrize("name", START_UP_FILES)
    def test_have_one_line(self, name: str) -> None:
        """Easy to read for an auditor."""
        content = (ROOT / name).read_text(encoding="ascii")
        assert content.count("\n") == 1
        assert content.endswith("\n")

    def test_start_names_the_callable(self) -> None:
        """PEP 829: the line is `package.module:callable`."""
        line = (ROOT / "sso_plugin.start").read_text(encoding="ascii").strip()
        assert startup.main is pkgutil.resolve_name(line)


class TestCost:
    """The cost for each interpreter, whether it uses AWS or not."""

    def test_nothing_is_imported_but_the_package_and_startup(
        self, bare: Environment, installed: Environment
    ) -> None:
        """The difference in `sys.modules`."""
        snippet = "import sys; print(*sys.modules)"
        before, after = (set(env.run("-c", snippet).split()) for env in (bare, installed))
        assert {"sso_plugin", "sso_plugin.startup"} == after - before

    def test_no_file_socket_or_process_is_opened(
        self, bare: Environment, installed: Environment
    ) -> None:
        """The difference in audit events is what importing the two modules raises."""
        before, after = (_audit(environment) for environment in (bare, installed))
        extra = {name: after[name] - before.get(name, set()) for name in after}
        assert _own_files(installed) == extra.pop("open")
        assert {"sso_plugin", "sso_plugin.startup"} == extra.pop("import")
        assert {_own_folder(installed)} == extra.pop("os.listdir")
        assert set() == {name for name, values in extra.items() if values} - IMPORT_SYSTEM

    @pytest.mark.long
    @pytest.mark.parametrize("flags", [[], ["-W", "error"], ["-X", "dev"], ["-bb"]])
    def test_nothing_is_printed(self, installed: Environment, flags: list[str]) -> None:
        """It would be a part of the output of other programs."""
        assert installed.run(*flags, "-c", "import botocore.session") == ""


# Raised by running the line of the .pth file, and by reading and running a module.
IMPORT_SYSTEM = {"compile", "exec", "marshal.loads", "sys._getframe"}

AUDIT = """
import json, sys
events = {}
def hook(name, arguments):
    events.setdefault(name, set()).add(str(arguments[0]) if arguments else "")
sys.addaudithook(hook)
import site
site.main()
print(json.dumps({name: list(values) for name, values in events.items()}))
"""


def _audit(environment: Environment) -> dict[str, set[str]]:
    """Return the audit events while `site` reads the start-up files, with their first arguments."""
    events = json.loads(environment.run("-S", "-c", AUDIT))
    return {
        name: {value.replace(str(environment.folder), "") for value in values}
        for name, values in events.items()
    }


def _own_files(environment: Environment) -> set[str]:
    """Return the start-up file, which `site` opens, and the bytecode of the two modules."""
    modules = (environment.site_packages / "sso_plugin" / "__pycache__").iterdir()
    files = (environment.site_packages / "sso_plugin.pth", *modules)
    return {str(file).removeprefix(str(environment.folder)) for file in files}


def _own_folder(environment: Environment) -> str:
    """Return the folder in which the import system finds the two modules."""
    folder = str(environment.site_packages / "sso_plugin")
    return folder.removeprefix(str(environment.folder))


class TestSwitches:
    """What turns the plugin off, and what does not."""

    def test_the_import_hook_is_added(self, installed: Environment) -> None:
        """It waits for the import of botocore."""
        assert installed.run("-c", REPORT) == WAITING

    def test_isolated_mode_does_not_turn_it_off(self, installed: Environment) -> None:
        """`-I` ignores the user's site-packages, not those of the environment."""
        assert installed.run("-I", "-c", REPORT) == WAITING

    def test_no_site_turns_it_off(self, installed: Environment) -> None:
        """`-S` reads no start-up file."""
        snippet = "import sys; print([name for name in sys.modules if 'sso' in name])"
        assert installed.run("-S", "-c", snippet) == "[]"

    @pytest.mark.parametrize("value", ["off", "OFF", " Off ", "0", "false", "no"])
    def test_the_variable_turns_it_off(self, installed: Environment, value: str) -> None:
        """Case and spaces do not matter."""
        assert installed.run("-c", REPORT, SSO_PLUGIN=value) == NEITHER

    @pytest.mark.parametrize("value", ["", "on", "1", "other"])
    def test_other_values_do_not(self, installed: Environment, value: str) -> None:
        """A typing error must not turn credentials off without a message."""
        assert installed.run("-c", REPORT, SSO_PLUGIN=value) == WAITING


class TestRegistration:
    """From the import of botocore to the session."""

    @pytest.mark.long
    @pytest.mark.parametrize("module", ["botocore.session", "boto3"])
    def test_importing_botocore_registers(self, installed: Environment, module: str) -> None:
        """The import hook stays, because botocore may be imported again."""
        assert installed.run("-c", f"import {module}" + REPORT) == REGISTERED

    @pytest.mark.long
    def test_finding_the_module_registers_too(self, installed: Environment) -> None:
        """The result is the real one, so the import still works."""
        snippet = """
from importlib.util import find_spec
spec = find_spec("botocore.session")
import botocore.session
assert spec == botocore.session.__spec__
"""
        assert installed.run("-c", snippet + REPORT) == REGISTERED

    def test_importing_other_modules_of_botocore_does_not_register(
        self, installed: Environment
    ) -> None:
        """Only sessions matter."""
        assert installed.run("-c", "import botocore.exceptions" + REPORT) == WAITING

    @pytest.mark.long
    def test_each_session_is_passed_to_the_plugin_once(self, installed: Environment) -> None:
        """It is the session of the caller."""
        snippet = """
import sys, types
seen = []
sys.modules["sso_plugin.session.plugin"] = types.SimpleNamespace(enable=seen.append)
import boto3
sessions = [boto3.Session(region_name="eu-west-1")._session for _ in range(3)]
print(seen == sessions)
"""
        assert installed.run("-c", snippet) == "True"

    @pytest.mark.long
    def test_the_next_finder_is_called(self, installed: Environment) -> None:
        """The import hook itself finds nothing."""
        snippet = """
import sys
class Next:
    asked = []
    def find_spec(name, *_):
        Next.asked.append(name)
sys.meta_path.insert(1, Next)
import botocore.session
print("botocore.session" in Next.asked)
"""
        assert installed.run("-c", snippet) == "True"

    @pytest.mark.long
    @pytest.mark.parametrize("purged", ["botocore", "botocore.session"])
    def test_botocore_may_be_imported_again(self, installed: Environment, purged: str) -> None:
        """Test suites delete its modules and import it again. The sessions of both are served."""
        snippet = f"""
import sys, botocore.session
first = botocore.session.Session()
for name in [name for name in sys.modules if f"{{name}}.".startswith("{purged}.")]:
    del sys.modules[name]
import botocore.session
second = botocore.session.Session()
from sso_plugin.session.plugin import is_enabled
print(type(first) is type(second), is_enabled(second))
"""
        assert installed.run("-c", snippet + REPORT) == f"False True\n{REGISTERED}"

    @pytest.mark.long
    def test_a_module_of_botocore_may_be_reloaded(self, installed: Environment) -> None:
        """It has another session class then."""
        snippet = """
import importlib, botocore.session
from sso_plugin.session.plugin import is_enabled
importlib.reload(botocore.session)
print(is_enabled(botocore.session.Session()))
"""
        assert installed.run("-c", snippet + REPORT) == f"True\n{REGISTERED}"

    @pytest.mark.long
    @pytest.mark.parametrize("found_first", ["botocore.session", "botocore"])
    def test_another_finder_may_find_botocore_first(
        self, installed: Environment, found_first: str
    ) -> None:
        """Such as that of a tool that rewrites modules while they are imported."""
        snippet = f"""
import sys
from importlib.machinery import PathFinder
class First:
    def find_spec(name, path=None, target=None):
        return PathFinder.find_spec(name, path) if name.startswith("{found_first}") else None
sys.meta_path.insert(0, First)
import botocore.session
session = botocore.session.Session()
from sso_plugin.session.plugin import is_enabled
print(is_enabled(session))
"""
        assert installed.run("-c", snippet + REPORT) == f"True\n{REGISTERED}"

    @pytest.mark.long
    def test_a_second_call_of_the_start_up_file_adds_nothing(self, installed: Environment) -> None:
        """Before Python 3.15 a .pth file is run twice in every virtual environment."""
        again = "import site; site.main()"
        assert installed.run("-c", again + REPORT) == WAITING
        assert installed.run("-c", f"import botocore.session; {again}" + REPORT) == REGISTERED

    @pytest.mark.long
    def test_sixteen_threads_importing_register_once(self, installed: Environment) -> None:
        """All of them can use boto3."""
        assert f"16\n{REGISTERED}" == installed.run("-c", THREADS + IMPORT + REPORT)

    def test_sixteen_threads_finding_the_module_register_once(self, installed: Environment) -> None:
        """`find_spec` is called without the lock that the import system holds for a module."""
        assert f"16\n{REGISTERED}" == installed.run("-c", THREADS + LOOK + REPORT)

    @pytest.mark.long
    def test_botocore_may_be_imported_before(self, installed: Environment) -> None:
        """Such as by an earlier start-up file."""
        snippet = """
import os, botocore.session
from sso_plugin import startup
del os.environ["SSO_PLUGIN"]
startup.main()
"""
        assert installed.run("-c", snippet + REPORT, SSO_PLUGIN="off") == REGISTERED


THREADS = """
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from threading import Barrier
barrier = Barrier(16)
def race(step):
    def run(_):
        barrier.wait()
        return step()
    with ThreadPoolExecutor(16) as pool:
        print(sum(map(bool, pool.map(run, range(16)))))
"""
IMPORT = 'race(lambda: __import__("boto3").Session)'
LOOK = 'import botocore; race(lambda: find_spec("botocore.session"))'


class TestExplicitCalls:
    """`register` and `unregister`, which `enable()` and `disable()` call."""

    @pytest.mark.one_quick_case
    @pytest.mark.parametrize(
        ("calls", "expected"),
        [
            ("register", REGISTERED),
            ("register register", REGISTERED),
            ("unregister", NEITHER),
            ("unregister unregister", NEITHER),
            ("register unregister", NEITHER),
            ("unregister register", "0 1"),
            ("register unregister register", "0 1"),
            ("unregister main", WAITING),
        ],
    )
    def test_each_can_be_called_at_any_time(
        self, installed: Environment, calls: str, expected: str
    ) -> None:
        """In any order and any number of times."""
        steps = "; ".join(f"startup.{name}()" for name in calls.split())
        snippet = f"from sso_plugin import startup; {steps}"
        assert expected == installed.run("-c", snippet + REPORT)

    @pytest.mark.long
    def test_importing_botocore_after_register_changes_nothing(
        self, installed: Environment
    ) -> None:
        """The initializer is registered already."""
        snippet = "from sso_plugin import startup; startup.register(); import botocore.session"
        assert installed.run("-c", snippet + REPORT) == REGISTERED

    def test_unregister_does_not_import_botocore(self, installed: Environment) -> None:
        """That takes a quarter of a second, in a script that may not need it."""
        snippet = """
import sys
from sso_plugin import startup
startup.unregister()
print("botocore" in sys.modules)
"""
        assert installed.run("-c", snippet) == "False"


class TestProblems:
    """A problem of the plugin, or of other software, never breaks a program."""

    @pytest.mark.parametrize("module", ["botocore", "botocore.session"])
    def test_botocore_may_be_missing(self, own: Environment, module: str) -> None:
        """The program gets the usual error."""
        (own.site_packages / "zz_dependencies.pth").unlink()
        snippet = f"""
try:
    import {module}
except ModuleNotFoundError as error:
    print(error.name)
"""
        assert f"botocore\n{WAITING}" == own.run("-c", snippet + REPORT)

    @pytest.mark.long
    def test_botocore_may_be_too_old_to_register_with(self, own: Environment) -> None:
        """`register_initializer` came with botocore 1.27.11."""
        snippet = "import botocore; del botocore.register_initializer; import botocore.session"
        assert own.run("-c", snippet + REPORT) == WAITING

    @pytest.mark.long
    @pytest.mark.parametrize(
        "plugin",
        [
            "raise RuntimeError('a secret')",
            "def enable(session): raise RuntimeError('a secret')",
            "import this is no Python",
            "",
            None,
        ],
    )
    def test_a_broken_plugin_does_not_break_a_session(
        self, own: Environment, plugin: str | None
    ) -> None:
        """Neither the import of botocore nor a new session fails."""
        module = own.site_packages / "sso_plugin" / "session" / "plugin.py"
        module.unlink(missing_ok=True)
        if plugin is not None:
            module.write_text(plugin, encoding="utf-8")
        snippet = "import botocore.session; print(botocore.session.Session().profile)"
        assert own.run("-c", snippet) == "None"

    @pytest.mark.long
    def test_the_class_of_an_error_is_logged_at_debug_level(self, own: Environment) -> None:
        """Its message may have a secret."""
        plugin = own.site_packages / "sso_plugin" / "session" / "plugin.py"
        plugin.write_text("raise RuntimeError('a secret')", encoding="utf-8")
        snippet = """
import logging
logging.basicConfig(level=logging.DEBUG)
logging.getLogger("botocore").setLevel(logging.INFO)
import botocore.session
botocore.session.Session()
"""
        expected = "DEBUG:sso_plugin:Cannot enable sso_plugin in a session: RuntimeError"
        assert expected == own.run("-c", snippet)

    def test_a_finder_of_another_program_may_require_a_path(self, own: Environment) -> None:
        """Setuptools has such a finder."""
        particular = """
import sys
class Particular:
    def find_spec(name, path, target):
        pass
sys.meta_path.insert(0, Particular)
"""
        (own.site_packages / "particular.py").write_text(particular, encoding="utf-8")
        (own.site_packages / "a.pth").write_text("import particular\n", encoding="utf-8")
        assert own.run("-c", REPORT) == WAITING

    @pytest.mark.long
    @pytest.mark.parametrize("remains", ["nothing", "folder"])
    def test_a_start_up_file_without_its_package_breaks_no_program(
        self, own: Environment, remains: str
    ) -> None:
        """A message names the file that is left, and the script runs."""
        package = own.site_packages / "sso_plugin"
        shutil.rmtree(package)
        if remains == "folder":
            package.mkdir()
        printed = own.run("-c", "import botocore.session; print('it runs')")
        assert printed.endswith("it runs")
        assert "sso_plugin.pth" in printed
