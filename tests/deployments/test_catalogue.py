"""The one list of deployments, and that everything which is made from it is the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from benson_execution import Settings, open_trail
from deployments.catalogue import DEPLOYMENTS, WORK_POOL, Deployment
from deployments.prefect_yaml import PREFECT_YAML, prefect_yaml
from deployments.serving import load_flow
from tests.cli.command import Benson
from tests.deployments.up import Up, up
from tests.flow.documents import document
from tests.flow.test_every_hook_matters import statuses
from tests.prefect_server import running_server, server_environment

PREFECT = Path(sys.executable).with_name("prefect")
EXPECTED = {
    "pac-execution/on-demand",
    "pac-form/on-demand",
    "pac-execution/on-event",
    "pac-inbox/every-minute",
    "trail-recovery/every-five-minutes",
}


def test_the_file_is_what_the_catalogue_makes() -> None:
    """`python -m deployments --write` was not forgotten."""
    assert PREFECT_YAML.read_text() == prefect_yaml()


def test_the_module_prints_the_file_and_writes_it(tmp_path: Path) -> None:
    """To be looked at, or to be kept; anything else is bad usage."""
    command = [sys.executable, "-m", "deployments"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert printed.stdout == prefect_yaml()
    wrong = subprocess.run([*command, "--wirte"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (1, "")


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda one: one.full_name)
def test_every_entry_point_loads_its_flow(deployment: Deployment) -> None:
    """By its module, and under the name that the catalogue knows."""
    assert load_flow(deployment).name == deployment.flow


def test_the_catalogue_has_what_was_agreed() -> None:
    """Other parts submit to these by name."""
    assert {deployment.full_name for deployment in DEPLOYMENTS} == EXPECTED


def listed(url: str) -> dict[str, dict[str, Any]]:
    """What the API says of each deployment, without what differs from place to place."""
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as api:
        flows = {f["id"]: f["name"] for f in api.post("/flows/filter", json={}).json()}
        found = {}
        automations = api.post("/automations/filter", json={}).json()
        for one in api.post("/deployments/filter", json={}).json():
            triggers = [
                {
                    "name": automation["name"],
                    "description": automation["description"],
                    "enabled": automation["enabled"],
                    "trigger": {k: v for k, v in automation["trigger"].items() if k != "id"},
                    "actions": [
                        {k: v for k, v in action.items() if k != "deployment_id"}
                        for action in automation["actions"]
                    ],
                }
                for automation in automations
                if any(a.get("deployment_id") == one["id"] for a in automation["actions"])
            ]
            limit = one["global_concurrency_limit"]
            found[f"{flows[one['flow_id']]}/{one['name']}"] = {
                "description": one["description"],
                "entrypoint": one["entrypoint"],
                "parameters": one["parameters"],
                "schema": one["parameter_openapi_schema"],
                "enforced": one["enforce_parameter_schema"],
                "paused": one["paused"],
                "schedules": [(s["schedule"], s["active"]) for s in one["schedules"]],
                "limit": None if limit is None else limit["limit"],
                "options": one["concurrency_options"],
                "triggers": triggers,
            }
    return found


class Deployed(NamedTuple):
    """A server, what it listed after `prefect deploy --all` and after another one, and a home."""

    url: str
    once: dict[str, dict[str, Any]]
    twice: dict[str, dict[str, Any]]
    home: Path


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """What was deployed on a server of its own; a worker ran one document there."""
    home = tmp_path_factory.mktemp("deployed")
    with running_server(home / "server") as url:
        env = server_environment(home / "client", PREFECT_API_URL=url, BENSON_HOME=str(home))

        def prefect(*args: str) -> None:
            done = subprocess.run(
                [PREFECT, "--no-prompt", *args],
                env=env,
                cwd=PREFECT_YAML.parent if args[0] == "deploy" else home,
                capture_output=True,
                text=True,
                timeout=200,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr

        prefect("work-pool", "create", "--type", "process", WORK_POOL)
        prefect("deploy", "--all")
        once = listed(url)
        prefect("deploy", "--all")
        twice = listed(url)
        given = {"document": document()}
        full_name = "pac-execution/on-demand"
        prefect("deployment", "run", full_name, "--params", json.dumps(given))
        prefect("worker", "start", "--pool", WORK_POOL, "--run-once")
        yield Deployed(url, once, twice, home)


@pytest.mark.timeout(600)
def test_what_is_deployed_is_what_is_served(deployed: Deployed, served: Up) -> None:
    """Names, schedules, parameters, triggers and limits, as two servers list them."""
    _, once, twice, _ = deployed
    assert set(once) == EXPECTED
    assert once == twice
    assert listed(served.url) == once


@pytest.mark.timeout(600)
def test_a_worker_runs_what_was_deployed(deployed: Deployed, monkeypatch: Any) -> None:
    """From the installed packages, wherever the worker stands: nothing is pulled before a run."""
    monkeypatch.setenv("BENSON_HOME", str(deployed.home))
    assert statuses(open_trail(Settings.load())) == ["COMPLETED"]


@pytest.mark.timeout(600)
def test_the_server_lists_what_was_agreed(deployed: Deployed) -> None:
    """Schedules that fire, of which one run goes at a time; a trigger with its templates."""
    _, once, _, _ = deployed
    crons = {name: [s["cron"] for s, _ in one["schedules"]] for name, one in once.items()}
    assert {name: found for name, found in crons.items() if found} == {
        "pac-inbox/every-minute": ["* * * * *"],
        "trail-recovery/every-five-minutes": ["*/5 * * * *"],
    }
    for name, one in once.items():
        assert one["paused"] is False
        assert (one["limit"] == 1) is (name in {n for n, found in crons.items() if found})
        assert (one["options"] or {}).get("collision_strategy", "CANCEL_NEW") == "CANCEL_NEW"
    (trigger,) = once["pac-execution/on-event"]["triggers"]
    assert trigger["trigger"]["expect"] == ["benson.pac.submitted"]
    assert trigger["trigger"]["within"] == 0
    assert set(trigger["actions"][0]["parameters"]) == {
        "document",
        "document_digest",
        "document_url",
    }


@pytest.mark.timeout(600)
def test_serving_what_was_deployed_changes_nothing_of_it(
    deployed: Deployed, benson: Benson
) -> None:
    """On a server that others use too; and the schedules go on when it ends."""
    url, once, _, _ = deployed
    with up(benson, url=url):
        assert listed(url) == once
    assert listed(url) == once
    assert not (benson.home / "prefect" / "prefect.db").exists()
