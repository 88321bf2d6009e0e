"""`prefect.yaml`, made from the catalogue: what `prefect deploy --all` reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from deployments.catalogue import DEPLOYMENTS, WORK_POOL, Deployment, Trigger

PREFECT_YAML: Final = Path(__file__).parents[1] / "prefect.yaml"
_HEAD: Final = """\
# Made by `python -m deployments --write` from deployments/catalogue.py; a test compares the two.
# `prefect work-pool create --type process benson`, then `prefect --no-prompt deploy --all`, and
# on every machine that shall run them `prefect worker start --pool benson`.
"""


def prefect_yaml() -> str:
    """The file's whole text."""
    made = {
        "name": "benson-execution",
        # The flows are installed packages: nothing is to be pulled before a run.
        "pull": [],
        "deployments": [_spec(deployment) for deployment in DEPLOYMENTS],
    }
    return _HEAD + yaml.safe_dump(made, sort_keys=False, width=100)


def _spec(deployment: Deployment) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "name": deployment.name,
        "entrypoint": deployment.entrypoint,
        "description": deployment.description,
        "work_pool": {"name": WORK_POOL},
    }
    if deployment.cron is not None:
        spec["schedules"] = [{"cron": deployment.cron, "timezone": "UTC", "active": True}]
    if deployment.exclusive:
        spec["concurrency_limit"] = {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    if deployment.trigger is not None:
        spec["triggers"] = [trigger_spec(deployment.trigger)]
    return spec


def trigger_spec(trigger: Trigger) -> dict[str, Any]:
    """A trigger as Prefect's own models take it."""
    return {
        "type": "event",
        "name": trigger.name,
        "description": trigger.description,
        "enabled": True,
        "expect": [trigger.event],
        "posture": "Reactive",
        "threshold": 1,
        "parameters": trigger.parameters,
    }
