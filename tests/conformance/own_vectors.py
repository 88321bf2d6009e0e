"""The vectors of what Benson has beside the contract: agents that it runs, people that it asks."""

# ruff: noqa: E501  # a vector a line, as a table

from __future__ import annotations

import json
from typing import Any

from .samples import (
    AGENT_DOCUMENT,
    DOCUMENT,
    MISSING,
    OWN_PAYLOADS,
    PAC,
    RESULT,
    artifact,
    event,
    trail,
)
from .vector import NOT_JUDGED, Vector, refused, unreadable, valid, verdict


def own_events() -> list[Vector]:
    """Of Benson's own types, which stand beside the contract's."""
    unanswered: dict[str, Any] = {
        "answered": False,
        "cause": "it exited with 3",
        "result_sha256": None,
    }
    return [
        *(valid(f"{name}, one of Benson's own", event(name)) for name in OWN_PAYLOADS),
        valid("an agent that did not answer", event("AGENT_RUN_END", **unanswered)),
        refused("it answered, and why it did not", event("AGENT_RUN_END", cause="it exited with 3"), "/data"),
        refused("it answered, and there is no result", event("AGENT_RUN_END", result_sha256=None), "/data"),
        refused("it did not answer, and nobody knows why", event("AGENT_RUN_END", **{**unanswered, "cause": None}), "/data"),
        refused("it did not answer, and there is a result", event("AGENT_RUN_END", **{**unanswered, "result_sha256": "ab" * 32}), "/data"),
        refused("a result's digest in capitals", event("AGENT_RUN_END", result_sha256="AB" * 32), "/data/result_sha256"),
        refused("a runner that is none", event("AGENT_RUN_START", runner=None), "/data/runner"),
        refused("an agent's arguments in its event", event("AGENT_RUN_START", argv=["/bin/sh"]), "/data/argv"),
        refused("no nonce", event("AGENT_RUN_START", nonce=MISSING), "/data/nonce"),
        *(valid(f"a review that is {said}", event("HUMAN_REVIEW", decision=said)) for said in ("REJECTED", "INVALID")),
        refused("a review in small letters", event("HUMAN_REVIEW", decision="approved"), "/data/decision"),
        refused("a review by nobody", event("HUMAN_REVIEW", reviewer=None), "/data/reviewer"),
        refused("a review without notes", event("HUMAN_REVIEW", notes=MISSING), "/data/notes"),
        refused("a review that claims a WRAP", event("HUMAN_REVIEW", wrap_id="WRAP-DAN-P53-20251226"), "/data/wrap_id"),
        valid("not eligible any more", event("POLICY_RECHECK", eligible=False, reason="CP-03")),
        refused("eligible in words", event("POLICY_RECHECK", eligible="true"), "/data/eligible"),
        refused("a policy without its digest", event("POLICY_RECHECK", policy_sha256=None), "/data/policy_sha256"),
        refused("a registry's digest that is cut off", event("POLICY_RECHECK", agent_registry_sha256="ef" * 31), "/data/agent_registry_sha256"),
        *(refused(f"{name} in another phase", event(name, phase="WRAP"), "/data/phase") for name in OWN_PAYLOADS),
    ]  # fmt: skip


def agent_documents() -> list[Vector]:
    """Of documents that say how their agent is to be run; without the flow, nobody runs it."""
    not_run = verdict("FAILED", "GS_130", "PFFF", 3)

    def document(agent: Any, **more: Any) -> dict[str, Any]:
        return {**AGENT_DOCUMENT, "agent": agent, **more}

    def misnamed(name: str, agent: Any) -> Vector:
        return refused(name, document(agent), "/agent", **not_run)

    both = {**DOCUMENT, **AGENT_DOCUMENT}
    nobody = {**PAC, "agent_gid": "GID-99"}
    return [
        valid("its agent is run by a command", AGENT_DOCUMENT, **not_run),
        valid("its agent is run by a deployment", document({"deployment": "dan-2"}), **not_run),
        valid("a runner with the longest name", document({"command": "x" * 64}), **not_run),
        valid("a runner that is called as a forbidden field", document({"command": "wrap_id"}), **not_run),
        valid("an agent that is not activated, and so is not run", document({"command": "dan"}, pac=nobody), **verdict("BLOCKED", "GS_130", "FFFF", 1)),
        refused("a result, and an agent to be run", both, "/agent", **verdict("BLOCKED", "GS_130", "PPPP", 1)),
        refused("a result that is null, and an agent to be run", {**both, "execution_result": None}, "/execution_result", "/agent", **verdict("BLOCKED", "GS_130", "PFFF", 1)),
        misnamed("an agent that is null", None),
        misnamed("an agent that is a text", "dan"),
        misnamed("an agent that is a list", [{"command": "dan"}]),
        misnamed("an agent that nothing runs", {}),
        misnamed("an agent that two things run", {"command": "dan", "deployment": "dan"}),
        misnamed("a command that the document brings itself", {"argv": ["/bin/sh", "-c", "id"]}),
        misnamed("a command with arguments beside its name", {"command": "dan", "argv": ["-x"]}),
        misnamed("a command that is a list", {"command": ["/bin/sh"]}),
        misnamed("a runner without a name", {"command": ""}),
        misnamed("a runner with too long a name", {"command": "x" * 65}),
        misnamed("a runner that is a path", {"command": "../bin/sh"}),
        misnamed("a runner with a line end", {"command": "dan\n"}),
        misnamed("a runner in letters that only look like these", {"command": "d\u0430n"}),
        refused("a claim beside a runner's name", document({"command": "dan", "wrap_id": "W"}), "/agent/wrap_id", "/agent", **verdict("FAILED", "GS_131", "PFFF", 3)),
        refused("a claim in a runner's name", document({"command": {"a": [{"positiveClosure": True}]}}), "/agent/command/a/0/positiveClosure", "/agent", **verdict("FAILED", "GS_132", "PFFF", 3)),
        refused("a claim beside an agent to be run", document({"command": "dan"}, wrap_authority="me"), "/wrap_authority", **verdict("FAILED", "GS_133", "PFFF", 3)),
        refused("a member too many beside an agent", document({"command": "dan"}, comment=""), "/comment", **not_run),
        unreadable("a runner twice", json.dumps(AGENT_DOCUMENT).replace('"command"', '"command": "eve", "command"'), **NOT_JUDGED),
    ]  # fmt: skip


def own_artifacts() -> list[Vector]:
    """Of what a dispatch leaves whose agent was run, or that a person answered."""
    whole = artifact()
    dispatch, report = whole["dispatch"], whole["report"]
    digest = "ab" * 32
    said = {
        **{name: OWN_PAYLOADS["HUMAN_REVIEW"][name] for name in ("decision", "reviewer", "notes")},
        "reviewer_identity": "self-declared",
        "still_eligible": True,
        **{
            name: OWN_PAYLOADS["POLICY_RECHECK"][name]
            for name in ("reason", "policy_sha256", "agent_registry_sha256")
        },
    }
    ran = {
        "runner": "command dan",
        "started_at": trail()[0]["timestamp"],
        "ended_at": trail()[1]["timestamp"],
        "answered": True,
        "cause": None,
        "result_sha256": digest,
    }
    rule = {"mode": "below", "score": 0.9, "agents": []}

    def reviewed(**review: Any) -> dict[str, Any]:
        return {**whole, "report": {**report, "human_review": {**said, **review}}}

    def run_by(**run: Any) -> dict[str, Any]:
        return {
            **whole,
            "dispatch": {**dispatch, "agent_run": {**ran, **run}},
            "proof": {**whole["proof"], "agent_result": json.dumps(RESULT)},
        }

    def ruled(**more: Any) -> dict[str, Any]:
        return {
            **whole,
            "dispatch": {
                **dispatch,
                "policy": {**dispatch["policy"], "human_review": {**rule, **more}},
            },
        }

    at = "/report/human_review"
    return [
        valid("with what a person answered", reviewed()),
        valid("nobody answered", {**whole, "report": {**report, "human_review": None}}),
        refused("a review that is approved in small letters", reviewed(decision="approved"), f"{at}/decision"),
        refused("a reviewer whom somebody identified", reviewed(reviewer_identity="verified"), f"{at}/reviewer_identity"),
        refused("a review with a member too many", reviewed(approved_by="Ada"), f"{at}/approved_by"),
        refused("a review without its policy", reviewed(policy_sha256=None), f"{at}/policy_sha256"),
        valid("with how its agent was run", run_by()),
        valid("its agent was not run", {**whole, "dispatch": {**dispatch, "agent_run": {}}}),
        refused("a run with its arguments", run_by(argv=["/bin/sh"]), "/dispatch/agent_run/argv"),
        refused("a run's result without a digest", run_by(result_sha256="ab"), "/dispatch/agent_run/result_sha256"),
        refused("an agent's result that is no text", {**whole, "proof": {**whole["proof"], "agent_result": RESULT}}, "/proof/agent_result"),
        valid("with the trace that it is part of", {**whole, "dispatch": {**dispatch, "trace_id": "0af7" * 8}}),
        refused("a trace's id in capitals", {**whole, "dispatch": {**dispatch, "trace_id": "0AF7" * 8}}, "/dispatch/trace_id"),
        valid("with when a person is asked", ruled()),
        refused("a rule that there is not", ruled(mode="sometimes"), "/dispatch/policy/human_review/mode"),
        refused("a rule with a score that there is not", ruled(score=1.5), "/dispatch/policy/human_review/score"),
        refused("a rule for an agent that is none", ruled(agents=["Dan"]), "/dispatch/policy/human_review/agents/0"),
    ]  # fmt: skip


def ran() -> list[dict[str, Any]]:
    """The events of a dispatch whose agent was run."""
    whole = trail()
    return [*whole[:3], event("AGENT_RUN_START", 2), event("AGENT_RUN_END", 2), *whole[3:]]


def reviewed(**review: Any) -> list[dict[str, Any]]:
    """The events of a dispatch that a person answered; rejected ones get no WRAP."""
    whole = trail()
    whole[8]["data"]["human_review_required"] = True
    closing = whole[9:]
    if review.get("decision", "APPROVED") != "APPROVED":
        closing = [
            event("WRAP_GENERATION", 9, wrap_id=None, status="WRAP_BLOCKED", blocked=True),
            event("PAC_DISPATCH_END", 10, status="BLOCKED"),
        ]
    return [*whole[:9], event("HUMAN_REVIEW", 8, **review), event("POLICY_RECHECK", 8), *closing]
