"""The one list of everything that is deployed: what runs, when, and with what.

`prefect.yaml` is made from it (`python -m deployments --write`), and `benson up` serves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

WORK_POOL: Final = "benson"
"""The work pool, of type `process`, whose workers run what was deployed with `prefect.yaml`."""
SUBMITTED: Final = "benson.pac.submitted"
"""The event by which a document is handed in.

Its payload has `document` (the text), `document_digest` (its SHA-256) and `document_url`, as the
flow takes them; a member that is missing or null is left out.
"""
_MEMBERS: Final = ("document", "document_digest", "document_url")
_NO_TEXT: Final = '"a member of the event that is no text"'
"""What stands for a member that is anything but a text: a document that is refused."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Runs a deployment for each event of one name, with parameters rendered from the event."""

    name: str
    event: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment of one flow.

    `flow` is the flow's name, and `entrypoint` the module path of its function.
    `cron` is its schedule in UTC; None runs it only when it is asked to.
    Of an `exclusive` one there is one run at a time, and what would run beside it is cancelled.
    """

    flow: str
    name: str
    entrypoint: str
    description: str
    cron: str | None = None
    exclusive: bool = False
    trigger: Trigger | None = None

    @property
    def full_name(self) -> str:
        """`FLOW/NAME`, by which Prefect finds it."""
        return f"{self.flow}/{self.name}"


def _from_payload(member: str) -> dict[str, Any]:
    """A template for one text of the event's payload, exactly as it is there.

    It is written as JSON and read back, so that nothing in it is taken for a template, a number
    or null. A value that is no text would cross as a structure, in which Prefect looks for
    templates of its own: it is never let through.
    """
    template = (
        f"{{% set given = event.payload.{member} %}}"
        "{{ (given if given is string or given is none else no_text) | tojson "
        "if given is defined else 'null' }}"
    ).replace("no_text", f"'{_NO_TEXT}'")
    return {"__prefect_kind": "json", "value": {"__prefect_kind": "jinja", "template": template}}


DEPLOYMENTS: Final = (
    Deployment(
        flow="pac-execution",
        name="on-demand",
        entrypoint="flows.pac_execution.pac_execution",
        description="Judges one document, whenever it is asked to.",
    ),
    Deployment(
        flow="pac-form",
        name="on-demand",
        entrypoint="flows.pac_form.pac_form",
        description="Judges a work order and its result that a person fills in.",
    ),
    Deployment(
        flow="pac-execution",
        name="on-event",
        entrypoint="flows.pac_execution.pac_execution",
        description=f"Judges the document of every event {SUBMITTED}.",
        trigger=Trigger(
            name="pac-submitted",
            event=SUBMITTED,
            description=f"Judges the document of every event {SUBMITTED}.",
            parameters={member: _from_payload(member) for member in _MEMBERS},
        ),
    ),
    Deployment(
        flow="pac-inbox",
        name="every-minute",
        entrypoint="flows.pac_inbox.pac_inbox",
        description="Sweeps the inbox for documents, and has each of them judged.",
        cron="* * * * *",
        exclusive=True,
    ),
    Deployment(
        flow="trail-recovery",
        name="every-five-minutes",
        entrypoint="flows.trail_recovery.trail_recovery",
        description="Closes what was killed, and writes the artifacts that are missing.",
        cron="*/5 * * * *",
        exclusive=True,
    ),
)
ON_EVENT: Final = DEPLOYMENTS[2].full_name
