"""Every metric of Benson, defined here and nowhere else.

Names follow the Prometheus conventions: the prefix `benson_`, base units (seconds, bytes, ratios),
`_total` for what only grows. The dashboard and the alert rules may use what is defined here, with
these labels; a test holds them to it.

Every label has a fixed set of values, of our own vocabularies and the registry's GIDs: what else
stands in a trail is counted under `unknown`, so that no document and nobody who tampers with one
makes new series.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

UNKNOWN: Final = "unknown"
"""The value of a label for whatever is not in its set."""


class MetricKind(StrEnum):
    """How Prometheus treats a metric."""

    COUNTER = "counter"
    """Only grows, until it is counted anew."""
    GAUGE = "gauge"
    """Is what it is now."""
    HISTOGRAM = "histogram"
    """How many observations there were up to each bound, and their sum."""
    INFO = "info"
    """Always 1: its labels are what it says."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric; `name` is without the endings that its samples get."""

    name: str
    kind: MetricKind
    help: str
    labels: tuple[str, ...] = ()
    unit: str = ""
    buckets: tuple[float, ...] = ()
    """The upper bounds of a histogram, in its unit, without the infinite one."""

    @property
    def samples(self) -> dict[str, tuple[str, ...]]:
        """The names that Prometheus stores, each with its labels."""
        match self.kind:
            case MetricKind.COUNTER:
                return {f"{self.name}_total": self.labels}
            case MetricKind.GAUGE:
                return {self.name: self.labels}
            case MetricKind.INFO:
                return {f"{self.name}_info": self.labels}
            case MetricKind.HISTOGRAM:
                return {
                    f"{self.name}_bucket": (*self.labels, "le"),
                    f"{self.name}_sum": self.labels,
                    f"{self.name}_count": self.labels,
                }


DISPATCHES_CLOSED: Final = Definition(
    "benson_dispatches_closed",
    MetricKind.COUNTER,
    "Closed dispatches by how they ended and by the agent of the PAC; an agent that the registry "
    "does not know is counted as unknown.",
    ("status", "agent"),
)
CHECKPOINTS: Final = Definition(
    "benson_checkpoints",
    MetricKind.COUNTER,
    "Checkpoints of closed dispatches by id and verdict.",
    ("checkpoint", "status"),
)
SCHEMA_VIOLATIONS: Final = Definition(
    "benson_schema_violations",
    MetricKind.COUNTER,
    "Closed dispatches whose result did not fit its schema, by the error code.",
    ("code",),
)
REFUSALS: Final = Definition(
    "benson_refusals",
    MetricKind.COUNTER,
    "Why dispatches did not complete. One that failed for several causes counts for each of them.",
    ("cause",),
)
DOCUMENTS_REFUSED: Final = Definition(
    "benson_documents_refused",
    MetricKind.COUNTER,
    "Documents that could not be judged at all, so that no dispatch was opened for them.",
    ("cause",),
)
HUMAN_REVIEWS: Final = Definition(
    "benson_human_reviews",
    MetricKind.COUNTER,
    "People's answers in closed dispatches, by what they count as.",
    ("decision",),
)
QUALITY_SCORE: Final = Definition(
    "benson_quality_score_ratio",
    MetricKind.HISTOGRAM,
    "Quality scores of closed dispatches, from 0 to 1. The threshold of CP-03 is one of the "
    "bounds; a score that equals it has passed.",
    ("agent",),
    "ratio",
    (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0),
)
DISPATCH_DURATION: Final = Definition(
    "benson_dispatch_duration_seconds",
    MetricKind.HISTOGRAM,
    "How long closed dispatches took, from their first event to their last.",
    ("status",),
    "seconds",
    (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400),
)
DISPATCHES_OPEN: Final = Definition(
    "benson_dispatches_open",
    MetricKind.GAUGE,
    "Dispatches that are not closed: working, or waiting for a person's review.",
    ("state",),
)
OLDEST_OPEN_AGE: Final = Definition(
    "benson_oldest_open_dispatch_age_seconds",
    MetricKind.GAUGE,
    "How long ago the first event of the oldest open dispatch was recorded; 0 when none is open.",
    ("state",),
    "seconds",
)
LOG_ENTRIES: Final = Definition(
    "benson_log_entries",
    MetricKind.GAUGE,
    "The size of the log: closed dispatches and refused documents.",
)
NEWEST_HEAD: Final = Definition(
    "benson_newest_head_timestamp_seconds",
    MetricKind.GAUGE,
    "When the newest head of the log was signed, in seconds since 1970.",
    unit="seconds",
)
LAST_POSITION: Final = Definition(
    "benson_trail_last_position",
    MetricKind.GAUGE,
    "The position of the newest event that was counted.",
)
VERIFIED: Final = Definition(
    "benson_trail_verified",
    MetricKind.GAUGE,
    "Whether the last verification of the whole trail found nothing wrong (1) or something (0). "
    "Absent while it was never verified here.",
)
VERIFIED_AT: Final = Definition(
    "benson_trail_verification_timestamp_seconds",
    MetricKind.GAUGE,
    "When the last verification ended, in seconds since 1970. Absent while there was none.",
    unit="seconds",
)
VERIFICATION_TOOK: Final = Definition(
    "benson_trail_verification_duration_seconds",
    MetricKind.GAUGE,
    "How long the last verification took. Absent while there was none.",
    unit="seconds",
)
FAULTS: Final = Definition(
    "benson_faults",
    MetricKind.COUNTER,
    "What could not be recorded or shown, as faults.jsonl of this host notes it: among others a "
    "write that the trail refused (trail) and events that Prefect did not take (mirror).",
    ("kind", "host"),
)
FAULTS_FILE: Final = Definition(
    "benson_faults_file_bytes",
    MetricKind.GAUGE,
    "The size of this host's faults.jsonl. At 64 MiB nothing is added to it any more.",
    ("host",),
    "bytes",
)
BUILD: Final = Definition(
    "benson_build",
    MetricKind.INFO,
    "The version of Benson that counts.",
    ("version",),
)

DEFINITIONS: Final = (
    DISPATCHES_CLOSED,
    CHECKPOINTS,
    SCHEMA_VIOLATIONS,
    REFUSALS,
    DOCUMENTS_REFUSED,
    HUMAN_REVIEWS,
    QUALITY_SCORE,
    DISPATCH_DURATION,
    DISPATCHES_OPEN,
    OLDEST_OPEN_AGE,
    LOG_ENTRIES,
    NEWEST_HEAD,
    LAST_POSITION,
    VERIFIED,
    VERIFIED_AT,
    VERIFICATION_TOOK,
    FAULTS,
    FAULTS_FILE,
    BUILD,
)
