"""What must become of a document, written once more and naively, from the contract alone.

It imports nothing of what it judges, and is as plain as the contract's tables are: slow, without
messages, and for documents that `documents.py` draws, not for whatever a parser may meet.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Any, Final, NamedTuple

AGENTS: Final = {
    "GID-01": "Cody",
    "GID-02": "Sonny",
    "GID-03": "Mira",
    "GID-04": "Cindy",
    "GID-05": "Atlas",
    "GID-06": "Sam",
    "GID-07": "Dan",
    "GID-08": "Alex",
    "GID-09": "Lira",
    "GID-10": "Maggie",
    "GID-12": "Ruby",
}
"""The agents that may execute; Benson, GID-00, is none of them."""
REQUIRED: Final = frozenset(
    {
        "pac_id",
        "agent_gid",
        "agent_name",
        "execution_timestamp",
        "tasks_completed",
        "tasks_total",
        "files_modified",
        "quality_score",
        "scope_compliance",
        "execution_time_ms",
    }
)
OPTIONAL: Final = frozenset({"files_created", "notes", "artifacts", "warnings", "test_results"})
PAC_REQUIRED: Final = frozenset({"pac_id", "agent_gid", "agent_name", "tasks"})
PAC_OPTIONAL: Final = frozenset({"execution_lane", "allowed_paths", "forbidden_paths"})
FORBIDDEN: Final = {
    "GS_131": ["wrap_id", "wrap_status", "wrap_accepted"],
    "GS_132": ["positive_closure", "closure_authority"],
    "GS_133": ["wrap_authority"],
}
CODES: Final = ("GS_131", "GS_132", "GS_133", "GS_130")
"""In the order in which one of several is reported."""
_LOOK_ALIKES: Final = str.maketrans(
    {
        "l": "i",
        "1": "i",
        "|": "i",
        "0": "o",
        "\N{CYRILLIC SMALL LETTER A}": "a",
        "\N{CYRILLIC SMALL LETTER ER}": "p",
        "\N{CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I}": "i",
        "\N{CYRILLIC SMALL LETTER ES}": "c",
    }
)


class Decision(NamedTuple):
    """`invalid_pac`, COMPLETED, BLOCKED, or FAILED where there was no result at all."""

    answer: str
    error_code: str | None = None
    failed: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        return {"COMPLETED": 0, "BLOCKED": 1, "invalid_pac": 2, "FAILED": 3}[self.answer]


def decide(document: dict[str, Any], threshold: float = 0.7) -> Decision:
    """The answer to a document: gates, code and status."""
    pac = document.get("pac")
    if type(pac) is not dict or not _is_pac(pac):
        return Decision("invalid_pac")
    failed = _failed(pac, document.get("execution_result"), threshold)
    code = _code(pac, document)
    if "execution_result" not in document:
        # An agent that is to be run, and that CP-01 refuses, is not run: nothing failed then.
        refused = _names_runner(document) and "CP-01" in failed
        return Decision("BLOCKED" if refused else "FAILED", code, failed)
    return Decision("BLOCKED" if failed or code else "COMPLETED", code, failed)


def _names_runner(document: dict[str, Any]) -> bool:
    """Whether it says how its agent is to be run: by one name, in place of a result."""
    agent = document.get("agent")
    return (
        "execution_result" not in document
        and type(agent) is dict
        and list(agent) in (["command"], ["deployment"])
        and all(_matches("[A-Za-z0-9_.-]{1,64}", name) for name in agent.values())
    )


def _is_pac(pac: dict[str, Any]) -> bool:
    if not PAC_REQUIRED <= set(pac) <= PAC_REQUIRED | PAC_OPTIONAL:
        return False
    rules = [pac.get("allowed_paths", []), pac.get("forbidden_paths", [])]
    return (
        _matches(r"PAC-[A-Z0-9-]+", pac["pac_id"])
        and len(pac["pac_id"]) <= 128
        and _matches(r"GID-[0-9][0-9]", pac["agent_gid"])
        and _is_name(pac["agent_name"])
        and type(pac["tasks"]) is list
        and all(_is_task(task) for task in pac["tasks"])
        and len({task["id"] for task in pac["tasks"]}) == len(pac["tasks"])
        and type(pac.get("execution_lane", "")) is str
        and all(_is_texts(listed) for listed in rules)
        and all(_is_clean(rule.removesuffix("/")) for listed in rules for rule in listed)
    )


def _is_task(task: Any) -> bool:
    return (
        type(task) is dict
        and set(task) == {"id", "description"}
        and _is_name(task["id"])
        and type(task["description"]) is str
    )


def _failed(pac: dict[str, Any], result: Any, threshold: float) -> tuple[str, ...]:
    failed = []
    if AGENTS.get(pac["agent_gid"], "").lower() != pac["agent_name"].lower():
        failed.append("CP-01")
    if type(result) is not dict:
        return (*failed, "CP-02", "CP-03", "CP-04")
    listed = [result.get("files_modified", []), result.get("files_created", [])]
    if (
        result.get("scope_compliance") is not True
        or not all(_is_texts(paths) for paths in listed)
        or not all(_is_in_scope(path, pac) for paths in listed for path in paths)
    ):
        failed.append("CP-02")
    if not _is_number(result.get("quality_score"), threshold, 1):
        failed.append("CP-03")
    done, total = result.get("tasks_completed"), result.get("tasks_total")
    wanted = [task["id"] for task in pac["tasks"]]
    if (
        not _is_names(done)
        or not done
        or len(set(done)) < len(done)
        or type(total) is not int
        or total < len(done)
        or (wanted and set(done) != set(wanted))
    ):
        failed.append("CP-04")
    return tuple(failed)


def _code(pac: dict[str, Any], document: dict[str, Any]) -> str | None:
    result = document.get("execution_result")
    members = {"pac", "execution_result"} | ({"agent"} if _names_runner(document) else set())
    beside = {k: v for k, v in document.items() if k not in members}
    names = {_plain(key) for key in [*_keys(result), *_keys(beside)]}
    found = {
        code
        for code, fields in FORBIDDEN.items()
        if any(_plain(field) in names for field in fields)
    }
    if type(result) is dict and _is_benson(result.get("agent_gid")):
        found.add("GS_133")
    if beside or type(result) is not dict or not _fits(result, pac):
        found.add("GS_130")
    return next((code for code in CODES if code in found), None)


def _fits(result: dict[str, Any], pac: dict[str, Any]) -> bool:
    if not REQUIRED <= set(result) <= REQUIRED | OPTIONAL:
        return False
    counts = result.get("test_results", {"passed": 0, "failed": 0, "skipped": 0})
    return (
        result["pac_id"] == pac["pac_id"]
        and result["agent_gid"] == pac["agent_gid"]
        and _is_name(result["agent_name"])
        and result["agent_name"].lower() == pac["agent_name"].lower()
        and _is_time(result["execution_timestamp"])
        and _is_names(result["tasks_completed"])
        and _is_count(result["tasks_total"])
        and result["tasks_total"] >= len(result["tasks_completed"])
        and _is_texts(result["files_modified"])
        and _is_texts(result.get("files_created", []))
        and _is_number(result["quality_score"], 0, 1)
        and type(result["scope_compliance"]) is bool
        and _is_count(result["execution_time_ms"])
        and type(result.get("notes", "")) is str
        and type(result.get("artifacts", {})) is dict
        and type(result.get("warnings", [])) is list
        and type(counts) is dict
        and set(counts) == {"passed", "failed", "skipped"}
        and all(_is_count(count) for count in counts.values())
    )


def _is_clean(path: str) -> bool:
    parts = path.split("/")
    return (
        not path.startswith("/")
        and not re.match("[A-Za-z]:", path)
        and "\\" not in path
        and path.isprintable()
        and not any(part in {"", ".", ".."} or part[0] == "~" for part in parts)
    )


def _is_in_scope(path: str, pac: dict[str, Any]) -> bool:
    def under(rules: list[str]) -> bool:
        folders = [rule.removesuffix("/") for rule in rules]
        return any(path == folder or path.startswith(f"{folder}/") for folder in folders)

    allowed = pac.get("allowed_paths", [])
    return (
        _is_clean(path)
        and not under(pac.get("forbidden_paths", []))
        and (not allowed or under(allowed))
    )


def _keys(value: Any) -> list[str]:
    if type(value) is dict:
        return [*value, *(key for member in value.values() for key in _keys(member))]
    if type(value) is list:
        return [key for item in value for key in _keys(item)]
    return []


def _plain(name: str) -> str:
    """A name without case, separators and marks, its look-alikes all one letter."""
    letters = unicodedata.normalize("NFKD", name).lower().translate(_LOOK_ALIKES)
    return re.sub("[^a-z]", "", letters)


def _is_benson(gid: Any) -> bool:
    return type(gid) is str and re.sub("[^a-z0-9]", "", gid.lower()) == "gid00"


def _is_time(text: Any) -> bool:
    found = re.fullmatch(
        r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]00:00)", str(text), re.ASCII
    )
    if type(text) is not str or found is None:
        return False
    try:
        datetime(*map(int, found.groups()[:6]))  # type: ignore[arg-type]
    except ValueError:
        return False
    return True


def _matches(pattern: str, text: Any) -> bool:
    return type(text) is str and re.fullmatch(pattern, text) is not None


def _is_name(text: Any) -> bool:
    return type(text) is str and text != ""


def _is_names(value: Any) -> bool:
    return type(value) is list and all(_is_name(item) for item in value)


def _is_texts(value: Any) -> bool:
    return type(value) is list and all(type(item) is str for item in value)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_number(value: Any, low: float, high: float) -> bool:
    return type(value) in {int, float} and low <= value <= high
