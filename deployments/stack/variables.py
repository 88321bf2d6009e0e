"""Which environment variables each part of the stack gets; `compose.yaml` must say the same.

Nobody gets more than they need: a worker knows neither Prefect's database nor Redis, and who
hands documents in knows what a worker knows.
"""

from __future__ import annotations

from typing import Final

PREFECT_DATABASE: Final = "prefect"
TRAIL_DATABASE: Final = "benson"


def database_url(driver: str, name: str, password: str, database: str) -> str:
    """The URL of a database of the PostgreSQL at HOST:PORT; its user has its name."""
    return f"{driver}://{name}:{password}@{database}/{name}"


def redis_url(password: str, redis: str, number: int) -> str:
    """The URL of one of the databases of the Redis at HOST:PORT."""
    return f"redis://default:{password}@{redis}/{number}"


def server_variables(
    *, database_password: str, database: str, redis_password: str, redis: str, auth: str
) -> dict[str, str]:
    """For Prefect's API server and its background services.

    `database` and `redis` are HOST:PORT, `auth` is what clients must know, `NAME:PASSWORD`.
    """
    return {
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database_url(
            "postgresql+asyncpg", PREFECT_DATABASE, database_password, database
        ),
        # Once, by a process that does nothing else: two servers that start would both do it.
        "PREFECT_SERVER_DATABASE_MIGRATE_ON_START": "false",
        "PREFECT_SERVER_API_AUTH_STRING": auth,
        # The services call the API as well.
        "PREFECT_API_AUTH_STRING": auth,
        # What several processes of the server share.
        "PREFECT_SERVER_EVENTS_MESSAGING_BROKER": "prefect_redis.messaging",
        "PREFECT_SERVER_EVENTS_MESSAGING_CACHE": "prefect_redis.messaging",
        "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
        "PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_QUEUE_STORAGE": "prefect_redis.cleanup_queue",
        "PREFECT_REDIS_MESSAGING_URL": redis_url(redis_password, redis, 0),
        "PREFECT_SERVER_DOCKET_URL": redis_url(redis_password, redis, 1),
    }


def client_variables(*, api: str, auth: str) -> dict[str, str]:
    """For whoever calls the API at `api` (HOST:PORT)."""
    return {"PREFECT_API_URL": f"http://{api}/api", "PREFECT_API_AUTH_STRING": auth}


def worker_variables() -> dict[str, str]:
    """For workers, beside what a client gets."""
    # They look for runs so often. A worker that has room again does not look by itself: at
    # Prefect's ten seconds, one whose runs are short would stand idle for most of the time.
    return {"PREFECT_WORKER_QUERY_SECONDS": "1"}


def trail_variables(*, password: str, database: str) -> dict[str, str]:
    """For whoever records in the trail; its signing key they are given beside it."""
    url = database_url("postgresql+psycopg", TRAIL_DATABASE, password, database)
    return {"BENSON_TRAIL_URL": url}
