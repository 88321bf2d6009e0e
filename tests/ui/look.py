"""What is on the screen: colours as they are painted, tables as they are read."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final, Literal

from playwright.sync_api import Locator, Page, expect

from tests.prefect_server import wait_until

Colour = Literal["red", "green", "other"]

_COLOURS_OF_ELEMENT: Final = """
element => {
    // Whatever the notation (oklch, rgb, a name), a canvas knows what it looks like.
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
    const painted = colour => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const found = [painted(getComputedStyle(element).color)];
    for (let one = element; one; one = one.parentElement) {
        const background = painted(getComputedStyle(one).backgroundColor);
        if (background[3] > 0) { found.push(background); break; }
    }
    return found.map(colour => colour.slice(0, 3));
}
"""

_BARS_OF_IMAGE: Final = """
async image => {
    const bytes = Uint8Array.from(atob(image), character => character.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], {type: "image/png"}));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const pixels = context.getImageData(0, 0, bitmap.width, bitmap.height).data;
    const bars = [];
    let above = "other";
    for (let y = 0; y < bitmap.height; y++) {
        const widths = {red: 0, green: 0};
        for (let x = 0; x < bitmap.width; x++) {
            const [r, g, b] = pixels.subarray(4 * (y * bitmap.width + x));
            if (r > 180 && g < 60 && b < 90) widths.red++;
            if (g > 130 && r < 90 && b < 120) widths.green++;
        }
        // A task is a short bar; the state of the whole run is a line from edge to edge.
        const here = ["red", "green"].find(c => widths[c] >= 4 && widths[c] < bitmap.width / 4);
        if (here && here !== above) bars.push(here);
        above = here ?? "other";
    }
    return bars;
}
"""


def colour_of(element: Locator) -> Colour:
    """What colour a label has for the eye: that of its letters, or else of what is behind them."""
    for red, green, blue in element.evaluate(_COLOURS_OF_ELEMENT):
        if red > 150 and red > 2 * max(green, blue):
            return "red"
        if green > 100 and green > 1.3 * max(red, blue):
            return "green"
    return "other"


def has_colour(colour: Colour, label: Locator) -> None:
    """Wait until a label can be seen in this colour; colours fade in."""
    expect(label).to_be_visible()
    words = label.inner_text()
    wait_until(lambda: colour_of(label) == colour, description=f"{words} is {colour}")


def bars_of(graph: Locator) -> list[Colour]:
    """The colours of the tasks' bars in a graph, from top to bottom, as they are painted."""
    image = base64.b64encode(graph.screenshot()).decode()
    bars: list[Colour] = graph.page.evaluate(_BARS_OF_IMAGE, image)
    return bars


def cells(table: Locator) -> list[list[str]]:
    """The text of a table's body, row by row."""
    rows: list[list[str]] = table.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    return rows


def follows(wanted: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether each row has the wanted text of its place as one of its cells."""
    return len(wanted) == len(rows) and all(w in row for w, row in zip(wanted, rows, strict=True))


def planted(page: Page) -> list[str]:
    """The elements of a whole page that only foreign text can have made, links aside."""
    found: list[str] = page.evaluate(
        """
        () => [...document.querySelectorAll("[href], [src], [onerror], script")].filter(element => {
            const source = element.getAttribute("src") ?? "";
            return /^\\s*javascript:/i.test(element.getAttribute("href") ?? "")
                || source === "x" || source.includes("evil.example")
                || element.hasAttribute("onerror")
                || (element.localName === "script" && element.textContent.startsWith("alert"));
        }).map(element => element.outerHTML)
        """
    )
    return found
