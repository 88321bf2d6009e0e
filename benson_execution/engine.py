"""BensonExecutionEngine: the phases in one process, without an orchestrator."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from benson_execution.artifact import leave_artifact
from benson_execution.dispatch import Dispatch
from benson_execution.document import Document
from benson_execution.errors import (
    AppendRefused,
    ArtifactNotWritten,
    BadInput,
    BensonError,
    StatusConflict,
    TrailUnavailable,
)
from benson_execution.events import Event
from benson_execution.faults import FaultKind, note_fault
from benson_execution.outcome import Outcome
from benson_execution.phases import ber_decision, schema_validation
from benson_execution.policy import Policy
from benson_execution.refusals import record_refusal
from benson_execution.result import SCHEMA_TYPE, ResultValidation, validate_execution_result
from benson_execution.schema import is_pac_id
from benson_execution.settings import Settings
from benson_execution.telemetry import TelemetryLogger, telemetry_for_ber
from benson_execution.tracing import export_dispatch, is_wanted, prepare, trace_id_of_run
from benson_execution.trail import Trail, open_trail
from benson_execution.walk import guarded, walk


class BensonExecutionEngine:
    """Judges documents phase by phase, and leaves the same trail as the flow.

    `enable_telemetry` prints every event as one line of JSON; recording can't be switched off.
    `trail` defaults to the one that the settings name (SQLite under `BENSON_HOME`), and then
    every dispatch leaves its artifact in the settings' folder. With a trail of your own,
    artifacts are written only into an `artifacts` folder of your own.

    One engine serves many threads at once.
    """

    def __init__(
        self,
        enable_telemetry: bool = True,
        *,
        trail: Trail | None = None,
        settings: Settings | None = None,
        artifacts: str | os.PathLike[str] | None = None,
        log_file: str | os.PathLike[str] | None = None,
    ) -> None:
        self.settings = settings or Settings.load()
        self.telemetry = _EngineLogger(enable_telemetry, log_file)
        self._policy = Policy.of(self.settings)
        self._trail = trail
        self._leaves_artifacts = trail is None or artifacts is not None
        if artifacts is not None:
            places = {"artifacts": Path(artifacts)}
            if trail is not None and self.settings.heads is None:
                places["heads"] = Path(artifacts) / "heads.jsonl"
            self.settings = self.settings.model_copy(update=places)
        prepare(self.settings)

    @property
    def trail(self) -> Trail:
        """The trail; the settings' is opened when it is first needed."""
        if self._trail is not None:
            return self._trail
        return open_trail(self.settings)

    def validate_execution_result_schema(self, data: Any) -> ResultValidation:
        """Validate an agent's result, and emit `SCHEMA_VALIDATION` into the session's record."""
        validation = guarded(partial(validate_execution_result, data), schema_validation.not_judged)
        claimed = None
        with suppress(Exception):  # whatever this is, its validation is recorded
            claimed = data["pac_id"]
        code = validation.error_code
        self.telemetry.schema_validation(
            claimed if is_pac_id(claimed) else "UNKNOWN",
            SCHEMA_TYPE,
            validation.valid,
            None if code is None else code.value,
        )
        return validation

    def execute_pac(
        self, document: Document | Mapping[str, Any] | str | bytes, *, source: str | None = None
    ) -> Outcome:
        """Judge one document to its end, and return what became of it.

        A document is a PAC and its result: as read, as a Python object, or as JSON or YAML text.
        Raises `UnreadableDocument` or `InvalidPac` (then there is no dispatch, but a record of
        the refusal, which names the `source`), and `TrailUnavailable` when something could not be
        recorded (then nothing has passed).
        """
        if not isinstance(document, Document):
            try:
                document = self._read(document)
            except BadInput as error:
                self.refuse(error, source)
                raise
        dispatch: Dispatch | None = None
        try:
            run_id = str(uuid.uuid4())
            trace_id = trace_id_of_run(run_id) if is_wanted(self.settings) else None
            dispatch = Dispatch.of(
                run_id, document, self._policy, self.trail, self.telemetry, trace_id=trace_id
            )
            self.telemetry.latest = dispatch
            walk(dispatch)
            events = dispatch.events()
            ber_decision.require(events, ber_decision.CANONICAL)
        except BaseException as error:
            self._note(error, document.pac.pac_id)
            self._close(dispatch)
            raise
        try:
            return self._outcome(dispatch, events)
        except BensonError as error:
            self._note(error, dispatch.ref.dispatch_id)
            raise

    def _read(self, document: Mapping[str, Any] | str | bytes) -> Document:
        limit = self.settings.max_document_bytes
        if isinstance(document, Mapping):
            return Document.of(document, limit=limit)
        return Document.read(document, limit=limit)

    def refuse(self, error: BadInput, source: str | None = None) -> None:
        """Record that a document was refused before there was anything to judge."""
        record_refusal(
            lambda: self.trail, self.settings, error, source, note_head=self._leaves_artifacts
        )

    def _close(self, dispatch: Dispatch | None) -> None:
        """After an interruption: tell what can be told.

        Whatever goes wrong here must not hide what went wrong first.
        """
        if dispatch is None:
            return
        try:
            try:
                dispatch.fail()
            except StatusConflict as conflict:  # it was closed in the very moment
                self._note(conflict, dispatch.ref.dispatch_id)
            self._outcome(dispatch, dispatch.events())
        except BensonError as error:
            self._note(error, dispatch.ref.dispatch_id)

    def _note(self, error: BaseException, about: str) -> None:
        """What the trail refused is noted where the trail is not."""
        kind: FaultKind = "artifact" if isinstance(error, ArtifactNotWritten) else "trail"
        if isinstance(error, ArtifactNotWritten | TrailUnavailable | AppendRefused):
            note_fault(self.settings.home, kind, error, about)

    def get_telemetry_for_ber(self) -> dict[str, Any]:
        """The contract's telemetry block of the latest dispatch; before any, of the session."""
        latest = self.telemetry.latest
        return telemetry_for_ber(
            self.telemetry.get_all_events() if latest is None else latest.events()
        )

    def _outcome(self, dispatch: Dispatch, events: list[Event]) -> Outcome:
        # Before the artifact, which may not be written: the trail is complete.
        export_dispatch(dispatch.trail, dispatch.ref.dispatch_id, self.settings)
        path = None
        ref = dispatch.ref
        if self._leaves_artifacts:
            _, path = leave_artifact(
                dispatch.trail,
                ref.dispatch_id,
                self.settings,
                duration_estimated=not dispatch.began_here,
                known=dispatch.document,
            )
        else:
            dispatch.trail.release(ref.dispatch_id)
        return Outcome.of(ref.dispatch_id, ref.pac_id, events, path, dispatch.document)


class _EngineLogger(TelemetryLogger):
    """The engine's session record, which also shows the events of its latest dispatch.

    Older dispatches are in their trail: an engine that lives long must not keep them all.
    """

    latest: Dispatch | None = None

    def get_all_events(self) -> list[Event]:
        """The session's own events, then those of the latest dispatch."""
        session = super().get_all_events()
        return session if self.latest is None else session + self.latest.events()
