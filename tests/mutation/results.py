"""What became of the mutants, and whether each survivor is one of those that are explained."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

SURVIVORS: Final = Path(__file__).with_name("survivors.toml")
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "phases": ("benson_execution.phases.*",),
    "result": ("benson_execution.result.*", "benson_execution.forbidden.*"),
    "verification": ("benson_execution.verification.*",),
}
"""What can be asked for, and how mutmut calls the mutants in it."""
_PACKAGE: Final = Path(__file__).parents[2] / "benson_execution"
_NOTICED: Final = {"killed", "timeout", "segfault"}


@dataclass(frozen=True, order=True, slots=True)
class Change:
    """A mutant by what it changes, and not by mutmut's number: that is another one tomorrow."""

    where: str
    """`phases/scope.py judge`, or `verification/log.py LogVerifier.take`."""
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mutant; `change` is read for survivors only, since reading it takes a moment."""

    name: str
    where: str
    status: str
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Survivors that are explained, those that are not, and explanations without a survivor."""

    explained: list[tuple[Change, str]]
    unexplained: list[Change]
    stale: list[Change]

    @property
    def is_fine(self) -> bool:
        return not self.unexplained and not self.stale

    def summary(self, mutants: list[Mutant]) -> str:
        """For whoever reads the terminal."""
        lines = []
        for module, counted in sorted(_by_module(mutants).items()):
            lines.append(f"{module}: {', '.join(f'{n} {s}' for s, n in sorted(counted.items()))}")
        for title, changes in (
            ("not explained in survivors.toml:", self.unexplained),
            ("explained there, and killed or gone:", self.stale),
        ):
            for change in changes:
                lines += [f"{title} {change.where}", f"    - {change.was}", f"    + {change.now}"]
        total = f"{len(mutants)} mutants, {len(self.explained)} survivors explained, "
        return "\n".join(
            [*lines, f"{total}{len(self.unexplained)} not, {len(self.stale)} explanations stale"]
        )


def patterns_of(name: str) -> tuple[str, ...]:
    """How mutmut calls the mutants of a group, or of one module: `verification/trail`."""
    if name in GROUPS:
        return GROUPS[name]
    pattern = f"benson_execution.{name.replace('/', '.')}.*"
    mutated = any(fnmatch(pattern, one) for patterns in GROUPS.values() for one in patterns)
    return (pattern,) if mutated and (_PACKAGE / f"{name}.py").is_file() else ()


def collect(folder: Path, groups: Iterable[str]) -> list[Mutant]:
    """What mutmut found out, from the files that it leaves beside the mutated modules."""
    patterns = [pattern for name in groups for pattern in patterns_of(name)]
    found = []
    for meta in sorted(folder.glob("benson_execution/**/*.py.meta")):
        path = str(meta.relative_to(folder)).removesuffix(".meta")
        codes: dict[str, int | None] = json.loads(meta.read_bytes())["exit_code_by_key"]
        for name, code in codes.items():
            if any(fnmatch(name, pattern) for pattern in patterns):
                found.append(_mutant(name, path, status_by_exit_code[code]))
    return found


def _mutant(name: str, path: str, status: str) -> Mutant:
    function, class_name = orig_function_and_class_names_from_key(name)
    qualified = f"{class_name}.{function}" if class_name else function
    where = f"{path.removeprefix('benson_execution/')} {qualified}"
    if status in _NOTICED:
        return Mutant(name, where, status)
    lines = get_diff_for_mutant(name, path=path).splitlines()[2:]
    was, now = (
        " ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+"
    )
    return Mutant(name, where, status, Change(where, was, now))


def compare(mutants: list[Mutant], groups: Iterable[str]) -> Comparison:
    """Survivors against `survivors.toml`, as far as it tells of these groups."""
    known = {
        change: why
        for change, why in explanations(SURVIVORS).items()
        if any(_belongs(change.where, name) for name in groups)
    }
    survived = {mutant.change for mutant in mutants if mutant.change is not None}
    return Comparison(
        explained=sorted((change, why) for change, why in known.items() if change in survived),
        unexplained=sorted(survived - known.keys()),
        stale=sorted(known.keys() - survived),
    )


def explanations(path: Path) -> dict[Change, str]:
    """The survivors that may be, each with its reason."""
    listed: dict[str, list[dict[str, Any]]] = tomllib.loads(path.read_text())
    return {
        Change(entry["where"], was, now): " ".join(entry["why"].split())
        for entry in listed.get("survivors", [])
        for was, now in entry["mutants"]
    }


def _belongs(where: str, group: str) -> bool:
    module = "benson_execution." + where.partition(".py ")[0].replace("/", ".") + "."
    return any(fnmatch(module, pattern) for pattern in patterns_of(group))


def _by_module(mutants: list[Mutant]) -> dict[str, Counter[str]]:
    counted: dict[str, Counter[str]] = {}
    for mutant in mutants:
        counted.setdefault(mutant.where.partition(" ")[0], Counter())[mutant.status] += 1
    return counted


def write(path: Path, mutants: list[Mutant], compared: Comparison, seconds: float) -> None:
    """The results for programs, with every survivor and its reason."""
    path.parent.mkdir(exist_ok=True)
    results = {
        "seconds": round(seconds),
        "mutants": len(mutants),
        "modules": {name: dict(counted) for name, counted in _by_module(mutants).items()},
        "explained": [{**asdict(change), "why": why} for change, why in compared.explained],
        "unexplained": [asdict(change) for change in compared.unexplained],
        "stale": [asdict(change) for change in compared.stale],
    }
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
