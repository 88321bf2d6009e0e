"""Whether a database's tables and triggers are those that the migrations made.

What was added counts as much as what is gone: a table without its key can hide a row from those
who page by it, and a foreign trigger can swallow events before they are recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Engine, UniqueConstraint, inspect
from sqlalchemy.engine import Inspector

from benson_execution.trail.rows import Weakness
from benson_execution.trail.tables import metadata

_VERSION_TABLE: Final = "alembic_version"


def wrong_guards(made: Mapping[str, Any], there: Mapping[str, Any]) -> list[Weakness]:
    """The guards that are gone or changed, and the triggers that are no guards."""
    found = [
        Weakness("guard", f"the guard {name} is gone or changed: rows could be altered unnoticed")
        for name, guard in made.items()
        if there.get(name) != guard
    ]
    added = [name for name in there if name not in made]
    return found + [Weakness("tables", f"the trigger {name!r} was added") for name in added]


def wrong_tables(engine: Engine) -> list[Weakness]:
    """The tables that differ from what was made: their columns, keys and indexes."""
    inspector = inspect(engine)
    there = set(inspector.get_table_names())
    views = inspector.get_view_names()
    found = [Weakness("tables", f"the view {name!r} was added") for name in views]
    for name, table in metadata.tables.items():
        if name not in there:
            found.append(Weakness("tables", f"the table {name} is gone"))
            continue
        made = {
            "columns": [(column.name, bool(column.nullable)) for column in table.columns],
            "key": [column.name for column in table.primary_key.columns],
            "unique": sorted(
                sorted(column.name for column in constraint.columns)
                for constraint in table.constraints
                if isinstance(constraint, UniqueConstraint)
            ),
            "indexes": sorted([c.name for c in index.columns] for index in table.indexes),
        }
        differing = [part for part, now in _parts(inspector, name).items() if now != made[part]]
        if differing:
            message = f"the table {name} has other {', '.join(differing)} than were made"
            found.append(Weakness("tables", message))
    if _VERSION_TABLE not in there:
        found.append(Weakness("tables", f"the table {_VERSION_TABLE} is gone"))
    return found


def _parts(inspector: Inspector, table: str) -> dict[str, Any]:
    unique = inspector.get_unique_constraints(table)
    named = {constraint["name"] for constraint in unique}
    indexes = [i for i in inspector.get_indexes(table) if i["name"] not in named]
    return {
        "columns": [(c["name"], bool(c["nullable"])) for c in inspector.get_columns(table)],
        "key": inspector.get_pk_constraint(table)["constrained_columns"],
        "unique": sorted(sorted(constraint["column_names"]) for constraint in unique),
        "indexes": sorted([str(name) for name in i["column_names"]] for i in indexes),
    }
