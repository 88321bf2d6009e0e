"""Agents, ids and times that are not those of the work order: a result answers one PAC only."""

from __future__ import annotations

from typing import Any, Final

from .kit import Asset, judged, with_result

BENSON: Final = "/execution_result/agent_gid"


def _both(name: str, code: str | None, *failed: str, words: str = "", **changes: Any) -> Asset:
    """A PAC and a result that agree with one another."""
    return judged(f"identity-{name}", code, *failed, words=words, pac=changes, result=changes)


def _of_benson(name: str, gid: str) -> Asset:
    """A result that is signed by who judges it."""
    return with_result(f"identity-{name}", "GS_133", words=BENSON, agent_gid=gid)


def _time(name: str, time: str, code: str | None = "GS_130") -> Asset:
    words = "/execution_result/execution_timestamp" if code else ""
    return with_result(f"time-{name}", code, words=words, execution_timestamp=time)


def _wrong(name: str, **changes: Any) -> Asset:
    """A result of somebody else, or for another PAC."""
    (field,) = changes
    return with_result(f"identity-{name}", "GS_130", words=f"/execution_result/{field}", **changes)


ASSETS: Final = [
    _wrong("another-pac", pac_id="PAC-HOSTILE-P7-ANOTHER"),
    _wrong("pac-in-lower-case", pac_id="pac-hostile-p7-identity-pac-in-lower-case"),
    _wrong("pac-with-a-blank", pac_id="PAC-HOSTILE-P7-IDENTITY-PAC-WITH-A-BLANK "),
    _wrong("pac-with-a-line-feed", pac_id="PAC-HOSTILE-P7-IDENTITY-PAC-WITH-A-LINE-FEED\n"),
    _wrong("pac-that-climbs", pac_id="PAC-../../etc"),
    _wrong("pac-empty", pac_id=""),
    _wrong("pac-a-number", pac_id=7),
    _wrong("another-gid", agent_gid="GID-08"),
    _wrong("gid-short", agent_gid="GID-7"),
    _wrong("gid-in-lower-case", agent_gid="gid-07"),
    _wrong("gid-with-a-line-feed", agent_gid="GID-07\n"),
    _wrong("gid-of-arabic-digits", agent_gid="GID-\u0660\u0667"),
    _wrong("gid-of-full-width-digits", agent_gid="GID-\uff10\uff17"),
    _wrong("gid-a-number", agent_gid=7),
    _wrong("another-name", agent_name="Alex"),
    _wrong("name-empty", agent_name=""),
    _wrong("name-with-a-blank", agent_name="Dan "),
    _wrong("name-in-cyrillic", agent_name="D\N{CYRILLIC SMALL LETTER A}n"),
    _wrong("name-with-a-zero-width-space", agent_name="D\N{ZERO WIDTH SPACE}an"),
    _wrong("name-in-full-width", agent_name="\uff24\uff41\uff4e"),
    _wrong("name-a-list", agent_name=["Dan"]),
    with_result("identity-name-in-capitals", agent_name="DAN"),
    _of_benson("of-benson", "GID-00"),
    _of_benson("of-benson-in-lower-case", "gid-00"),
    _of_benson("of-benson-with-an-underscore", "GID_00"),
    _of_benson("of-benson-without-a-hyphen", "GID00"),
    _of_benson("of-benson-with-blanks", " GID-00 "),
    _of_benson("of-benson-in-full-width", "\uff27\uff29\uff24-\uff10\uff10"),
    _of_benson("of-benson-with-a-zero-width-space", "GID-\N{ZERO WIDTH SPACE}00"),
    _both(
        "pac-of-benson", "GS_133", "CP-01", words="GID-00", agent_gid="GID-00", agent_name="Benson"
    ),
    _both(
        "pac-of-gid-00-under-another-name", "GS_133", "CP-01", words="GID-00", agent_gid="GID-00"
    ),
    _both("benson-under-another-gid", None, "CP-01", words="'Benson'", agent_name="Benson"),
    _both("agent-unknown", None, "CP-01", words="GID-99", agent_gid="GID-99", agent_name="Nobody"),
    _both("agent-that-left", None, "CP-01", words="GID-11", agent_gid="GID-11"),
    _both("name-of-another-agent", None, "CP-01", words="'Alex'", agent_name="Alex"),
    _both("agent-without-a-gid", None, "CP-01", words="'Pax'", agent_name="Pax"),
    _both(
        "name-in-cyrillic-in-both",
        None,
        "CP-01",
        words="GID-07",
        agent_name="D\N{CYRILLIC SMALL LETTER A}n",
    ),
    _both("name-with-a-blank-in-both", None, "CP-01", words="'Dan '", agent_name="Dan "),
    _both("name-in-lower-case-in-both", None, agent_name="dan"),
    _time("without-a-zone", "2025-12-24T20:12:00"),
    _time("in-another-zone", "2025-12-24T20:12:00+02:00"),
    _time("a-minute-off", "2025-12-24T20:12:00+00:01"),
    _time("of-a-day-that-is-not", "2025-02-30T20:12:00Z"),
    _time("of-no-leap-year", "2025-02-29T20:12:00Z"),
    _time("of-month-13", "2025-13-24T20:12:00Z"),
    _time("of-hour-25", "2025-12-24T25:12:00Z"),
    _time("of-a-second-that-never-was", "2025-12-24T20:12:60Z"),
    _time("a-date-alone", "2025-12-24"),
    _time("zone-in-lower-case", "2025-12-24T20:12:00z"),
    _time("with-a-blank", "2025-12-24 20:12:00Z"),
    _time("with-a-line-feed", "2025-12-24T20:12:00Z\n"),
    _time("of-arabic-digits", "\u0662\u0660\u0662\u0665-12-24T20:12:00Z"),
    _time("of-year-99999", "99999-12-24T20:12:00Z"),
    _time("of-epoch", "1766607120"),
    _time("empty", ""),
    _time("in-words", "yesterday"),
    _time("of-two-zones", "2025-12-24T20:12:00+00:00Z"),
    _time("with-an-offset-of-zero", "2025-12-24T20:12:00.000001+00:00", None),
    _time("far-in-the-future", "9999-12-31T23:59:59Z", None),
]
