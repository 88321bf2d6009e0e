"""Settings and policy: the environment, read in one place, and by what a dispatch is judged."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from benson_execution import BensonExecutionEngine, MemoryTrail, Settings, open_trail
from benson_execution.errors import InvalidSettings
from benson_execution.policy import Policy

from .helpers import engine, judged, text


def test_the_defaults_need_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything lies under `.benson` in the user's home, and the threshold is 0.7."""
    monkeypatch.delenv("BENSON_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    settings = Settings.load()
    assert settings.home == Path("/home/somebody/.benson")
    assert str(settings.resolved_trail_url) == "sqlite:////home/somebody/.benson/trail.db"
    assert settings.artifacts_folder == Path("/home/somebody/.benson/artifacts")
    assert settings.heads_file == Path("/home/somebody/.benson/heads.jsonl")
    assert settings.registry is None
    assert settings.signing_key is None
    assert settings.signing_key_pem is None
    assert settings.trusted_keys is None
    assert settings.quality_threshold == 0.7
    assert settings.max_document_bytes == 10 * 1024 * 1024
    assert settings.prefect_labels is settings.prefect_artifacts is True


def test_every_setting_is_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """`BENSON_` and the field's name in capitals."""
    for name, value in {
        "HOME": "/h",
        "TRAIL_URL": "memory://",
        "ARTIFACTS": "/a",
        "REGISTRY": "/r.json",
        "HEADS": "/heads.jsonl",
        "SIGNING_KEY": "/key.pem",
        "SIGNING_KEY_PEM": "-----BEGIN",
        "TRUSTED_KEYS": "/trusted.pem",
        "QUALITY_THRESHOLD": "0.9",
        "MAX_DOCUMENT_BYTES": "1000",
        "PREFECT_LABELS": "false",
        "PREFECT_ARTIFACTS": "0",
    }.items():
        monkeypatch.setenv(f"BENSON_{name}", value)
    settings = Settings.load()
    assert settings.home == Path("/h")
    assert settings.resolved_trail_url == "memory://"
    assert settings.artifacts_folder == Path("/a")
    assert settings.registry == Path("/r.json")
    assert settings.heads_file == Path("/heads.jsonl")
    assert settings.signing_key == Path("/key.pem")
    assert settings.signing_key_pem is not None
    assert settings.signing_key_pem.get_secret_value() == "-----BEGIN"
    assert settings.trusted_keys == Path("/trusted.pem")
    assert settings.quality_threshold == 0.9
    assert settings.max_document_bytes == 1000
    assert settings.prefect_labels is settings.prefect_artifacts is False


def test_a_signing_key_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where settings are printed, nor where they are written down."""
    monkeypatch.setenv("BENSON_SIGNING_KEY_PEM", "hush")
    settings = Settings.load()
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert "signing_key_pem" in shown
        assert "hush" not in shown


def test_a_tilde_is_the_users_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the home, in the artifacts' folder, and in every file that is named."""
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("BENSON_HOME", "~/b")
    assert str(Settings.load().resolved_trail_url) == "sqlite:////home/somebody/b/trail.db"
    assert Settings.load().artifacts_folder == Path("/home/somebody/b/artifacts")
    for name in ("HEADS", "SIGNING_KEY", "TRUSTED_KEYS", "REGISTRY"):
        monkeypatch.setenv(f"BENSON_{name}", f"~/{name}")
    settings = Settings.load()
    for path in (settings.heads_file, settings.signing_key, settings.trusted_keys):
        assert path is not None
        assert path.parent == Path("/home/somebody")
    assert settings.registry == Path("/home/somebody/REGISTRY")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BENSON_QUALITY_THRESHOLD", "1.5"),
        ("BENSON_QUALITY_THRESHOLD", "-0.1"),
        ("BENSON_QUALITY_THRESHOLD", "nan"),
        ("BENSON_QUALITY_THRESHOLD", "inf"),
        ("BENSON_QUALITY_THRESHOLD", "high"),
        ("BENSON_MAX_DOCUMENT_BYTES", "0"),
        ("BENSON_MAX_DOCUMENT_BYTES", "-1"),
        ("BENSON_MAX_DOCUMENT_BYTES", "10MB"),
        ("BENSON_MAX_DOCUMENT_BYTES", "1.5"),
        ("BENSON_PREFECT_LABELS", "maybe"),
        ("BENSON_PREFECT_ARTIFACTS", "2"),
    ],
)
def test_a_wrong_variable_is_refused_by_name(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message has the variable and its value, and the exit code is that of bad input."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSettings, match=variable) as refused:
        Settings.load()
    assert repr(value) in str(refused.value)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    "url", ["trail.db", "mysql://host/db", "sqlite://", "://", "memory", "file:///trail.db"]
)
def test_a_trail_url_that_names_no_store_is_refused(url: str) -> None:
    """The message names the variable, and the hint what is possible."""
    with pytest.raises(InvalidSettings, match="BENSON_TRAIL_URL") as refused:
        open_trail(Settings(trail_url=url))
    assert "sqlite:///PATH" in str(refused.value.hint)


def test_an_empty_trail_url_is_none(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """In the environment and in a program alike: the trail is the default one."""
    monkeypatch.setenv("BENSON_TRAIL_URL", "")
    for settings in (Settings.load(), Settings(trail_url="")):
        assert str(settings.resolved_trail_url) == f"sqlite:///{home}/trail.db"


def test_a_wrong_trail_url_stops_a_dispatch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is judged where nothing could be recorded."""
    monkeypatch.setenv("BENSON_TRAIL_URL", "mysql://host/db")
    with pytest.raises(InvalidSettings, match="BENSON_TRAIL_URL"):
        BensonExecutionEngine(False).execute_pac(text())


def test_a_trail_in_memory_is_one_per_url() -> None:
    """Who opens the same URL in one process gets the same trail."""
    ours, others = (Settings(trail_url=f"memory://{name}") for name in ("settings", "others"))
    assert isinstance(open_trail(ours), MemoryTrail)
    assert open_trail(ours) is open_trail(ours)
    assert open_trail(ours, read_only=True) is open_trail(ours)
    assert open_trail(ours) is not open_trail(others)


def test_settings_can_not_be_changed() -> None:
    """They are what the environment said."""
    settings = Settings.load()
    with pytest.raises(ValidationError):
        settings.quality_threshold = 0.1  # type: ignore[misc]  # that it is refused is the claim


def test_the_policy_is_what_the_settings_state(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Threshold and agents."""
    agents = tmp_path / "agents.json"
    agents.write_text('{"agents": []}')
    monkeypatch.setenv("BENSON_QUALITY_THRESHOLD", "0.25")
    monkeypatch.setenv("BENSON_REGISTRY", str(agents))
    policy = Policy.of(Settings.load())
    assert policy.quality_threshold == 0.25
    assert policy.registry.agents == ()


def test_the_policy_in_force_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """A score that passes one threshold is blocked by another."""
    document = judged(quality_score=0.8)
    assert engine().execute_pac(document).status == "COMPLETED"
    monkeypatch.setenv("BENSON_QUALITY_THRESHOLD", "0.81")
    blocked = engine().execute_pac(document)
    assert blocked.status == "BLOCKED"
    assert blocked.reason is not None
    assert "Quality score 0.80 is below the threshold 0.81" in blocked.reason


def test_a_broken_registry_stops_the_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Before anything is judged; the message names the file."""
    monkeypatch.setenv("BENSON_REGISTRY", str(tmp_path / "missing.json"))
    with pytest.raises(InvalidSettings, match=r"missing\.json"):
        engine()
