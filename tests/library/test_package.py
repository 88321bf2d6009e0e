"""The package itself: what it exports, what it says of itself, and what it never imports."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import benson_execution
from benson_execution import errors

ROOT = Path(benson_execution.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))
MODULES = sorted(
    [m.name for m in pkgutil.walk_packages(benson_execution.__path__, "benson_execution.")]
)


def names(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_all_is_sorted_and_names_just_the_exports() -> None:
    """`__all__` is what `from benson_execution import *` gives, in order, each once."""
    listed = benson_execution.__all__
    assert listed == sorted(set(listed))
    public = {
        name
        for name, value in vars(benson_execution).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert set(listed) == public | {"__version__"}
    scope: dict[str, object] = {}
    exec("from benson_execution import *", scope)
    assert set(scope) - {"__builtins__"} == set(listed)


def test_what_the_contracts_examples_import_is_exported() -> None:
    """`TelemetryLogger` and `BensonExecutionEngine`."""
    assert {"TelemetryLogger", "BensonExecutionEngine"} <= set(benson_execution.__all__)


def test_the_version_is_one() -> None:
    """Three numbers."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", benson_execution.__version__)


@pytest.mark.parametrize("path", SOURCES, ids=names)
def test_every_module_says_what_it_is(path: Path) -> None:
    """A docstring at its head."""
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", SOURCES, ids=names)
def test_no_module_imports_prefect(path: Path) -> None:
    """Nowhere, not even inside a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        imported = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        assert not [name for name in imported if name.split(".")[0] == "prefect"]
    assert not re.search(r"^\s*(import|from) prefect\b", path.read_text(), re.MULTILINE)


def test_importing_every_module_leaves_prefect_out() -> None:
    """In a fresh process: a program that only judges does not pay for an orchestrator."""
    assert len(MODULES) > 20
    imported = [name for name in MODULES if name != "benson_execution.trail.migrations.env"]
    assert len(imported) == len(MODULES) - 1, "alembic's entry, which only alembic runs"
    code = f"""
import importlib, sys
for name in {imported!r}:
    importlib.import_module(name)
foreign = sorted({{n.split(".")[0] for n in sys.modules}} & {{"prefect", "flows", "tasks"}})
sys.exit(f"imported: {{foreign}}" if foreign else 0)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT.parent,
        env=os.environ | {"PYTHONPATH": str(ROOT.parent)},
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_public_name_says_what_it_is() -> None:
    """A docstring of its own, not an inherited one."""
    for name in set(benson_execution.__all__) - {"__version__"}:
        value = getattr(benson_execution, name)
        assert (vars(value) if inspect.isclass(value) else {"__doc__": value.__doc__})["__doc__"]


def test_the_docstring_is_a_map_of_the_package() -> None:
    """Every public module and package stands in it."""
    told = str(benson_execution.__doc__)
    for name in MODULES:
        _, _, module = name.partition(".")
        if "." not in module and module not in INNER:
            assert re.search(rf"\b{module}\b", told), module


INNER = {
    "cli",
    "faults",
    "frozen",
    "prefect_environment",
    "schema",
    "text",
    "timeline",
    "version",
}
"""Modules that are nobody's business but the package's own."""


def test_every_error_is_of_one_root_and_drawn_in_the_tree() -> None:
    """The tree in the docstring has each of them, with its exit code."""
    classes = [
        value
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, Exception)
    ]
    assert len(classes) > 10
    for error in classes:
        assert issubclass(error, errors.BensonError)
        assert re.search(rf"\b{error.__name__}\b", str(errors.__doc__))
    codes = {e.__name__: e.exit_code for e in classes if issubclass(e, errors.BensonError)}
    assert codes["BadInput"] == codes["EventRefused"] == 2
    assert codes["ExecutionFailed"] == codes["AppendRefused"] == 3
    assert codes["NotVerified"] == 4
    assert codes["TrailUnavailable"] == codes["TrailVersion"] == 5
    assert 1 not in codes.values()


def test_an_error_has_a_message_and_a_hint() -> None:
    """The message for the log, the hint for the person; both when it is printed."""
    error = errors.BensonError("what", "do this")
    assert (error.message, error.hint, str(error)) == ("what", "do this", "what (do this)")
    assert str(errors.BensonError("what")) == "what"
    assert errors.BadInput("what", line=3).line == 3


def test_no_module_reads_the_environment_but_the_settings() -> None:
    """Every setting is read in one place; what Prefect must find is set in another."""
    reading = {
        names(path) for path in SOURCES if re.search(r"os\.(environ|getenv)", path.read_text())
    }
    assert {name for name in reading if "/" not in name} <= {
        "settings.py",
        "prefect_environment.py",
    }
    assert importlib.import_module("benson_execution.settings").Settings is not None
