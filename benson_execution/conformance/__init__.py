"""Conformance: what Benson's documents look like, and whether one does, without judging it.

schemas.py         their JSON Schemas, made from the models
patterns.py        the regular expressions in them, which every engine reads alike
artifact_model.py  the BER telemetry artifact, as a model
valid_results.py   whether nothing is wrong with a result, quickly
validation.py      whether a value fits, and everything that is wrong with it
trail_rules.py     whether events make a trail
files.py           files of documents and JSON Lines of any size, line by line
"""

from benson_execution.conformance.files import Finding, Tally, check_file, check_lines
from benson_execution.conformance.schemas import KINDS, schema_of, schema_text
from benson_execution.conformance.trail_rules import TrailRules
from benson_execution.conformance.validation import kind_of, violations_in

__all__ = [
    "KINDS",
    "Finding",
    "Tally",
    "TrailRules",
    "check_file",
    "check_lines",
    "kind_of",
    "schema_of",
    "schema_text",
    "violations_in",
]
