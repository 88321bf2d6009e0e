"""One dispatch as a chart: what it spent its time on, from one event to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from benson_execution.report.charts import Chart, both, duration
from benson_execution.report.dispatches import Step
from benson_execution.report.figures import COLOUR, draw_bars, fit, inline_svg, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_STEPS: Final = 32
"""How many steps are drawn; the table has more."""
_ROW: Final = 27
_LABELS: Final = 222
_TOLD: Final = 118
"""Room for what stands behind the longest bar: fonts of the page's reader may be wide."""


def timeline(steps: Sequence[Step], name: str, title: str) -> Chart:
    """The steps as bars, in milliseconds; a refusal is hatched, marked, and said in words."""
    shown = steps[:MAX_STEPS]
    whole = max(max((step.at_ms for step in shown), default=0), 0.001)

    def draw(width: float, kind: str) -> Markup:
        is_wide = kind == "wide"
        row = _ROW if is_wide else _ROW + 15
        left = _LABELS if is_wide else 4
        figure, axes = new_figure(
            width, row * len(shown) + 40, left=left, right=_TOLD, top=4, bottom=36
        )
        gap = whole * 5 / (width - left - _TOLD)
        for place, step in enumerate(shown):
            role = "blocked" if step.is_refused else "accent"
            began = step.at_ms - step.took_ms
            height = 0.5 if is_wide else 0.3
            took = max(step.took_ms, whole * 0.004)
            draw_bars(axes, [(began, place - height / 2, took, height)], role)
            end = max(step.at_ms, began + whole * 0.004)
            told = duration(step.took_ms) if place else "0"
            told += " ✕ refused" if step.is_refused else ""
            ink = COLOUR["blocked" if step.is_refused else "ink"]
            axes.text(end + gap, place, told, va="center", color=ink, fontsize=10)
            label = fit(step.label, (left if is_wide else width) - 12)
            across = axes.get_yaxis_transform()
            if is_wide:
                axes.text(-0.015, place, label, va="center", ha="right", transform=across)
            else:
                axes.text(0, place - 0.2, label, va="bottom", transform=across, fontsize=10)
        axes.set_ylim(len(shown) - 0.4, -0.6 if is_wide else -0.8)
        axes.set_yticks([])
        axes.set_xlim(0, whole)
        _name_times(axes, 4 if is_wide else 2)
        return inline_svg(figure, f"{name}-{kind}", title, _in_words(shown), kind)

    return both(draw)


def _name_times(axes: Axes, most: int) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=most))
    axes.xaxis.set_major_formatter(lambda value, _: duration(value) if value else "0")
    axes.tick_params(axis="x", labelsize=10)
    axes.grid(axis="x")


def _in_words(steps: Sequence[Step]) -> str:
    refused = [step.label for step in steps if step.is_refused]
    told = "; ".join(f"{step.label} {step.took_ms:.1f} ms" for step in steps[:12])
    return f"{told}. " + (f"Refused: {', '.join(refused)}." if refused else "Nothing was refused.")
