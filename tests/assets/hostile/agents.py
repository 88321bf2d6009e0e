"""The member `agent`: a document names who runs its agent, and never says how that is done."""

from __future__ import annotations

from typing import Any, Final

from .kit import ALL_BUT_CP_01, Asset, document, judged, unreadable, written


def _not_run(
    name: str, agent: Any, code: str = "GS_130", words: str = "/agent: ", **more: Any
) -> Asset:
    """A document that brings no result, and names nobody who could run its agent."""
    name = f"agent-{name}"
    made = {**document(name), "agent": agent, **more}
    del made["execution_result"]
    return Asset(f"{name}.json", written(made), "FAILED", code, ALL_BUT_CP_01, words)


def _of_nobody() -> Asset:
    """Nothing is wrong with how it is to be run; but the agent is none that may execute."""
    name = "agent-of-nobody"
    made = {**document(name, pac={"agent_gid": "GID-99"}), "agent": {"command": "dan"}}
    del made["execution_result"]
    failed, words = ("CP-01", *ALL_BUT_CP_01), "the agent was not activated"
    return Asset(f"{name}.json", written(made), "BLOCKED", "GS_130", failed, words)


def _named_twice() -> Asset:
    name = "agent-named-twice"
    text = written({**document(name), "agent": {"command": "dan"}}).decode()
    return unreadable(name, text.replace('"command": ', '"command": "eve", "command": '), "twice")


ASSETS: Final = [
    _not_run("command-smuggled-in", {"argv": ["/bin/sh", "-c", "id"]}, words="'argv'"),
    _not_run("arguments-smuggled-in", {"command": "dan", "argv": ["--all"]}, words="'argv'"),
    _not_run(
        "environment-smuggled-in", {"command": "dan", "environment": {"PATH": "."}}, words="/agent"
    ),
    _not_run("command-a-list", {"command": ["/bin/sh", "-c", "id"]}, words="a list of 3"),
    _not_run("command-a-path", {"command": "../../bin/sh"}),
    _not_run("command-a-shells", {"command": "dan; id"}),
    _not_run("command-with-a-line-feed", {"command": "dan\n"}),
    _not_run("command-in-cyrillic", {"command": "d\N{CYRILLIC SMALL LETTER A}n"}),
    _not_run("command-with-an-escape", {"command": "\x1b[2Jdan"}),
    _not_run("deployment-of-a-flow", {"deployment": "pac-execution/on-demand"}),
    _not_run("two-runners", {"command": "dan", "deployment": "dan"}, words="name one"),
    _not_run("no-runner", {}, words="name one"),
    _not_run("null", None, words="null"),
    _not_run("a-text", "dan", words="'dan'"),
    _not_run("wrap-id-beside-the-command", {"command": "dan", "wrap_id": "W"}, "GS_131"),
    _not_run("closure-deep-inside", {"x": [{"positive_closure": True}]}, "GS_132"),
    _not_run(
        "authority-beside-it", {"command": "dan"}, "GS_133", "/wrap_authority", wrap_authority="me"
    ),
    judged(
        "agent-beside-its-result",
        "GS_130",
        words="the document brings its result",
        beside={"agent": {"command": "dan"}},
    ),
    _of_nobody(),
    _named_twice(),
]
