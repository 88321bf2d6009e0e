"""`compose.yaml` says in containers what `deployments.stack` starts on one machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
import yaml

from benson_execution.prefect_environment import DEFAULTS
from deployments.catalogue import WORK_POOL
from deployments.stack.variables import (
    client_variables,
    server_variables,
    trail_variables,
    worker_variables,
)
from tests.private_postgres import private_postgres

ROOT: Final = Path(__file__).parents[2]
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: Final[dict[str, Any]] = COMPOSE["services"]
AUTH: Final = "${PREFECT_SERVER_API_AUTH_STRING:?}"
DATABASE: Final = "postgresql:5432"
SERVER: Final = server_variables(
    database_password="${PREFECT_DATABASE_PASSWORD:?}",
    database=DATABASE,
    redis_password="${REDIS_PASSWORD:?}",
    redis="redis:6379",
    auth=AUTH,
)
API: Final = client_variables(api="server:4200", auth=AUTH)
CLIENT: Final = {
    **API,
    **trail_variables(password="${BENSON_DATABASE_PASSWORD:?}", database=DATABASE),
    "BENSON_SIGNING_KEY_PEM": "${BENSON_SIGNING_KEY_PEM:?}",
    "BENSON_HOME": "/var/lib/benson",
    "BENSON_ARCHIVE": "/var/lib/benson/archive",
}
EXPECTED: Final[dict[str, dict[str, str]]] = {
    "migration": SERVER,
    "server": SERVER,
    "services": {**SERVER, "PREFECT_API_URL": API["PREFECT_API_URL"]},
    "registration": CLIENT,
    "worker": {**CLIENT, **worker_variables()},
}


@pytest.mark.parametrize("service", EXPECTED)
def test_a_container_has_the_environment_that_its_process_has_in_the_stack(service: str) -> None:
    """Name by name and value by value, but for where the others are and how they are kept."""
    assert SERVICES[service]["environment"] == {**DEFAULTS, **EXPECTED[service]}


def test_each_part_of_the_stack_is_a_container() -> None:
    """And there is no other."""
    assert SERVICES.keys() == {"postgresql", "redis", *EXPECTED}


def test_the_servers_are_started_as_in_the_stack() -> None:
    """The API without services, the services by themselves, workers of our pool."""
    commands = {name: " ".join(SERVICES[name]["command"]) for name in EXPECTED}
    assert commands["server"].startswith("prefect server start --no-services ")
    assert commands["services"] == "prefect server services start"
    assert commands["migration"] == "prefect server database upgrade -y"
    assert commands["registration"] == "python -m deployments.stack.registration"
    assert f"--pool {WORK_POOL} --type process" in commands["worker"]
    assert SERVICES["worker"]["deploy"]["replicas"] == 2


def test_only_the_api_is_reached_and_from_this_machine_only() -> None:
    """Neither the databases nor the workers have a port outside."""
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"server": ["127.0.0.1:4200:4200"]}


def test_no_secret_has_a_value_or_a_default() -> None:
    """Each comes from the environment, and without it nothing starts."""
    text = (ROOT / "compose.yaml").read_text()
    asked = re.findall(r"\$\{([^}]*)\}", text)
    assert {name.removesuffix(":?") for name in asked if name.endswith(":?")} == {
        "POSTGRES_PASSWORD",
        "PREFECT_DATABASE_PASSWORD",
        "BENSON_DATABASE_PASSWORD",
        "REDIS_PASSWORD",
        "PREFECT_SERVER_API_AUTH_STRING",
        "BENSON_SIGNING_KEY_PEM",
    }
    assert all(name.endswith(":?") for name in asked)
    secret = re.compile(r"(PASSWORD|AUTH_STRING|SIGNING_KEY_PEM)$")
    for service in SERVICES.values():
        for name, value in service["environment"].items():
            assert not secret.search(name) or re.fullmatch(r"\$\{\w+:\?\}", value), name


def test_what_is_kept_is_in_named_volumes_and_what_serves_has_a_health_check() -> None:
    """A container may be thrown away."""
    assert COMPOSE["volumes"].keys() == {"postgresql", "redis", "benson"}
    for name in ("postgresql", "redis", "worker"):
        volumes = [volume.split(":")[0] for volume in SERVICES[name]["volumes"]]
        assert COMPOSE["volumes"].keys() & set(volumes), name
    for name in ("postgresql", "redis", "server", "worker"):
        assert SERVICES[name]["healthcheck"]["test"], name


def test_the_containers_databases_are_made_each_with_its_user() -> None:
    """The script that PostgreSQL's container runs, run on a real server."""
    if shutil.which("psql") is None:
        pytest.skip("psql is not installed (Debian: apt-get install postgresql-client)")
    with private_postgres() as server:
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port)}
        passwords = {"PREFECT_DATABASE_PASSWORD": "it's", "BENSON_DATABASE_PASSWORD": 'a "word"'}
        subprocess.run(
            [ROOT / "deployments" / "containers" / "databases.sh"],
            env={**os.environ, **where, **passwords},
            check=True,
            capture_output=True,
        )
        for name in ("prefect", "benson"):
            with psycopg.connect(
                host="127.0.0.1", port=server.port, user=name, dbname=name
            ) as connection:
                owner = connection.execute(
                    "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s",
                    [name],
                ).fetchone()
            assert owner is not None
            assert owner[0] == name


def test_docker_reads_it() -> None:
    """Where Docker's client has compose: without the secrets it refuses, with them it does not."""
    asked = ["docker", "compose", "--file", str(ROOT / "compose.yaml"), "config", "--quiet"]
    if (
        shutil.which("docker") is None
        or subprocess.run(
            ["docker", "compose", "version"], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("docker compose is not installed")
    names = re.findall(r"\$\{(\w+):\?\}", (ROOT / "compose.yaml").read_text())
    bare = {name: value for name, value in os.environ.items() if name not in names}
    assert subprocess.run(asked, env=bare, capture_output=True, check=False).returncode != 0
    given = {**bare, **dict.fromkeys(names, "x:y")}
    told = subprocess.run(asked, env=given, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
