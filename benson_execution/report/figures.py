"""matplotlib's figures as SVG that stands inside a page, in the colours of the page.

A colour is drawn by the name of its role, and becomes a CSS variable, so that the page decides
what it looks like by day, by night and on paper. Text stays text, and its fonts are the page's.
"""

from __future__ import annotations

import logging
import os
import tempfile
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from markupsafe import Markup

from benson_execution.errors import ExecutionFailed
from benson_execution.text import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROLES: Final = (
    *("ink", "muted", "rule", "paper", "accent", "band"),
    *("completed", "blocked", "failed", "open", "cause"),
)
COLOUR: Final = {role: f"#0b0b{number:02x}" for number, role in enumerate(_ROLES, 1)}
"""What stands for each role in matplotlib; nothing else is drawn in any of these colours."""
HATCH: Final = {"completed": "", "blocked": "/////", "failed": "xxxxx", "open": "-----"}
"""How a status is told from the others where colours can't be."""
_POINTS_PER_INCH: Final = 72
_LETTER: Final = 6.5
"""How many pixels a letter of a chart is wide, as letters are; some are wider, or none."""
_WIDE: Final = {"m": 11.0, "M": 9.5, "w": 9.0, "W": 11.0, "@": 11.0, "%": 10.5}
_UPPER: Final = 7.5
_FULL_WIDTH: Final = 14.0

_SETTINGS: Final[Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a name with a $ is a name
    "text.usetex": False,
    "font.family": ["DejaVu Sans"],  # it comes with matplotlib, and is wider than most
    "font.size": 11,
    "text.color": COLOUR["ink"],
    "axes.labelcolor": COLOUR["muted"],
    "axes.edgecolor": COLOUR["rule"],
    "axes.linewidth": 1,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "xtick.color": COLOUR["rule"],
    "ytick.color": COLOUR["rule"],
    "xtick.labelcolor": COLOUR["muted"],
    "ytick.labelcolor": COLOUR["muted"],
    "ytick.major.size": 0,
    "xtick.major.size": 4,
    "grid.color": COLOUR["rule"],
    "grid.linewidth": 1,
    "hatch.color": COLOUR["paper"],
    "hatch.linewidth": 0.9,
    "legend.frameon": False,
    "legend.labelcolor": COLOUR["ink"],
    "path.simplify": False,
}


@contextmanager
def drawing(home: Path) -> Iterator[None]:
    """Within it figures are drawn; matplotlib keeps its own files in a folder of `home`.

    Raises `ExecutionFailed` where matplotlib can't be loaded.
    """
    with _configured(home):
        try:
            logging.getLogger("matplotlib").setLevel(logging.CRITICAL)
            import matplotlib as mpl
            import matplotlib.backends.backend_svg
            import matplotlib.figure
        except Exception as error:
            about = plain(str(error)) or type(error).__name__
            raise ExecutionFailed(
                f"the charts can't be drawn: matplotlib can't be loaded: {about}",
                "a file `matplotlibrc` in the current folder is read by it",
            ) from error
        # Whatever stands in a matplotlibrc of the user's is put back afterwards.
        with mpl.rc_context(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # letters that its own font does not have
            mpl.rcdefaults()
            mpl.rcParams.update(_SETTINGS)
            yield


@contextmanager
def _configured(home: Path) -> Iterator[None]:
    """Name a folder for matplotlib's cache of fonts: ours, or one that is gone afterwards.

    The fonts of the system are not looked at: there may be thousands, and none is drawn with.
    """
    kept = home / "cache" / "matplotlib"
    with tempfile.TemporaryDirectory(prefix="benson-report-") as passing:
        folder = passing
        with suppress(OSError):
            if home.is_dir():
                kept.mkdir(parents=True, exist_ok=True)
                folder = str(kept) if os.access(kept, os.W_OK) else passing
        # A notebook names a backend for all that it starts, which need not be there.
        ours = {"MPLCONFIGDIR": folder, "MPL_IGNORE_SYSTEM_FONTS": "1", "MPLBACKEND": "svg"}
        before = {name: os.environ.get(name) for name in ours}
        os.environ.update(ours)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def new_figure(width: float, height: float, **margins: float) -> tuple[Figure, Axes]:
    """A figure of so many CSS pixels, with one plot in it; the margins are pixels, too."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / _POINTS_PER_INCH, height / _POINTS_PER_INCH))
    figure.patch.set_visible(False)
    left, right = margins.get("left", 8), margins.get("right", 8)
    top, bottom = margins.get("top", 8), margins.get("bottom", 24)
    plot = (left / width, bottom / height, (width - left - right) / width)
    axes = figure.add_axes((*plot, (height - top - bottom) / height))
    axes.patch.set_visible(False)
    return figure, axes


def draw_bars(
    axes: Axes, rectangles: Sequence[tuple[float, float, float, float]], role: str, label: str = ""
) -> None:
    """Rectangles (left, bottom, width, height) of one status, as one shape: a page has many."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Shape

    corners: list[tuple[float, float]] = []
    for left, bottom, width, height in rectangles:
        right, top = left + width, bottom + height
        corners += [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
    edges = (Shape.MOVETO, Shape.LINETO, Shape.LINETO, Shape.LINETO, Shape.CLOSEPOLY)
    shape = Shape(corners, [*edges] * len(rectangles))
    colours = {"facecolor": COLOUR[role], "edgecolor": COLOUR["paper"], "linewidth": 0}
    axes.add_patch(PathPatch(shape, hatch=HATCH.get(role, ""), label=label, **colours))


def fit(text: str, width: float, longest: int = 120) -> str:
    """A foreign text on one line of a chart, cut where it would be wider than so many pixels."""
    shown = plain(text, longest)
    room = width
    for place, letter in enumerate(shown):
        room -= _width(letter)
        if room < 0:
            return f"{shown[: max(place - 1, 1)]}…"
    return shown


def _width(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0
    if unicodedata.east_asian_width(letter) in "WF":
        return _FULL_WIDTH
    return _WIDE.get(letter, _UPPER if letter.isupper() else _LETTER)


def inline_svg(figure: Figure, name: str, title: str, description: str, kind: str = "") -> Markup:
    """The figure as an element `svg` of a page, in which no other has this name."""
    import matplotlib as mpl

    written = BytesIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(written, format="svg", metadata=nothing)
    root = ET.fromstring(written.getvalue())  # noqa: S314  matplotlib wrote it just now
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        _mend(element, name)
    for definitions in root.findall("defs"):
        for style in definitions.findall("style"):  # it would hold for the whole page
            definitions.remove(style)
    for metadata in root.findall("metadata"):
        root.remove(metadata)
    shape = root.get("viewBox", "0 0 1 1")
    root.attrib.clear()
    root.attrib |= {"viewBox": shape, "class": f"chart {kind}".strip(), "role": "img"}
    root.attrib |= {"aria-labelledby": f"{name}-title {name}-desc"}
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        told = ET.Element(tag, id=f"{name}-{tag}")
        told.text = plain(text, 1000)
        root.insert(place, told)
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704  a serialiser escaped it


def _mend(element: ET.Element, name: str) -> None:
    """Make ids the page's own, and colours its variables; leave fonts to it."""
    rules: list[str] = []
    for attribute, value in list(element.attrib.items()):
        plain_name = attribute.rpartition("}")[2]
        if plain_name != attribute:
            del element.attrib[attribute]
        changed = value
        if plain_name == "id":
            if element.tag == "g":  # nothing refers to a group
                element.attrib.pop("id", None)
                continue
            changed = f"{name}-{value}"
        elif plain_name == "href":
            changed = value.replace("#", f"#{name}-", 1)
        elif plain_name == "style":
            changed = _styled(value)
        elif value in COLOUR.values():  # a variable has no place outside a style
            del element.attrib[attribute]
            rules.append(_styled(f"{plain_name}: {value}"))
            continue
        changed = changed.replace("url(#", f"url(#{name}-")
        element.set(plain_name, changed)
    if rules:
        element.set("style", "; ".join([*rules, element.get("style", "")]))


def _styled(style: str) -> str:
    rules = [rule.strip() for rule in style.split(";")]
    kept = "; ".join(rule for rule in rules if not rule.startswith("font-family"))
    for role, colour in COLOUR.items():
        kept = kept.replace(colour, f"var(--{role})")
    return kept
