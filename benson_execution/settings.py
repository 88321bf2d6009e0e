"""Every setting of Benson, read from the environment in one place."""

from __future__ import annotations

import functools
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import URL

from benson_execution.errors import InvalidSettings
from benson_execution.limits import MAX_DOCUMENT_BYTES
from benson_execution.review_rule import ReviewRule


class Settings(BaseSettings):
    """The settings; each is the environment variable `BENSON_` and the field's name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="BENSON_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Field(default_factory=lambda: Path.home() / ".benson")
    """Where Benson keeps its trail, its artifacts and the embedded Prefect."""
    trail_url: str | None = None
    """The trail's store: `sqlite:///PATH`, `postgresql+psycopg://…` or `memory://`.

    Default: `trail.db` under the home.
    """
    signing_key: Path | None = None
    """A PEM file with the key that signs the trail. Default, for SQLite: one under the home."""
    signing_key_pem: SecretStr | None = None
    """The same key as a text, for places that hand secrets over in the environment."""
    trusted_keys: Path | None = None
    """A PEM file with the public keys that verification trusts. Default: our own."""
    heads: Path | None = None
    """The file to which every signed head is appended. Default: `heads.jsonl` under the home."""
    artifacts: Path | None = None
    """Where artifacts are written. Default: `artifacts` under the home."""
    archive: Path | None = None
    """The folder that closed dispatches are moved into. Default: `archive` under the home."""
    registry: Path | None = None
    """A JSON file with the agents. Default: the agents that ship with Benson."""
    quality_threshold: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.7
    """The lowest quality score that passes CP-03, in [0, 1]."""
    max_document_bytes: Annotated[int, Field(gt=0)] = MAX_DOCUMENT_BYTES
    """The largest document that is read."""
    prefect_labels: bool = True
    """Whether flow runs get names and tags in Prefect."""
    prefect_artifacts: bool = True
    """Whether the verdict and the events are shown as Prefect artifacts."""
    prefect_events: bool = True
    """Whether every telemetry event is mirrored as a Prefect event."""
    otel: bool = False
    """Whether dispatches are exported as OpenTelemetry traces; its own variables say where to."""
    notify_block: str | None = None
    """The Prefect notification block, `TYPE/NAME`, by which the automations tell people."""
    human_review: Annotated[ReviewRule, NoDecode] = Field(default_factory=ReviewRule)
    """When a person must approve: `never`, `always`, `below:SCORE`, or `agents:GID,GID`."""
    review_timeout_seconds: Annotated[int, Field(gt=0)] = 7 * 24 * 3600
    """How long a dispatch waits for a reviewer, in seconds."""
    runners: Path | None = None
    """A JSON file with the commands and deployments that agents may be run by. Default: none."""
    document_urls: str = ""
    """The prefixes, separated by spaces, of the URLs that documents may be fetched from."""
    inbox: str | None = None
    """The folder, or fsspec URL, that is swept for documents. Default: `inbox` under the home."""
    inbox_batch: Annotated[int, Field(gt=0)] = 100
    """How many files of the inbox one sweep takes."""

    @field_validator(
        "home",
        "artifacts",
        "archive",
        "registry",
        "signing_key",
        "trusted_keys",
        "heads",
        "runners",
    )
    @classmethod
    def _expand(cls, path: Path | None) -> Path | None:
        try:
            return None if path is None else path.expanduser()
        except RuntimeError as error:  # the home of a user that there is not
            raise ValueError(str(error)) from None

    @field_validator("otel")
    @classmethod
    def _require_otel(cls, wanted: bool) -> bool:
        if wanted and not _has_opentelemetry():
            raise InvalidSettings(
                "BENSON_OTEL is on, and OpenTelemetry's SDK and exporter are not installed: "
                "pip install 'benson-execution[otel]'"
            )
        return wanted

    @field_validator("human_review", mode="before")
    @classmethod
    def _parse_rule(cls, given: object) -> object:
        return ReviewRule.parse(given) if isinstance(given, str) else given

    @classmethod
    def load(cls) -> Settings:
        """The settings of the environment; `InvalidSettings` names the variable that is wrong."""
        ours = {k: v for k, v in os.environ.items() if k == "HOME" or k[:7].upper() == "BENSON_"}
        return _load(cls, frozenset(ours.items()))

    @property
    def resolved_trail_url(self) -> str | URL:
        """The URL of the trail's store; a folder's name is no part of a URL's grammar."""
        if self.trail_url:
            return self.trail_url
        return URL.create("sqlite", database=str(self.home.absolute() / "trail.db"))

    @property
    def artifacts_folder(self) -> Path:
        """The folder of the artifacts."""
        return self.artifacts or self.home / "artifacts"

    @property
    def archive_folder(self) -> Path:
        """The folder of the archives."""
        return self.archive or self.home / "archive"

    @property
    def inbox_url(self) -> str:
        """The folder or fsspec URL of the inbox."""
        return self.inbox or str(self.home.absolute() / "inbox")

    @property
    def heads_file(self) -> Path:
        """The file of the signed heads."""
        return self.heads or self.home / "heads.jsonl"


def _has_opentelemetry() -> bool:
    """Whether the extra `otel` is installed; Prefect brings a part of it only."""
    needed = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http")
    try:
        return all(find_spec(name) is not None for name in needed)
    except ModuleNotFoundError:
        return False


@functools.lru_cache(maxsize=8)
def _load(kind: type[Settings], _environment: frozenset[tuple[str, str]]) -> Settings:
    """Read once for each environment: a run asks for its settings several times."""
    try:
        return kind()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        variable = f"BENSON_{first['loc'][0]}".upper()
        raise InvalidSettings(
            f"{variable}={first['input']!r} is not usable: {first['msg']}"
        ) from None
