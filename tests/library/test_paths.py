"""Paths: relative and POSIX, and rules that cover whole segments."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benson_execution.pac import PathRules, path_problem

from .helpers import law

segments = st.text(
    st.characters(categories=["L", "N"], include_characters="-_.+ ~"), min_size=1, max_size=6
).filter(lambda s: s not in (".", "..") and not s.startswith("~"))
clean_paths = st.lists(segments, min_size=1, max_size=5).map("/".join)


def path_within(path: str, rule: str) -> bool:
    """Whether one rule covers a path."""
    return PathRules((rule,)).covering(path) is not None


@pytest.mark.parametrize(
    "path",
    [
        "a",
        "a/b.py",
        "tools/governance/ci_renderer.py",
        ".github/workflows/ci.yml",
        "...",
        "a/...b/c..",
        "a b/c",
        "backup.py~",
        "ä/ö.py",
        "-rf",
        "ab:c",
    ],
)
def test_a_relative_posix_path_is_clean(path: str) -> None:
    """No problem is found with it."""
    assert path_problem(path) is None


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("", "is empty"),
        ("/", "is absolute"),
        ("/etc/passwd", "is absolute"),
        ("//a", "is absolute"),
        ("C:/a", "is absolute"),
        ("c:a", "is absolute"),
        ("a\\b", "backslash"),
        ("\\a", "backslash"),
        ("..", "'..'"),
        ("../a", "'..'"),
        ("a/../b", "'..'"),
        ("a/..", "'..'"),
        (".", "'.'"),
        ("./a", "'.'"),
        ("a/./b", "'.'"),
        ("a//b", "''"),
        ("a/", "''"),
        ("~", "'~'"),
        ("~/a", "'~'"),
        ("~root/a", "'~'"),
        ("a/~/b", "'~'"),
        ("a\nb", "unprintable"),
        ("a\x00b", "unprintable"),
        ("a\u202eb", "unprintable"),
    ],
)
def test_any_other_path_has_a_problem_that_is_named(path: str, problem: str) -> None:
    """Absolute or empty, with a backslash, `~`, or a segment that goes nowhere or up."""
    found = path_problem(path)
    assert found is not None
    assert problem in found


@law
@given(clean_paths)
def test_what_is_clean_stays_where_it_is(path: str) -> None:
    """A path of plain segments is clean, means what it says, and is its own rule."""
    assume(":" not in path)
    assert path_problem(path) is None
    assert posixpath.normpath(path) == path
    assert path_within(path, path)
    assert path_within(path, path + "/")


@law
@given(
    st.text(max_size=12) | st.lists(st.sampled_from(["a", "..", ".", "", "~", "\\"])).map("/".join)
)
def test_a_clean_path_can_not_leave_its_folder(path: str) -> None:
    """Whatever it is made of: what has no problem stays below the folder that it is joined to."""
    if path_problem(path) is None:
        joined = posixpath.normpath(posixpath.join("/base", path))
        assert joined.startswith("/base/")
        assert "\\" not in path


@law
@given(clean_paths, clean_paths)
def test_a_folder_covers_all_that_is_below_it(folder: str, path: str) -> None:
    """With or without the slash at its end, and never the other way round."""
    assert path_within(f"{folder}/{path}", folder)
    assert path_within(f"{folder}/{path}", f"{folder}/")
    assert not path_within(folder, f"{folder}/{path}")


@law
@given(clean_paths, segments, st.lists(segments, max_size=2))
def test_whole_segments_are_compared(folder: str, more: str, below: list[str]) -> None:
    """`tools/` does not cover `tools2/x`."""
    assert not path_within("/".join([folder + more, *below]), folder)
    assert not path_within("/".join([more + folder, *below]), folder)


@law
@given(clean_paths, clean_paths)
def test_a_path_is_within_a_rule_exactly_when_its_first_segments_are_the_rules(
    path: str, rule: str
) -> None:
    """Said once more, without splitting: the rule with a slash begins the path with a slash."""
    assert path_within(path, rule) is f"{path}/".startswith(f"{rule}/")


@pytest.mark.parametrize(
    ("path", "rule", "within"),
    [
        ("tools/governance/a.py", "tools/governance/", True),
        ("tools/governance/a.py", "tools", True),
        ("tools/governance2/a.py", "tools/governance/", False),
        ("tools/governance", "tools/governance/", True),
        ("Tools/governance/a.py", "tools/", False),
        ("docs/tools/a.py", "tools/", False),
        ("a.py", "a.py", True),
        ("a.pyc", "a.py", False),
    ],
)
def test_a_rule_matches_case_sensitively_and_from_the_start(
    path: str, rule: str, within: bool
) -> None:
    """Examples of what a rule covers and what not."""
    assert path_within(path, rule) is within
