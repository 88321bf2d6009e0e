"""The dashboard and the alert rules, held to the metrics that are defined, and run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from benson_execution import MemoryTrail, Settings
from benson_execution.metrics.definitions import DEFINITIONS
from tests.insight.generated import fill
from tests.insight.scraped import exporter_of

DEPLOYMENTS = Path(__file__).parents[2] / "deployments"
ALERTS = DEPLOYMENTS / "prometheus" / "benson-alerts.yml"
DASHBOARD = DEPLOYMENTS / "grafana" / "benson.json"
ALERTS_TEST = Path(__file__).with_name("benson-alerts-test.yml")
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed (Debian: apt-get install prometheus)"
)
SAMPLES = {name: labels for one in DEFINITIONS for name, labels in one.samples.items()}
OF_PROMETHEUS = {"job", "instance"}


def rules() -> list[dict[str, Any]]:
    """All alert rules."""
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """All panels of the dashboard but the rows' titles."""
    all_of_them: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return [panel for panel in all_of_them if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression, with what it stands in."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_an_expression_uses_what_is_defined(where: str, expression: str) -> None:
    """Names, and labels in selections and groups; `up` is Prometheus' own."""
    used = re.findall(r"\b(benson_\w+|up)\b(?:\{([^}]*)\})?", expression)
    assert used
    names = {name for name, _ in used} - {"up"}
    assert names <= set(SAMPLES)
    allowed = OF_PROMETHEUS | {label for name in names for label in SAMPLES[name]}
    for name, selection in used:
        selected = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selection))
        assert selected <= OF_PROMETHEUS | set(SAMPLES.get(name, ())), (where, name)
    for grouped in re.findall(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)", expression):
        assert set(re.split(r"\s*,\s*", grouped)) <= allowed, where


def test_every_metric_is_looked_at() -> None:
    """By a panel or an alert: what nobody looks at need not be counted."""
    everything = " ".join(expression for _, expression in expressions())
    for one in DEFINITIONS:
        assert any(re.search(rf"\b{name}\b", everything) for name in one.samples), one.name


def test_every_alert_tells_what_to_do() -> None:
    """How grave it is, what it means, and a command or a place to look at."""
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"].endswith(".")
        assert re.search(r"`benson |faults\.jsonl|curl", rule["annotations"]["description"])
    for wanted in ("BensonBlockedRate", "BensonDispatchOpenTooLong", "BensonTrailDoesNotVerify"):
        assert wanted in names


def test_the_dashboard_is_one() -> None:
    """Its source is a variable, every panel has a unit and a description, and none overlap."""
    dashboard = json.loads(DASHBOARD.read_text())
    variables = {one["name"]: one["type"] for one in dashboard["templating"]["list"]}
    assert variables == {"datasource": "datasource", "instance": "query"}
    rows = [panel["title"] for panel in dashboard["panels"] if panel["type"] == "row"]
    assert rows == ["Verdicts", "Causes", "Quality", "Durations", "The trail's health", "Faults"]
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
    for panel in panels():
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def promtool(*arguments: str | Path, text: bytes = b"") -> str:
    """What it says, when it finds nothing wrong."""
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, *arguments], input=text, capture_output=True, timeout=60, check=False
    )
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


@needs_promtool
def test_promtool_accepts_the_rules() -> None:
    """Their syntax, their templates and their expressions."""
    assert f"{len(rules())} rules found" in promtool("check", "rules", ALERTS)


@needs_promtool
def test_each_alert_fires_where_it_must_and_not_where_it_must_not() -> None:
    """Over series of hours, by Prometheus' own engine."""
    assert "SUCCESS" in promtool("test", "rules", ALERTS_TEST)


@needs_promtool
@pytest.mark.parametrize("name", [rule["alert"] for rule in rules()])
def test_an_alert_that_never_fired_would_be_noticed(tmp_path: Path, name: str) -> None:
    """The tests of the rules fail where one of them is made to say nothing."""
    groups = yaml.safe_load(ALERTS.read_text())
    for group in groups["groups"]:
        for rule in group["rules"]:
            if rule["alert"] == name:
                rule["expr"] = "vector(1) == 0"
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(groups))
    tests = yaml.safe_load(ALERTS_TEST.read_text())
    tests["rule_files"] = ["alerts.yml"]
    (tmp_path / "test.yml").write_text(yaml.safe_dump(tests))
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, "test", "rules", tmp_path / "test.yml"], capture_output=True, check=False
    )
    assert done.returncode == 1
    assert name in (done.stdout + done.stderr).decode()


@needs_promtool
def test_promtool_has_nothing_to_complain_of_in_the_exposition(tmp_path: Path) -> None:
    """Names, helps and types of what is really exposed."""
    trail = MemoryTrail()
    fill(trail, 40, open_ones=1)
    exposition = exporter_of(trail, Settings(home=tmp_path)).exposition()
    assert promtool("check", "metrics", text=exposition) == ""


@needs_promtool
def test_prometheus_accepts_the_example(tmp_path: Path) -> None:
    """As its whole configuration, with the rules beside it."""
    for name in ("benson-scrape.yml", "benson-alerts.yml"):
        shutil.copy(DEPLOYMENTS / "prometheus" / name, tmp_path)
    said = promtool("check", "config", tmp_path / "benson-scrape.yml")
    assert "SUCCESS: 1 rule files found" in said


@needs_promtool
def test_promtool_parses_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    """As rules that record them; a variable of Grafana stands for a value."""
    recorded: list[dict[str, str]] = []
    for panel in panels():
        for target in panel["targets"]:
            expression = re.sub(r"\$__\w+", "5m", target["expr"]).replace("$instance", "a")
            recorded.append({"record": f"panel:n{len(recorded)}", "expr": expression})
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}))
    assert f"{len(recorded)} rules found" in promtool("check", "rules", file)
