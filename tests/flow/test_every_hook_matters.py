"""Each telemetry hook, removed or raising, in a run in which it fires: nothing passes without it.

Prefect logs an exception in a hook and goes on, so these are two ways to the same silence.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from benson_execution import Trail
from flows.pac_execution import pac_execution
from tasks.activation import activation
from tasks.ber_decision import ber_decision
from tasks.completion import completion
from tasks.quality import quality
from tasks.schema_validation import schema_validation
from tasks.scope import scope
from tasks.wrap import wrap
from tests.flow.documents import document, refused_by

SUCCESS_PATH: Final = [
    (pac_execution, "on_running_hooks"),
    (activation, "on_running_hooks"),
    (activation, "on_completion_hooks"),
    (scope, "on_completion_hooks"),
    (quality, "on_completion_hooks"),
    (completion, "on_completion_hooks"),
    (schema_validation, "on_completion_hooks"),
    (ber_decision, "on_completion_hooks"),
    (wrap, "on_completion_hooks"),
]
FAILURE_PATH: Final = [
    (activation, "on_failure_hooks", "CP-01"),
    (scope, "on_failure_hooks", "CP-02"),
    (quality, "on_failure_hooks", "CP-03"),
    (completion, "on_failure_hooks", "CP-04"),
    (schema_validation, "on_failure_hooks", "GS_130"),
    (ber_decision, "on_failure_hooks", "CP-03"),
    (wrap, "on_failure_hooks", "CP-03"),
]


async def _raise(*_: Any, **__: Any) -> None:
    raise RuntimeError("the hook is broken")


Sabotage = Callable[[pytest.MonkeyPatch, Any, str], None]


def removed(patch: pytest.MonkeyPatch, owner: Any, hooks: str) -> None:
    assert getattr(owner, hooks), "there is no hook to remove"
    patch.setattr(owner, hooks, [])


def raising(patch: pytest.MonkeyPatch, owner: Any, hooks: str) -> None:
    assert getattr(owner, hooks), "there is no hook to break"
    patch.setattr(owner, hooks, [_raise])


def name_of(value: Any) -> str | None:
    return getattr(value, "name", None) or getattr(value, "__name__", None)


def statuses(trail: Trail) -> list[str]:
    """The statuses with which dispatches of the trail were closed."""
    return [s.event.data.status for s in trail.events(event_type="PAC_DISPATCH_END")]


def wraps(trail: Trail) -> list[str]:
    """The WRAPs that the trail holds."""
    found = trail.events(event_type="WRAP_GENERATION")
    return [s.event.data.wrap_id for s in found if s.event.data.wrap_id is not None]


@pytest.mark.parametrize("sabotage", [removed, raising], ids=name_of)
@pytest.mark.parametrize(("owner", "hooks"), SUCCESS_PATH, ids=name_of)
async def test_without_a_hook_a_good_run_ends_failed_and_has_no_wrap(
    owner: Any,
    hooks: str,
    sabotage: Sabotage,
    prefect: str,
    trail: Trail,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No telemetry, no WRAP: what was not recorded has not happened."""
    sabotage(monkeypatch, owner, hooks)

    state = await pac_execution(document=document(), return_state=True)

    assert state.is_failed()
    assert statuses(trail) == ["FAILED"]
    assert wraps(trail) == []


@pytest.mark.parametrize("sabotage", [removed, raising], ids=name_of)
@pytest.mark.parametrize(("owner", "hooks", "refusal"), FAILURE_PATH, ids=name_of)
async def test_without_a_hook_a_refused_run_ends_failed_and_has_no_wrap(
    owner: Any,
    hooks: str,
    refusal: str,
    sabotage: Sabotage,
    prefect: str,
    trail: Trail,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A refusal that was not recorded is no refusal, and still less a passed gate."""
    sabotage(monkeypatch, owner, hooks)

    state = await pac_execution(document=refused_by(refusal), return_state=True)

    assert state.is_failed()
    assert statuses(trail) == ["FAILED"]
    assert wraps(trail) == []


async def _break_the_body(_dispatch: Any) -> None:
    raise RuntimeError("something nobody thought of")


async def test_an_exception_in_the_flow_closes_the_dispatch_as_failed(
    prefect: str, trail: Trail, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`PAC_DISPATCH_END` FAILED is in the trail, and the artifact is written."""
    monkeypatch.setattr("flows.pac_execution._judge", _break_the_body)

    state = await pac_execution(document=document(), return_state=True)

    assert state.is_failed()
    assert statuses(trail) == ["FAILED"]
    assert len(list((home / "artifacts").rglob("*.json"))) == 1


@pytest.mark.parametrize("sabotage", [removed, raising], ids=name_of)
async def test_without_the_flow_s_own_failure_hook_nothing_is_completed(
    sabotage: Sabotage, prefect: str, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dispatch stays open, which is no status at all; it is never COMPLETED."""
    monkeypatch.setattr("flows.pac_execution._judge", _break_the_body)
    sabotage(monkeypatch, pac_execution, "on_failure_hooks")

    state = await pac_execution(document=document(), return_state=True)

    assert state.is_failed()
    assert statuses(trail) == []
    assert wraps(trail) == []
