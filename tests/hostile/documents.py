"""Documents drawn by lot: good ones of every shape, and the same with a few things changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hypothesis import strategies as st

from .oracle import AGENTS, FORBIDDEN, OPTIONAL, PAC_REQUIRED, REQUIRED

Document = dict[str, Any]
Mutation = Callable[[st.DrawFn, Document], None]

TEXT: Final = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
"""Any text that a record can hold."""
SCALARS: Final = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
KEYS: Final = st.sampled_from(
    ["a", "b", "summary", "wrap", "wrapper_id", "my_wrap_id", "closure", "authority", "id", ""]
)
"""Names that are free, though some resemble forbidden ones."""
VALUES: Final = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
GOOD_TIMES: Final = (
    "2025-12-24T20:12:00Z",
    "2025-12-24T20:12:00.5+00:00",
    "2024-02-29T00:00:00-00:00",
)
BAD_TIMES: Final = (
    "2025-12-24T20:12:00",
    "2025-12-24T20:12:00+02:00",
    "2025-02-29T20:12:00Z",
    "2025-12-24",
    "2025-12-24T20:12:00z",
    "",
    0,
    None,
)
INSIDE: Final = ("src/app.py", "src/x/y.py", "README.md", "src/..x", "src/a%2fb", "src")
BAD_PATHS: Final = (
    "../src/app.py",
    "src/../../x",
    "/src/app.py",
    "C:/src/app.py",
    "src\\app.py",
    "~/src",
    "src//app.py",
    "src/./app.py",
    "src2/app.py",
    "SRC/app.py",
    "src/secret/key",
    "README.md.bak",
    "src/\N{RIGHT-TO-LEFT OVERRIDE}x",
    "src/\n",
    "",
    ".",
)
SCORES: Final = (0.7, 0.71, 1, 1.0, 0.9, 0.7000000000000001)
BAD_SCORES: Final = (0.69, 0.6999999999999999, 0, -0.0, 1.0000001, -0.1, 90, "0.9", True, None, [1])
WRONG: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    2.0,
    "",
    "x",
    [],
    [None],
    [""],
    {},
    {"a": 1},
)
"""Values of every type."""
RUNNERS: Final = ("dan", "dan", "a.B-c_9", "wrap_id", "x" * 65, "", "a/b", "dan\n", 7, ["dan"])
"""What may stand for a runner's name, and what may not."""
SPELLINGS: Final[tuple[Callable[[str], str], ...]] = (
    str,
    str.upper,
    str.title,
    lambda f: f.replace("_", "-"),
    lambda f: f.replace("_", ""),
    lambda f: f.replace("_", " . "),
    lambda f: f"__{f}__",
    lambda f: f.replace("_", "\N{ZERO WIDTH SPACE}"),
    lambda f: f.replace("a", "\N{CYRILLIC SMALL LETTER A}").replace(
        "p", "\N{CYRILLIC SMALL LETTER ER}"
    ),
    lambda f: f.replace("i", "1").replace("o", "0"),
    lambda f: "".join(chr(ord(c) + 0xFEE0) for c in f),
    lambda f: "".join(chr(ord(c) + 0x1D41A - ord("a")) if c != "_" else c for c in f),
    lambda f: f.replace("s", "s\N{COMBINING ACUTE ACCENT}").replace(
        "d", "d\N{COMBINING DOT BELOW}"
    ),
)
"""Ways to write a forbidden field so that it is one all the same."""


@st.composite
def good_documents(draw: st.DrawFn, pac_id: str) -> Document:
    """One that passes every gate."""
    gid = draw(st.sampled_from(sorted(AGENTS)))
    name = AGENTS[gid]
    case: st.SearchStrategy[Callable[[str], str]] = st.sampled_from([str, str.upper, str.lower])
    tasks = draw(
        st.lists(st.sampled_from(["T1", "T2", "T3", "t1", "T 1"]), unique=True, max_size=4)
    )
    done = draw(st.permutations(tasks)) if tasks else ["anything"]
    pac: Document = {
        "pac_id": pac_id,
        "agent_gid": gid,
        "agent_name": draw(case)(name),
        "tasks": [{"id": task, "description": draw(TEXT)} for task in tasks],
    }
    if draw(st.booleans()):
        pac["allowed_paths"] = draw(
            st.sampled_from([[], ["src/", "README.md"], ["README.md", "src"]])
        )
    if draw(st.booleans()):
        pac["forbidden_paths"] = draw(
            st.sampled_from([[], ["src/secret/"], ["docs", "src/secret"]])
        )
    if draw(st.booleans()):
        pac["execution_lane"] = draw(TEXT)
    result: Document = {
        "pac_id": pac_id,
        "agent_gid": gid,
        "agent_name": draw(case)(name),
        "execution_timestamp": draw(st.sampled_from(GOOD_TIMES)),
        "tasks_completed": list(done),
        "tasks_total": len(done) + draw(st.integers(0, 2)),
        "files_modified": draw(st.lists(st.sampled_from(INSIDE), max_size=3)),
        "quality_score": draw(st.sampled_from(SCORES)),
        "scope_compliance": True,
        "execution_time_ms": draw(st.integers(0, 2**53)),
    }
    count = st.integers(0, 9)
    optional: dict[str, st.SearchStrategy[Any]] = {
        "files_created": st.lists(st.sampled_from(INSIDE), max_size=2),
        "notes": TEXT,
        "artifacts": st.dictionaries(KEYS, VALUES, max_size=3),
        "warnings": st.lists(VALUES, max_size=2),
        "test_results": st.fixed_dictionaries({"passed": count, "failed": count, "skipped": count}),
    }
    assert set(optional) == OPTIONAL
    for field in draw(st.lists(st.sampled_from(sorted(optional)), unique=True, max_size=3)):
        result[field] = draw(optional[field])
    return {"pac": pac, "execution_result": result}


def _of_result(field: str, *values: Any) -> Mutation:
    def change(draw: st.DrawFn, document: Document) -> None:
        if type(document.get("execution_result")) is dict:
            document["execution_result"][field] = draw(st.sampled_from(values))

    return change


def _of_pac(field: str, *values: Any) -> Mutation:
    def change(draw: st.DrawFn, document: Document) -> None:
        document["pac"][field] = draw(st.sampled_from(values))

    return change


def _wrong_type(draw: st.DrawFn, document: Document) -> None:
    member = draw(st.sampled_from(["execution_result"] * 3 + ["pac"]))
    fields = document.get(member)
    if type(fields) is dict and fields:
        fields[draw(st.sampled_from(sorted(fields)))] = draw(st.sampled_from(WRONG))


def _field_gone(draw: st.DrawFn, document: Document) -> None:
    if type(document.get("execution_result")) is dict:
        document["execution_result"].pop(draw(st.sampled_from(sorted(REQUIRED))), None)


def _pac_field_gone(draw: st.DrawFn, document: Document) -> None:
    document["pac"].pop(draw(st.sampled_from(sorted(PAC_REQUIRED))), None)


def _path(draw: st.DrawFn, document: Document) -> None:
    field = draw(st.sampled_from(["files_modified", "files_created"]))
    if type(document.get("execution_result")) is dict:
        paths = [draw(st.sampled_from(INSIDE)), draw(st.sampled_from(BAD_PATHS))]
        document["execution_result"][field] = draw(st.permutations(paths))


def _tasks(draw: st.DrawFn, document: Document) -> None:
    if type(document.get("execution_result")) is dict:
        listed = ["T1", "T2", "T3", "t1", "T 1", "T9", "T1", ""]
        done = draw(st.lists(st.sampled_from(listed), max_size=4))
        total = len(done) + draw(st.sampled_from([0, 0, 1, -1]))
        document["execution_result"] |= {"tasks_completed": done, "tasks_total": total}


def _forbidden(draw: st.DrawFn, document: Document) -> None:
    field = draw(st.sampled_from([f for fields in FORBIDDEN.values() for f in fields]))
    member = {draw(st.sampled_from(SPELLINGS))(field): draw(SCALARS)}
    result = document.get("execution_result")
    place = draw(st.sampled_from(["top", "artifacts", "warnings", "beside", "beside, deeper"]))
    if place == "beside, deeper":
        document["x"] = [{"y": member}]
    elif place == "beside" or type(result) is not dict:
        document.update(member)
    elif place == "top":
        result.update(member)
    elif place == "artifacts":
        result["artifacts"] = {"a": [0, {"b": member}]}
    else:
        result["warnings"] = ["w", member]


def _stray(draw: st.DrawFn, document: Document) -> None:
    place = draw(st.sampled_from(["pac", "execution_result", "beside"]))
    target = document if place == "beside" else document.get(place)
    if type(target) is dict:
        target[draw(st.sampled_from(["comment", "Pac", "quality", "__proto__"]))] = draw(VALUES)


def _no_result(draw: st.DrawFn, document: Document) -> None:
    document["execution_result"] = draw(st.sampled_from(WRONG))
    if draw(st.integers(0, 3)) == 0:
        del document["execution_result"]


def _agent(draw: st.DrawFn, document: Document) -> None:
    """Who runs the agent, as it may be said or not; in place of the result, mostly."""
    if draw(st.integers(0, 3)):
        document.pop("execution_result", None)
    kind = draw(st.sampled_from(["command", "deployment", "command", "argv", "wrap_id"]))
    agent = {kind: draw(st.sampled_from(RUNNERS))}
    if draw(st.integers(0, 5)) == 0:
        agent[draw(st.sampled_from(["deployment", "closure_authority", "argv"]))] = "dan"
    document["agent"] = draw(st.sampled_from([agent, agent, agent, *WRONG]))


def _other_agent(draw: st.DrawFn, document: Document) -> None:
    """The PAC and its result agree, and the registry does not."""
    gid = draw(st.sampled_from(["GID-00", "GID-07", "GID-11", "GID-99"]))
    name = draw(st.sampled_from(["Benson", "Dan", "Pax", "D\N{CYRILLIC SMALL LETTER A}n"]))
    for member in ("pac", "execution_result"):
        if type(document.get(member)) is dict:
            document[member] |= {"agent_gid": gid, "agent_name": name}


MUTATIONS: Final[tuple[Mutation, ...]] = (
    _wrong_type,
    _wrong_type,
    _field_gone,
    _pac_field_gone,
    _path,
    _path,
    _tasks,
    _tasks,
    _forbidden,
    _forbidden,
    _stray,
    _no_result,
    _other_agent,
    _agent,
    _of_result("quality_score", *BAD_SCORES, *SCORES),
    _of_result("scope_compliance", False, "true", 1, None),
    _of_result("execution_timestamp", *BAD_TIMES),
    _of_result("pac_id", "PAC-ANOTHER-01", "pac-x", None),
    _of_result("agent_gid", "GID-00", "gid-00", "GID_00", "GID-08", "GID-7", "GID-07\n"),
    _of_result("agent_name", "Benson", "Alex", "Dan ", ""),
    _of_result(
        "test_results", {"passed": 1, "failed": 0}, {"passed": -1, "failed": 0, "skipped": 0}
    ),
    _of_pac("pac_id", "PAC-", "pac-x", "PAC-../x", "PAC-X\n", "PAC-" + "X" * 125, ""),
    _of_pac("agent_gid", "GID-7", "gid-07", "GID-07\n", "GID-00", None),
    _of_pac("allowed_paths", ["/etc"], ["src/.."], "src/", [""], ["docs/"], ["src//"], [1]),
    _of_pac("forbidden_paths", ["src"], ["README.md"], ["~/x"], ["."], ["sr"]),
    _of_pac(
        "tasks", [{"id": "T1", "description": ""}] * 2, [{"id": "T9", "description": ""}], ["T1"]
    ),
)


@st.composite
def documents(draw: st.DrawFn, pac_id: str = "PAC-DAN-P7-01") -> Document:
    """A good document, as often as not; else with one thing changed, or with a few."""
    document = draw(good_documents(pac_id))
    count = draw(st.sampled_from([0, 0, 0, 1, 1, 1, 2, 3]))
    for mutate in draw(st.lists(st.sampled_from(MUTATIONS), min_size=count, max_size=count)):
        if type(document.get("pac")) is dict:
            mutate(draw, document)
    return document
