"""Pages as a reader's program sees them: their tables, their elements, their text."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

_VOID: Final = {"meta", "br", "link", "img", "input"}


@dataclass
class Page(HTMLParser):
    """A page that was read; the parser is Python's, and knows nothing of how it was written."""

    tables: dict[str, list[list[str]]] = field(default_factory=dict)
    """By id, or by class and number: the rows, with their heads."""
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""
    captions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self._stack: list[str] = []
        self._table = ""

    @classmethod
    def of(cls, html: str) -> Page:
        """The page that this text is; every element is closed in its order."""
        page = cls()
        page.feed(html)
        page.close()
        assert page._stack == [], page._stack
        return page

    def __hash__(self) -> int:
        return id(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.elements.append((tag, given))
        if tag not in _VOID:
            self._stack.append(tag)
        if tag == "table":
            self._table = given.get("id") or f"{given.get('class')}-{len(self.tables)}"
            self.tables[self._table] = []
        elif tag == "tr":
            self.tables[self._table].append([])
        elif tag in ("td", "th"):
            self.tables[self._table][-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self._stack:
            return
        self.text += data
        if "td" in self._stack or "th" in self._stack:
            self.tables[self._table][-1][-1] += data
        elif "caption" in self._stack:
            self.captions[self._table] = self.captions.get(self._table, "") + data

    def rows(self, name: str) -> list[list[str]]:
        """The body of a table, without the commas in its numbers."""
        return [
            [" ".join(c.replace(",", "").split()) for c in row] for row in self.tables[name][1:]
        ]
