"""CP-02: the agent stayed where the PAC allows, by its word and by its paths."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benson_execution.phases import scope
from benson_execution.phases.verdict import CheckpointVerdict

from .helpers import judged, law, policy

ALLOWED = ["tools/", "docs/guide.md"]
FORBIDDEN = ["tools/secret/", "chainiq/"]


def verdict(
    modified: Any = (), created: Any = (), claim: Any = True, *, allowed: Any = None
) -> CheckpointVerdict:
    """CP-02 of these paths, where `ALLOWED` and `FORBIDDEN` rule."""
    rules = {"allowed_paths": ALLOWED if allowed is None else allowed, "forbidden_paths": FORBIDDEN}
    document = judged(
        of=rules, files_modified=modified, files_created=created, scope_compliance=claim
    )
    return scope.judge(document, policy())


@pytest.mark.parametrize("paths", [["tools/a.py"], ["tools/x/y/z", "docs/guide.md"], []])
def test_paths_within_the_allowed_ones_pass(paths: list[str]) -> None:
    """Modified and created files alike, and the details count them."""
    count = "1 path" if len(paths) == 1 else f"{len(paths)} paths"
    for found in (verdict(paths), verdict((), paths)):
        assert (found.status, found.details) == ("PASS", f"{count} within the PAC's scope")


@pytest.mark.parametrize("claim", [False, None, 1, "true", "yes", [], {}])
def test_the_agents_own_word_must_be_true(claim: Any) -> None:
    """`scope_compliance` is exactly `true`."""
    found = verdict(["tools/a.py"], claim=claim)
    assert found.status == "FAIL"
    assert found.details.startswith("scope_compliance must be true, found ")


def test_a_missing_word_is_no_word() -> None:
    """Nothing was claimed, so nothing passes."""
    document = judged({"files_modified": ["tools/governance/a.py"]})
    assert scope.judge(document, policy()).details == "scope_compliance must be true, found nothing"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("chainiq/api.py", "'chainiq/api.py' is within the forbidden 'chainiq/'"),
        ("chainiq", "'chainiq' is within the forbidden 'chainiq/'"),
        ("tools/secret/key", "'tools/secret/key' is within the forbidden 'tools/secret/'"),
        ("tools2/a.py", "'tools2/a.py' is outside the allowed 'tools/', 'docs/guide.md'"),
        ("docs/guide.md.bak", "'docs/guide.md.bak' is outside the allowed"),
        ("Tools/a.py", "'Tools/a.py' is outside the allowed"),
        ("a.py", "'a.py' is outside the allowed"),
        ("", "'' is empty"),
        ("/tools/a.py", "'/tools/a.py' is absolute"),
        ("tools/../chainiq/a.py", "has the segment '..'"),
        ("tools\\a.py", "has a backslash"),
        ("~/tools/a.py", "has a '~' segment"),
        ("tools/a\x00.py", "unprintable"),
        (5, "a path must be a string, found 5"),
        (None, "a path must be a string, found null"),
        (["tools/a.py"], "a path must be a string, found a list of 1"),
    ],
)
def test_the_agents_own_word_is_not_enough(path: Any, problem: str) -> None:
    """A path out of scope is named with its reason, whichever list it stands in."""
    for found in (verdict(["tools/a.py", path]), verdict(["tools/a.py"], [path])):
        assert found.status == "FAIL"
        assert problem in found.details


@pytest.mark.parametrize("field", ["files_modified", "files_created"])
@pytest.mark.parametrize("value", [None, "tools/a.py", 5, {"tools/a.py": 1}, True])
def test_paths_come_in_a_list(field: str, value: Any) -> None:
    """A string is not a list of its letters, and an object none of its keys."""
    found = scope.judge(judged(**{field: value}), policy())
    assert found.status == "FAIL"
    assert f"{field} must be a list, found " in found.details


def test_every_problem_is_told_at_once() -> None:
    """Also the word, and both lists."""
    found = verdict(["/a"], ["chainiq/b"], claim=False)
    for problem in ("scope_compliance must be true, found false", "'/a' is absolute", "chainiq/b"):
        assert problem in found.details


def test_many_problems_are_told_with_an_end() -> None:
    """The first ten, and how many more there are; the details stay bounded."""
    found = verdict([f"/{n}" for n in range(5000)])
    assert "'/9' is absolute" in found.details
    assert "'/10'" not in found.details
    assert "and more" in found.details
    assert len(verdict(["/" + "x" * 10_000] * 100).details) <= 2000


@pytest.mark.parametrize("paths", [["a.py"], ["anywhere/at/all", "tools/a.py"]])
def test_a_pac_without_allowed_paths_states_no_limit(paths: list[str]) -> None:
    """And the details say so; what is forbidden stays forbidden, and paths stay clean."""
    found = verdict(paths, allowed=[])
    count = "1 path" if len(paths) == 1 else f"{len(paths)} paths"
    assert (found.status, found.details) == ("PASS", f"{count}; the PAC states no limit")
    assert not verdict(["chainiq/a.py"], allowed=[]).passed
    assert not verdict(["../a.py"], allowed=[]).passed


def test_created_files_may_be_left_out() -> None:
    """`files_created` is optional."""
    result = {"scope_compliance": True, "files_modified": ["tools/governance/a.py"]}
    assert scope.judge(judged(result), policy()).passed


@pytest.mark.parametrize("rule", ["tools/secret", "tools/secret/", "tools/secret/key"])
def test_forbidden_wins_over_allowed(rule: str) -> None:
    """Whichever rule is longer."""
    rules = {"allowed_paths": ["tools/secret/key", "tools/"], "forbidden_paths": [rule]}
    document = judged(of=rules, files_modified=["tools/secret/key"], files_created=[])
    assert not scope.judge(document, policy()).passed


SEGMENTS = st.sampled_from(["tools", "docs", "tools2", "secret", "a", "..", "Tools", ""])
PATHS = st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join)
RULES = st.lists(
    st.lists(st.sampled_from(["tools", "docs", "secret", "a"]), min_size=1, max_size=3).map(
        "/".join
    ),
    max_size=3,
)


@law
@given(st.lists(PATHS, max_size=3), RULES, RULES)
def test_scope_passes_exactly_when_every_path_is_in_it(
    paths: list[str], allowed: list[str], forbidden: list[str]
) -> None:
    """Said once more with string prefixes."""

    def below(path: str, rules: list[str]) -> bool:
        return any(f"{path}/".startswith(f"{rule}/") for rule in rules)

    def fine(path: str) -> bool:
        clean = path != "" and not {"", ".."} & set(path.split("/"))
        return clean and not below(path, forbidden) and (not allowed or below(path, allowed))

    document = judged(
        of={"allowed_paths": allowed, "forbidden_paths": forbidden},
        files_modified=paths,
        files_created=[],
    )
    assert scope.judge(document, policy()).passed is all(map(fine, paths))
