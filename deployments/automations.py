"""Automations as code: who is told when a work order is blocked, or waits too long for a person.

They look at the events that the mirror sends (`tasks/mirror.py`), and tell people by the
notification block that BENSON_NOTIFY_BLOCK names. Each is known by its name, so that installing
them again changes nothing, or exactly what is different.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import Automation, AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectNotFound
from prefect.utilities.urls import url_for

from benson_execution.errors import BadInput
from benson_execution.events import DispatchStatus, EventType
from benson_execution.own_events import OwnEventType
from benson_execution.settings import Settings
from benson_execution.text import quote
from tasks.mirrored_events import DISPATCH, PREFIX

PAC_BLOCKED: Final = "benson: PAC blocked"
REVIEW_WAITS: Final = "benson: review waits for an hour"
NAMES: Final = (PAC_BLOCKED, REVIEW_WAITS)
REVIEW_WITHIN: Final = timedelta(hours=1)

MAKE_A_BLOCK: Final = (
    "make a block of a type that notifies in Prefect's UI under Blocks, or with "
    "`prefect block create TYPE`, and set BENSON_NOTIFY_BLOCK=TYPE/NAME"
)

# The labels that these name are free of links, mentions and placeholders: the mirror sees to it.
_ABOUT: Final = """\
PAC: {{ event.resource['benson.pac'] }}
Agent: {{ event.resource['benson.agent'] or 'unknown' }}
Reason: {{ event.resource['benson.reason'] or 'none is recorded' }}
{% if flow_run %}Flow run: {{ flow_run | ui_url or LINK }}{% endif %}"""
_ADDRESS: Final = re.compile(r"https?://[\w.:/\[\]-]+")


class Did(StrEnum):
    """What became of an automation."""

    CREATED = "created"
    """There was none of its name."""
    UPDATED = "updated"
    """It was different."""
    UNCHANGED = "unchanged"
    """It was there already."""
    REMOVED = "removed"
    """It was there, and is not any more."""


class Installed(NamedTuple):
    """One automation, and what became of it."""

    name: str
    automation_id: UUID
    did: Did

    def to_dict(self) -> dict[str, str]:
        """The members that `--json` prints."""
        return {"name": self.name, "id": str(self.automation_id), "did": self.did.value}


def automations(
    block_document_id: UUID, review_within: timedelta = REVIEW_WITHIN
) -> Sequence[AutomationCore]:
    """Both automations, telling by this block; Prefect accepts 10 seconds or more to wait."""
    about = _ABOUT.replace("LINK", _run_link())
    return (
        AutomationCore(
            name=PAC_BLOCKED,
            description="A gate, or a person, kept a work order from being closed.",
            trigger=EventTrigger(
                expect={PREFIX + EventType.PAC_DISPATCH_END},
                match=_dispatches({"benson.status": DispatchStatus.BLOCKED.value}),
                posture=Posture.Reactive,
                threshold=1,
            ),
            actions=[
                SendNotification(
                    block_document_id=block_document_id,
                    subject="Blocked: {{ event.resource['benson.pac'] }}",
                    body=about,
                )
            ],
        ),
        AutomationCore(
            name=REVIEW_WAITS,
            description="A dispatch must be approved by a person, and nobody has answered.",
            trigger=EventTrigger(
                after={PREFIX + EventType.BER_GENERATION_DECISION},
                expect={PREFIX + OwnEventType.HUMAN_REVIEW, PREFIX + EventType.PAC_DISPATCH_END},
                # All events of a dispatch carry the label from the decision on.
                match=_dispatches({"benson.human_review_required": "true"}),
                for_each={"prefect.resource.id"},
                posture=Posture.Proactive,
                threshold=1,
                within=review_within,
            ),
            actions=[
                SendNotification(
                    block_document_id=block_document_id,
                    subject="Waits for review: {{ event.resource['benson.pac'] }}",
                    body="A person must approve it, and nobody has answered since "
                    "{{ event.occurred }}.\n" + about,
                )
            ],
        ),
    )


async def apply(settings: Settings, *, remove: bool) -> list[Installed]:
    """Install both automations on the Prefect of the environment, or remove them."""
    async with get_client() as client:
        if remove:
            return await remove_automations(client)
        return await install_automations(client, settings)


async def install_automations(
    client: PrefectClient, settings: Settings, review_within: timedelta = REVIEW_WITHIN
) -> list[Installed]:
    """Create or update both automations, and say what was done; none when no block is named.

    One that somebody paused stays paused. Raises `BadInput` for a block that there is not, or
    that tells nobody anything.
    """
    if settings.notify_block is None:
        return []
    block_document_id = await _block(client, settings.notify_block)
    return [await _install(client, one) for one in automations(block_document_id, review_within)]


async def remove_automations(client: PrefectClient) -> list[Installed]:
    """Remove both automations, however many there are of each name, and say which there were."""
    removed = []
    for name in NAMES:
        for found in await client.read_automations_by_name(name):
            await client.delete_automation(found.id)
            removed.append(Installed(name, found.id, Did.REMOVED))
    return removed


def _run_link() -> str:
    """What a template says of a run when the server itself does not know where its UI is.

    The address that we know it by is most likely the one that people know as well.
    """
    link = url_for("flow-run", obj_id="RUN")
    if link is None or not _ADDRESS.fullmatch(link):
        return "flow_run.id"
    return f"'{link.removesuffix('RUN')}' ~ flow_run.id"


async def _install(client: PrefectClient, wanted: AutomationCore) -> Installed:
    found = await client.read_automations_by_name(wanted.name)
    if not found:
        return Installed(wanted.name, await client.create_automation(wanted), Did.CREATED)
    there = found[0]
    if _essence(there) == _essence(wanted):
        # An update would forget which dispatches wait for a review.
        return Installed(wanted.name, there.id, Did.UNCHANGED)
    wanted.enabled = there.enabled
    await client.update_automation(there.id, wanted)
    return Installed(wanted.name, there.id, Did.UPDATED)


def _essence(automation: AutomationCore | Automation) -> dict[str, object]:
    """What makes an automation the same; whether it is paused is for people to say."""
    return automation.model_dump(include={"description", "trigger", "actions"})


async def _block(client: PrefectClient, named: str) -> UUID:
    """The id of the notification block `TYPE/NAME`."""
    block_type, slash, name = named.partition("/")
    if not (block_type and slash and name) or "/" in name:
        raise BadInput(f"{quote(named)} is no block", "write BENSON_NOTIFY_BLOCK=TYPE/NAME")
    try:
        block = await client.read_block_document_by_name(name, block_type, include_secrets=False)
    except ObjectNotFound:
        raise BadInput(f"Prefect has no block {quote(named)}", MAKE_A_BLOCK) from None
    schema = block.block_schema
    if schema is None or "notify" not in schema.capabilities:
        raise BadInput(f"the block {quote(named)} does not notify anybody", MAKE_A_BLOCK)
    return block.id


def _dispatches(labels: dict[str, str]) -> ResourceSpecification:
    return ResourceSpecification({"prefect.resource.id": f"{DISPATCH}*", **labels})
