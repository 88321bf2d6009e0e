"""What only Benson may say: each forbidden field in every place that has room for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from .kit import Asset, document, judged, written

FORBIDDEN: Final = {
    "wrap_id": "GS_131",
    "wrap_status": "GS_131",
    "wrap_accepted": "GS_131",
    "positive_closure": "GS_132",
    "closure_authority": "GS_132",
    "wrap_authority": "GS_133",
}


def _places(field: str, code: str) -> Iterator[Asset]:
    name = f"forbidden-{field.replace('_', '-')}"
    counts = {"passed": 1, "failed": 0, "skipped": 0}
    deep: dict[str, Any] = {"list": [[], [{"deeper": {field: None}}]]}
    yield judged(f"{name}-at-the-top", code, words=field, result={field: "x"})
    yield judged(f"{name}-in-artifacts", code, words=field, result={"artifacts": deep})
    yield judged(
        f"{name}-in-a-warning", code, words=field, result={"warnings": ["w", {field: False}]}
    )
    yield judged(
        f"{name}-in-test-results", code, words=field, result={"test_results": {**counts, field: 1}}
    )
    yield judged(f"{name}-beside-the-pac", code, words=field, beside={field: "x"})


def _pac_that_claims(name: str, field: str) -> Asset:
    content = written(document(name, pac={field: "WRAP-DAN-P7-20251224"}))
    return Asset(f"{name}.json", content, "invalid_pac", words=field)


CLOSES: Final[dict[str, Any]] = {"positive_closure": True}
HERE: Final = "forbidden-"

ASSETS: Final = [
    *(asset for field, code in FORBIDDEN.items() for asset in _places(field, code)),
    _pac_that_claims("forbidden-wrap-id-in-the-pac", "wrap_id"),
    judged(
        "forbidden-in-a-task",
        "GS_131",
        "CP-04",
        words="wrap_id",
        result={"tasks_completed": ["T1", {"wrap_id": 1}]},
    ),
    judged(
        "forbidden-in-a-path",
        "GS_131",
        "CP-02",
        words="wrap_id",
        result={"files_modified": [{"wrap_id": 1}]},
    ),
    judged(
        "forbidden-in-the-score",
        "GS_132",
        "CP-03",
        words="positive_closure",
        result={"quality_score": {"positive_closure": 1}},
    ),
    judged(
        "forbidden-in-the-notes",
        "GS_133",
        words="wrap_authority",
        result={"notes": {"wrap_authority": "me"}},
    ),
    judged(
        "forbidden-in-an-unknown-field",
        "GS_131",
        words="wrap_id",
        result={"x": {"y": [{"wrap_id": 1}]}},
    ),
    judged(
        "forbidden-deep-beside-the-pac",
        "GS_131",
        words="wrap_id",
        beside={"x": [{"y": {"wrap_id": 1}}]},
    ),
    judged("forbidden-without-a-value", "GS_131", words="wrap_id", result={"wrap_id": None}),
    judged(
        "forbidden-131-before-132", "GS_131", words="wrap_id", result={"wrap_id": "W", **CLOSES}
    ),
    judged(
        "forbidden-132-before-133",
        "GS_132",
        words="positive_closure",
        result={"wrap_authority": "me", **CLOSES},
    ),
    judged(
        "forbidden-133-before-130",
        "GS_133",
        words="wrap_authority",
        result={"wrap_authority": "me", "surprise": 1},
    ),
    judged(
        "forbidden-131-behind-all",
        "GS_131",
        words="wrap_accepted",
        result={"surprise": 1, "wrap_authority": 1, **CLOSES, "artifacts": {"wrap_accepted": 1}},
    ),
    judged(
        "forbidden-behind-2000-others",
        "GS_131",
        words="wrap_id",
        result={"artifacts": {**{f"k{n}": 0 for n in range(2000)}, "wrap_id": 1}},
    ),
    judged(
        "forbidden-in-a-failing-result",
        "GS_131",
        "CP-02",
        "CP-03",
        "CP-04",
        words="wrap_id",
        result={"wrap_id": 1, "scope_compliance": False, "quality_score": 0, "tasks_completed": []},
    ),
    judged(
        "forbidden-name-as-a-value",
        result={"notes": "wrap_id", "warnings": ["positive_closure", "wrap_authority"]},
    ),
    judged(
        "forbidden-name-as-a-part",
        result={
            "artifacts": {
                "my_wrap_id": 1,
                "wrap_ids": 1,
                "wrapper_id": 2,
                "wrap": 3,
                "authority": 4,
            }
        },
    ),
]
