"""A period's charts. Each says in its description what a reader who can't see it should know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from markupsafe import Markup

from benson_execution.events import CHECKPOINT_NAMES, ErrorCode
from benson_execution.insight.summary import Cause
from benson_execution.report.figures import COLOUR, draw_bars, fit, inline_svg, new_figure
from benson_execution.report.numbers import STATUSES, AgentNumbers, Durations, PeriodNumbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE: Final = 720
NARROW: Final = 340
"""How many CSS pixels a chart is wide, on a screen or on paper, and on a phone."""
_MAX_ROWS: Final = 9
_SMALL: Final = 10
_LETTER: Final = 6.4
"""How many pixels a small letter is wide at most, on average."""
_NUMBERS: Final = 36
_LEAST_BINS: Final = 8
"""How many stretches of time there is room for at least, so that a single one is no wall."""

WORDS: Final[Mapping[str, str]] = {
    **{name: CHECKPOINT_NAMES[name].replace("_", " ").lower() for name in CHECKPOINT_NAMES},
    ErrorCode.GS_130: "the result violates its schema",
    ErrorCode.GS_131: "a forbidden WRAP field is there",
    ErrorCode.GS_132: "the agent tries to close its own PAC",
    ErrorCode.GS_133: "the agent claims an authority that it has not",
    Cause.HUMAN_REVIEW: "a person had to approve, and nobody did",
    Cause.POLICY_RECHECK: "approved, but the policy had become stricter",
    Cause.ALREADY_WRAPPED: "the PAC has its WRAP from another dispatch",
    Cause.INTERRUPTED: "it was not judged to its end",
}
"""What each cause means, in a few words."""


class Chart(NamedTuple):
    """One chart, drawn for both widths; the page shows the one that fits."""

    wide: Markup
    narrow: Markup


def both(draw: Callable[[float, str], Markup]) -> Chart:
    """A chart that `draw` draws at a width, for a kind."""
    return Chart(draw(WIDE, "wide"), draw(NARROW, "narrow"))


def over_time(numbers: PeriodNumbers) -> Chart:
    """The dispatches of each stretch of time, stacked by status."""
    shown = [status for status in STATUSES if numbers.by_status[status]]

    def draw(width: float, kind: str) -> Markup:
        left = _room_left(numbers.bins)
        figure, axes = new_figure(width, 260, left=left, top=34)
        below = [0] * len(numbers.bins)
        for status in shown:
            role = status.lower()
            counts = [counted[status] for counted in numbers.over_time]
            bars = [(n - 0.41, below[n], 0.82, c) for n, c in enumerate(counts) if c]
            draw_bars(axes, bars, role, role)
            below = [b + c for b, c in zip(below, counts, strict=True)]
        axes.set_xlim(-0.6, max(len(below), _LEAST_BINS) - 0.4)
        axes.set_ylim(0, max(below) * 1.04)
        _whole_numbers(axes)
        _name_bins(axes, numbers.bins, width, left)
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(-0.01, 1.0),
            ncols=4,
            borderaxespad=0,
            handlelength=1.1,
            columnspacing=1.2 if kind == "wide" else 0.5,
            fontsize=11 if kind == "wide" else _SMALL,
        )
        highest = max(range(len(below)), key=below.__getitem__)
        return inline_svg(
            figure,
            f"over-time-{kind}",
            f"Dispatches by status, per {numbers.unit}",
            f"{len(below)} bars; the highest is that of {numbers.bins[highest]} with "
            f"{below[highest]} dispatches. The table below has every number.",
            kind,
        )

    return both(draw)


def causes(numbers: PeriodNumbers) -> Chart:
    """How often dispatches were refused for each cause."""
    rows = numbers.causes[:_MAX_ROWS]

    def draw(width: float, kind: str) -> Markup:
        figure, axes = new_figure(width, 34 * len(rows) + 4, left=0, right=44, top=2, bottom=2)
        most = max(count for _, count in rows)
        draw_bars(axes, [(0, row - 0.17, n, 0.34) for row, (_, n) in enumerate(rows)], "cause")
        for row, (cause, count) in enumerate(rows):
            meaning = WORDS.get(cause, "")
            axes.text(0, row - 0.32, fit(f"{cause}  {meaning}", width - 60), va="bottom")
            axes.text(count + most * 5 / (width - 44), row, f"{count:,}", va="center")
        _rows_only(axes, len(rows), top=-0.82)
        axes.set_xlim(0, most)
        return inline_svg(
            figure,
            f"causes-{kind}",
            "Refused dispatches by cause",
            "; ".join(f"{cause}: {count}" for cause, count in rows),
            kind,
        )

    return both(draw)


def durations(numbers: PeriodNumbers) -> Chart:
    """Half, 95 and 99 of a hundred dispatches took no longer than this; overall, and by agent."""
    rows: list[tuple[str, Durations]] = []
    if numbers.durations is not None:
        rows.append(("all dispatches", numbers.durations))
    named = ((agent_name(agent), agent.durations) for agent in numbers.agents)
    rows += [(name, found) for name, found in named if found is not None][: _MAX_ROWS - 1]

    def draw(width: float, kind: str) -> Markup:
        figure, axes = new_figure(width, 38 * len(rows) + 62, left=26, right=36, top=30, bottom=34)
        axes.set_xscale("log")
        for row, (name, found) in enumerate(rows):
            role = COLOUR["ink"] if row == 0 else COLOUR["accent"]
            ranks = [max(value, 1) for value in (found.p50, found.p95, found.p99)]
            axes.plot([ranks[0], ranks[2]], [row, row], color=COLOUR["rule"], linewidth=3)
            for value, marker, size in zip(ranks, "od|", (8, 7, 12), strict=True):
                axes.plot(
                    value,
                    row,
                    marker,
                    markersize=size,
                    color=role,
                    markeredgewidth=2,
                    clip_on=False,
                )
            axes.text(
                0,
                row - 0.3,
                fit(name, width - 60),
                va="bottom",
                transform=axes.get_yaxis_transform(),
            )
        _rows_only(axes, len(rows), top=-0.85)
        axes.spines["bottom"].set_visible(True)
        _name_times(axes, rows)
        for marker, size, label in (("o", 8, "p50"), ("d", 7, "p95"), ("|", 12, "p99")):
            axes.plot([], [], marker, markersize=size, color=COLOUR["ink"], label=label)
        axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=3, borderaxespad=0)
        told = (f"{n}: p50 {d.p50} ms, p95 {d.p95} ms, p99 {d.p99} ms" for n, d in rows)
        return inline_svg(
            figure, f"durations-{kind}", "Durations of dispatches", "; ".join(told), kind
        )

    return both(draw)


def quality(agent: AgentNumbers, numbers: PeriodNumbers, place: int, threshold: float) -> Markup:
    """One agent's scores: the median of each stretch of time, and where eight of ten lie."""
    found = [(n, scores) for n, scores in enumerate(agent.scores_over_time) if scores]
    left = _room_left(numbers.bins)
    figure, axes = new_figure(NARROW, 150, left=left, top=10)
    xs = [n for n, _ in found]
    for run in _runs(xs):
        part = [scores for n, scores in found if n in run]
        low, high = [s.p10 for s in part], [s.p90 for s in part]
        if len(run) > 1:
            axes.fill_between(run, low, high, color=COLOUR["band"], linewidth=0)
        else:
            axes.vlines(run, low, high, color=COLOUR["band"], linewidth=5)
        axes.plot(run, [s.median for s in part], color=COLOUR["accent"], linewidth=1.8)
    axes.plot(xs, [s.median for _, s in found], "o", markersize=3.4, color=COLOUR["accent"])
    axes.axhline(threshold, color=COLOUR["blocked"], linewidth=1, linestyle=(0, (4, 3)))
    axes.set_ylim(-0.03, 1.03)
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.grid(axis="y")
    axes.set_xlim(-0.6, max(len(numbers.bins), _LEAST_BINS) - 0.4)
    _name_bins(axes, numbers.bins, NARROW, left)
    scores = agent.scores
    assert scores is not None
    return inline_svg(
        figure,
        f"quality-{place}",
        f"Quality scores of {agent_name(agent)}, per {numbers.unit}",
        f"Of {scores.count} results the median is {scores.median}, and eight of ten lie from "
        f"{scores.p10} to {scores.p90}.",
    )


def agent_name(agent: AgentNumbers) -> str:
    """How an agent is called in a row: its name, and its id."""
    return f"{agent.name} ({agent.gid})" if agent.name else agent.gid


def duration(milliseconds: float) -> str:
    """A duration as people say it: `7 ms`, `1.25 s`, `3 min 20 s`, `2 d 4 h`."""
    if milliseconds < 1000:
        return f"{milliseconds:.3g} ms" if milliseconds < 100 else f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.3g} s"
    for big, size, small, part in (("min", 60, "s", 1), ("h", 3600, "min", 60)):
        if seconds < size * (60 if big == "min" else 48):
            whole, rest = divmod(int(seconds), size)
            return f"{whole} {big} {rest // part} {small}" if rest // part else f"{whole} {big}"
    days, rest = divmod(int(seconds), 86400)
    return f"{days:,} d {rest // 3600} h"


def _runs(places: Sequence[int]) -> list[list[int]]:
    """Places that follow one another: a line does not run through where there is nothing."""
    runs: list[list[int]] = []
    for place in places:
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs


def _whole_numbers(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.grid(axis="y")


def _room_left(names: Sequence[str]) -> float:
    """How many pixels the numbers of the axis need, or half of the first stretch's name."""
    return max(_NUMBERS, len(names[0]) * _LETTER / 2)


def _name_bins(axes: Axes, names: Sequence[str], width: float, left: float) -> None:
    """Name as many of the stretches as there is room for, at equal distances, none cut off."""
    plot, across = width - left - 8, len(names[0]) * _LETTER
    bins = max(len(names), _LEAST_BINS)
    step = max(-(-bins // max(int(plot / (across + 18)), 1)), 1)
    places = range(0, len(names), step)
    fit = [n for n in places if left + (n + 0.6) / (bins + 0.2) * plot + across / 2 <= width]
    axes.set_xticks(fit, [names[n] for n in fit], fontsize=_SMALL)


def _rows_only(axes: Axes, rows: int, top: float) -> None:
    axes.set_ylim(rows - 0.5, top)
    axes.set_yticks([])
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)


def _name_times(axes: Axes, rows: Sequence[tuple[str, Durations]]) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    lowest = max(1, min(found.p50 for _, found in rows))
    highest = max(10, *(found.p99 for _, found in rows))
    powers = [10**n for n in range(19) if 10 ** (n + 1) > lowest and 10 ** (n - 1) < highest]
    step = max(-(-len(powers) // 5), 1)
    axes.xaxis.set_major_locator(FixedLocator(powers[::step]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: duration(value))
    axes.tick_params(axis="x", labelsize=_SMALL)
    axes.grid(axis="x")
    axes.set_xlim(powers[0], powers[-1])
