"""The rule of human review: what a setting may say, and for whom a person is asked."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benson_execution.errors import InvalidSettings
from benson_execution.review_rule import NO_REVIEW, ReviewMode, ReviewRule
from benson_execution.settings import Settings

from .helpers import law

SCORES = st.none() | st.floats(0, 1)
GIDS = st.integers(0, 99).map("GID-{:02d}".format)
RULES = (
    st.sampled_from([ReviewRule(), ReviewRule(ReviewMode.ALWAYS)])
    | st.floats(0, 1).map(lambda score: ReviewRule(ReviewMode.BELOW, score))
    | st.lists(GIDS, min_size=1, unique=True).map(
        lambda gids: ReviewRule(ReviewMode.AGENTS, agents=tuple(gids))
    )
)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("never", ReviewRule()),
        ("always", ReviewRule(ReviewMode.ALWAYS)),
        (" Always ", ReviewRule(ReviewMode.ALWAYS)),
        ("below:0.9", ReviewRule(ReviewMode.BELOW, 0.9)),
        ("BELOW : 1", ReviewRule(ReviewMode.BELOW, 1.0)),
        ("below:0", ReviewRule(ReviewMode.BELOW, 0.0)),
        ("agents:GID-07", ReviewRule(ReviewMode.AGENTS, agents=("GID-07",))),
        ("agents: gid-08, GID-07 ", ReviewRule(ReviewMode.AGENTS, agents=("GID-08", "GID-07"))),
        ("agents:GID-07,gid-07", ReviewRule(ReviewMode.AGENTS, agents=("GID-07",))),
    ],
)
def test_a_rule_is_read_in_any_case_and_with_blanks(text: str, rule: ReviewRule) -> None:
    """An agent that is named twice is named once."""
    assert ReviewRule.parse(text) == rule


@pytest.mark.parametrize(
    "text",
    [
        "", "sometimes", "never:", "always:", "always:0.9", "never:GID-07", "below", "below:",
        "below:high", "below:1.1", "below:-0.1", "below:nan", "below:inf", "below:0.9,0.8",
        "agents", "agents:", "agents:Dan", "agents:GID-7", "agents:GID-007", "agents:GID-07,",
        "agents:GID-07;GID-08", "agents:GID-\u0660\u0667", ":0.9",
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused_with_what_a_rule_looks_like(text: str) -> None:
    """A rule that was misread might ask nobody, so nothing is guessed."""
    with pytest.raises(ValueError, match=r"never, always, below:0\.9 or agents:GID-07,GID-08"):
        ReviewRule.parse(text)


@pytest.mark.parametrize(
    ("threshold", "score", "asked"),
    [
        (0.9, 0.9, False),
        (0.9, math.nextafter(0.9, 0), True),
        (0.9, math.nextafter(0.9, 1), False),
        (0.9, 0.0, True),
        (0.9, 1, False),
        (0.0, 0.0, False),
        (1.0, 1.0, False),
        (1.0, math.nextafter(1.0, 0), True),
        (0.9, None, True),
        (0.0, None, True),
    ],
)
def test_below_asks_for_lower_scores_only(
    threshold: float, score: float | None, asked: bool
) -> None:
    """Not at the score itself; but always where there is no score that could be compared."""
    rule = ReviewRule(ReviewMode.BELOW, threshold)
    assert rule.applies("GID-07", score) is asked


@law
@given(GIDS, SCORES)
def test_never_and_always_look_at_nothing(gid: str, score: float | None) -> None:
    assert ReviewRule().applies(gid, score) is False
    assert ReviewRule(ReviewMode.ALWAYS).applies(gid, score) is True


@law
@given(st.lists(GIDS, min_size=1), GIDS, SCORES)
def test_agents_asks_for_the_named_whatever_their_score(
    named: list[str], gid: str, score: float | None
) -> None:
    rule = ReviewRule(ReviewMode.AGENTS, agents=tuple(named))
    assert rule.applies(gid, score) is (gid in named)


def test_without_a_rule_nobody_is_asked() -> None:
    assert ReviewRule() == NO_REVIEW
    assert NO_REVIEW.mode == "never"


@law
@given(RULES)
def test_a_rule_comes_back_from_what_is_recorded(rule: ReviewRule) -> None:
    """Through JSON, to the last digit; and so does a rule from its setting."""
    assert ReviewRule.from_dict(json.loads(json.dumps(rule.to_dict()))) == rule
    rest = {"below": f":{rule.score!r}", "agents": f":{','.join(rule.agents)}"}.get(rule.mode, "")
    assert ReviewRule.parse(f"{rule.mode}{rest}") == rule


def test_what_is_recorded_is_written_down() -> None:
    """Every member, whichever rule it is."""
    assert ReviewRule.parse("below:0.9").to_dict() == {"mode": "below", "score": 0.9, "agents": []}
    named = {"mode": "agents", "score": None, "agents": ["GID-07"]}
    assert ReviewRule.parse("agents:gid-07").to_dict() == named


@pytest.mark.parametrize(
    "recorded",
    [
        {},
        {"mode": "never"},
        {"mode": "never", "score": None},
        {"mode": "sometimes", "score": None, "agents": []},
        {"mode": "agents", "score": None, "agents": None},
        {"mode": "agents", "score": None, "agents": 7},
    ],
)
def test_what_was_recorded_and_is_no_rule_is_refused(recorded: dict[str, object]) -> None:
    """By errors that whoever judges again knows."""
    with pytest.raises((ValueError, KeyError, TypeError)):
        ReviewRule.from_dict(recorded)


def test_the_setting_is_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one nobody is asked; one that is wrong is named with its variable."""
    assert Settings.load().human_review == NO_REVIEW
    monkeypatch.setenv("BENSON_HUMAN_REVIEW", "below:0.95")
    assert Settings.load().human_review == ReviewRule(ReviewMode.BELOW, 0.95)
    monkeypatch.setenv("BENSON_HUMAN_REVIEW", "often")
    with pytest.raises(InvalidSettings, match=r"BENSON_HUMAN_REVIEW.*never, always"):
        Settings.load()
