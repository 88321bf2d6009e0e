"""`benson report` as a process: where it writes, what it says, and what it verifies."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.command import Benson
from tests.cli.conftest import new_benson
from tests.cli.documents import document, save
from tests.insight.generated import fill
from tests.insight.pages import Page

BAD = "PAC-DAN-P53-REPORT-BAD"
GOOD = "PAC-DAN-P53-REPORT-GOOD"
CHANGES = {"quality_score": 0.2, "artifacts": {"summary": [{"wrap_id": "WRAP-1"}]}}


@pytest.fixture(scope="module")
def benson(tmp_path_factory: pytest.TempPathFactory) -> Benson:
    """Two dispatches of a PAC that passes, one of another that does not, and no document."""
    made = new_benson(tmp_path_factory.mktemp("report"))
    good = save(made.cwd, "good.json", document(GOOD))
    bad = save(made.cwd, "bad.json", document(BAD, result=CHANGES))
    assert made("judge", good, good, bad).code == 1
    assert made("judge", save(made.cwd, "none.json", "{")).code == 2
    return made


def page_of(benson: Benson, *args: str) -> Page:
    answer = benson("report", *args, "-o", "-")
    assert (answer.code, answer.err) == (0, "")
    return Page.of(answer.out)


def test_a_period_says_where_it_is_and_what_it_holds(benson: Benson) -> None:
    answer = benson("report")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("benson-report-all.html  3 dispatches, ")
    page = Page.of((benson.cwd / "benson-report-all.html").read_text())
    assert sorted(row[0] for row in page.rows("causes")) == ["ALREADY_WRAPPED", "CP-03", "GS_131"]
    assert page.rows("refusals")[0][0] == "unreadable"
    told = benson("report", "--since", "7d", "--json").object
    assert told["dispatches"] == 3
    assert told["file"].startswith("benson-report-since-2")
    assert (benson.cwd / told["file"]).stat().st_size == told["bytes"]


def rows_of(page: Page, kind: str) -> list[list[str]]:
    """The body of the page's first table of this class."""
    return page.rows(next(name for name in page.tables if name.startswith(kind)))


def test_a_refused_pac_with_its_verdicts_violations_and_proof(benson: Benson) -> None:
    page = page_of(benson, BAD)
    (verdict,) = (row for row in rows_of(page, "verdicts") if row[0] == "CP-03")
    assert verdict[1] == "✕ FAIL"
    assert verdict[2].startswith("Quality score 0.20 is below the threshold 0.70")
    assert verdict[2].endswith("Expected at least 0.70; found 0.20")
    assert rows_of(page, "violations") == [
        ["/execution_result/artifacts/summary/0/wrap_id", "the field 'wrap_id' is forbidden"]
    ]
    assert "✓ Verified" in page.text
    header = json.loads(next((benson.home / "artifacts" / BAD).iterdir()).read_text())["dispatch"]
    for digest in ("document_sha256", "pac_sha256", "execution_result_sha256"):
        assert header[digest] in page.text


def told(html: str) -> list[str]:
    """Each cause with what was found, its fix and its places, as one line."""
    found = Page.of(html).text.partition("What would make it pass")[2].partition("Timeline")[0]
    return [" ".join(one.split()) for one in found.split("✕")[1:]]


def test_what_would_make_a_refused_pac_pass_in_the_words_of_show(benson: Benson) -> None:
    found = told(benson("report", BAD, "-o", "-").out)
    score, wrap = found
    assert score == (
        "CP-03 quality_score 0.20 is below 0.70 Fix: raise quality_score from 0.20 to at least "
        "0.70 by improving the work, or lower BENSON_QUALITY_THRESHOLD "
        "/execution_result/quality_score"
    )
    assert wrap == (
        "GS_131 /execution_result/artifacts/summary/0/wrap_id: the field 'wrap_id' is forbidden "
        "Fix: delete /execution_result/artifacts/summary/0/wrap_id: only Benson closes a work "
        "order /execution_result/artifacts/summary/0/wrap_id"
    )
    shown = benson("show", BAD, "--json").object["findings"]
    assert found == [
        f"{one['cause']} {one['what']} Fix: {one['fix']} {', '.join(one['where'])}" for one in shown
    ]
    earlier = benson("report", GOOD, "-o", "-").out  # its second dispatch was refused
    assert [one.partition(" ")[0] for one in told(earlier)] == ["ALREADY_WRAPPED"]


def test_an_archived_pac_has_the_same_page(tmp_path: Path) -> None:
    """Its events and its document lie in a file, and nothing of it in the database."""
    made = new_benson(tmp_path)
    assert made("judge", save(made.cwd, "bad.json", document(BAD, result=CHANGES))).code == 1
    before = made("report", BAD, "-o", "-").out
    assert len(told(before)) == 2
    assert made("archive", "--before", "0m", "--force").code == 0
    after = made("report", BAD, "-o", "-").out
    assert told(after) == told(before)
    for kind in ("verdicts", "violations", "events"):
        assert rows_of(Page.of(after), kind) == rows_of(Page.of(before), kind)
    assert "✓ Verified" in after
    assert "1 dispatch by" in page_of(made).text


def test_the_beginning_of_an_id_will_do_and_both_dispatches_are_told(benson: Benson) -> None:
    page = page_of(benson, GOOD[:-2])
    assert "2 dispatches" in page.text
    assert page.text.count("✓ Verified") == 2
    assert "✕ blocked: the PAC is closed already by" in " ".join(page.text.split())


@pytest.mark.parametrize("is_trusted", [True, False])
def test_an_event_that_was_changed_does_not_verify(
    benson: Benson, tmp_path: Path, is_trusted: bool
) -> None:
    """The page says so, and so does the exit code."""
    other = Benson(tmp_path / "home", benson.cwd)
    other.home.mkdir()
    for name in ("trail.db", "signing-key.pem") if is_trusted else ("trail.db",):
        shutil.copy(benson.home / name, other.home / name)
    with sqlite3.connect(other.home / "trail.db") as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall()
        for (name,) in names:
            database.execute(f"DROP TRIGGER {name}")
        database.execute(
            "UPDATE events SET event = CAST(replace(CAST(event AS TEXT), '0.20', '0.90') AS BLOB)"
        )
    database.close()
    answer = other("report", BAD, "-o", "-")
    assert answer.code == 4
    page = Page.of(answer.out)
    assert "✕ Not verified" in page.text
    assert "✓ Verified" not in page.text
    assert "not verified" in answer.err


def test_without_a_trusted_key_nothing_is_called_verified(benson: Benson, tmp_path: Path) -> None:
    other = Benson(tmp_path / "home", benson.cwd)
    other.home.mkdir()
    (other.home / "trail.db").write_bytes((benson.home / "trail.db").read_bytes())
    page = page_of(other, BAD)
    assert "○ Not checked" in page.text
    assert "no key is trusted here" in page.text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((BAD, "--since", "7d"), "goes without --since"),
        (("PAC-NONE",), "has no dispatch of PAC-NONE"),
        (("-o", "-", "--json"), "can't both"),
        (("-o", ""), "names no file"),
        (("--since", "2026-05-01", "--until", "2026-04-01"), "holds no moment"),
    ],
)
def test_wrong_input_is_told(benson: Benson, arguments: tuple[str, ...], said: str) -> None:
    answer = benson("report", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_a_reader_who_leaves_is_no_error(benson: Benson) -> None:
    read, write = os.pipe()
    os.close(read)
    with benson.started("report", "-o", "-", stdout=write) as process:
        os.close(write)
        assert process.wait(100) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_an_empty_home_gives_a_page_that_says_so(tmp_path: Path) -> None:
    empty = new_benson(tmp_path)
    answer = empty("report")
    assert answer.code == 0
    assert "there is no trail at" in answer.err
    assert "0 dispatches" in answer.out
    assert not empty.home.exists(), "who reads makes nothing"


def test_a_matplotlibrc_of_somebodys_sways_nothing(benson: Benson) -> None:
    file = benson.cwd / "matplotlibrc"
    file.write_text("text.usetex: True\nsvg.fonttype: path\nfont.size: 40\nnonsense\n")
    swayed = benson("report", BAD, "-o", "-")
    file.write_bytes(b"\xff\xfe")
    broken = benson("report", BAD, "-o", "-")
    file.unlink()
    assert swayed.code == 0
    assert "font-size: 40" not in swayed.out
    assert "schema validation</text>" in swayed.out
    assert (broken.code, broken.out) == (3, "")
    assert "matplotlibrc" in broken.err


@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "nonsense"])
def test_a_backend_that_a_notebook_names_is_not_loaded(benson: Benson, backend: str) -> None:
    """It names one for every command that it starts; it is not installed here."""
    answer = benson("report", BAD, "-o", "-", env={"MPLBACKEND": backend})
    assert (answer.code, answer.err) == (0, "")
    assert "</svg>" in answer.out


def test_the_fonts_of_the_system_are_left_alone(benson: Benson) -> None:
    """There may be thousands, and looking through them takes seconds; matplotlib has its own."""
    assert benson("report", BAD, "-o", "-").code == 0
    (kept,) = (benson.home / "cache" / "matplotlib").glob("fontlist-*.json")
    fonts = [font["fname"] for font in json.loads(kept.read_text())["ttflist"]]
    assert fonts
    assert [name for name in fonts if Path(name).is_absolute()] == []


def test_an_altered_figure_is_an_error_of_ours(tmp_path: Path) -> None:
    made = new_benson(tmp_path)
    made.home.mkdir()
    trail = made.writable_trail()
    fill(trail, 3)
    trail.close()
    with sqlite3.connect(made.home / "trail.db") as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall()
        for (name,) in names:
            database.execute(f"DROP TRIGGER {name}")
        database.execute(
            "UPDATE events SET event = "
            "CAST(replace(CAST(event AS TEXT), '\"duration_ms\":', '\"duration_ms\":-') AS BLOB)"
        )
    database.close()
    answer = made("report")
    assert (answer.code, answer.out) == (5, "")
    assert "benson verify" in answer.err
