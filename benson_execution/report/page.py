"""The pages, from their templates. Whatever they show is made plain and escaped on the way in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from benson_execution.events import CHECKPOINT_NAMES
from benson_execution.insight.period import Period
from benson_execution.report import charts
from benson_execution.report.dispatches import MAX_SHOWN, DispatchPage
from benson_execution.report.figures import drawing
from benson_execution.report.numbers import MAX_LISTED, STATUSES, PeriodNumbers
from benson_execution.report.timeline import MAX_STEPS, timeline
from benson_execution.text import number, plain
from benson_execution.trail.port import DispatchRef
from benson_execution.version import __version__

MAX_TEXT: Final = 2000
"""How many characters of a foreign text a page shows."""
MAX_VIOLATIONS: Final = 50
MAX_FINDINGS: Final = 12
MAX_PLACES: Final = 12
"""How many causes with their fixes a dispatch shows, and how many places each of them."""
MAX_ROWS: Final = 200
"""How many dispatches a list of older ones has."""
_MAX_QUALITY_CHARTS: Final = 6
SIGNS: Final = {"COMPLETED": "●", "BLOCKED": "✕", "FAILED": "◆", "OPEN": "○"}
"""How a status is told from the others where colours can't be."""


def period_page(
    numbers: PeriodNumbers, home: Path, *, where: str, threshold: float, now: datetime
) -> str:
    """The page of a period; `threshold` is the lowest score that passes today.

    Raises `ExecutionFailed` where no chart can be drawn.
    """
    drawn: dict[str, Any] = {"over_time": None, "causes": None, "durations": None, "quality": []}
    if numbers.dispatches:
        with drawing(home):
            drawn["over_time"] = charts.over_time(numbers)
            drawn["causes"] = charts.causes(numbers) if numbers.causes else None
            drawn["durations"] = charts.durations(numbers) if numbers.durations else None
            scored = [agent for agent in numbers.agents if agent.scores]
            drawn["quality"] = [
                (agent, charts.quality(agent, numbers, place, threshold))
                for place, agent in enumerate(scored[:_MAX_QUALITY_CHARTS])
            ]
    return (
        _environment()
        .get_template("period.html")
        .render(
            n=numbers,
            charts=drawn,
            title=_title(numbers),
            threshold=threshold,
            **_common(where, now),
        )
    )


def pac_page(
    refs: Sequence[DispatchRef],
    shown: Iterable[DispatchPage],
    home: Path,
    *,
    where: str,
    now: datetime,
) -> str:
    """The page of a PAC: `refs` are all of its dispatches, `shown` those that it shows in full.

    Raises `ExecutionFailed` where no chart can be drawn.
    """
    told = []
    with drawing(home):
        for page in shown:
            title = f"Timeline of dispatch {page.number}"
            told.append((page, timeline(page.steps, f"dispatch-{page.number}", title)))
    older = [(n, ref) for n, ref in enumerate(refs[: max(len(refs) - MAX_SHOWN, 0)], start=1)]
    return (
        _environment()
        .get_template("pac.html")
        .render(
            pac_id=refs[0].pac_id,
            refs=refs,
            told=told,
            older=older[::-1][:MAX_ROWS],
            older_left_out=max(len(older) - MAX_ROWS, 0),
            **_common(where, now),
        )
    )


def _common(where: str, now: datetime) -> dict[str, Any]:
    return {
        "where": where,
        "version": __version__,
        "made": now.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "statuses": STATUSES,
        "signs": SIGNS,
        "words": charts.WORDS,
        "checkpoint_names": CHECKPOINT_NAMES,
        "max_listed": MAX_LISTED,
        "max_violations": MAX_VIOLATIONS,
        "max_findings": MAX_FINDINGS,
        "max_places": MAX_PLACES,
        "max_steps": MAX_STEPS,
    }


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("benson_execution.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "count": lambda value: f"{value:,}",
        "percent": _percent,
        "duration": charts.duration,
        "score": number,
        "time": _time,
        "agent": charts.agent_name,
        "style": _style,
    }
    return made


def _finalize(value: Any) -> Any:
    """Every text that a template shows: our own markup as it is, anything else made plain."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return plain(value, MAX_TEXT)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _time(timestamp: str | None) -> str:
    """A timestamp of the trail to the second, as it is read; as it stands where it is none."""
    if timestamp is None:
        return "-"
    return f"{timestamp[:10]} {timestamp[11:19]}" if len(timestamp) > 19 else timestamp


def _style(name: str) -> Markup:
    """A style sheet of ours, to stand in the page."""
    return Markup((Path(__file__).parent / "templates" / name).read_text())  # noqa: S704


def _title(numbers: PeriodNumbers) -> str:
    return title_of(numbers.period)


def title_of(period: Period) -> str:
    """A period in words; its end is the last moment that is in it."""
    since, until = (None if at is None else _moment(at) for at in (period.since, period.until))
    if since and until:
        return f"{since} until {until}"
    if since:
        return f"Since {since}"
    return f"Until {until}" if until else "All that is on record"


def _moment(at: datetime) -> str:
    midnight = (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)
    day = f"{at.day} {_MONTHS[at.month - 1]} {at.year}"
    return day if midnight else f"{day}, {at:%H:%M} UTC"


_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
