"""A `benson up` with governed runs in it, and a browser that reaches nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.cli.conftest import new_benson
from tests.deployments.up import Up, up
from tests.ui.handed_in import Swept, put_into_inbox
from tests.ui.prefect_ui import Guard, PrefectUi, Version, is_local
from tests.ui.runs import JudgedRuns, judge_all

CHROMIUM: Final = Path("/usr/bin/chromium")
ARGUMENTS: Final = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Not even a name is looked up, for the pages or for the browser itself.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
PATIENCE_MS: Final = 60_000
REGISTRY: Final = Path(__file__).parents[2] / "benson_execution" / "agent_registry.json"


# The browser and the server live as long as this package's tests: Playwright keeps an event loop
# in the main thread, in which no other asyncio test could run.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail(
            f"The UI tests need Debian's chromium, and there is no {CHROMIUM}.", pytrace=False
        )
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield chromium
        finally:
            chromium.close()


@pytest.fixture(scope="package")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """What a person starts and opens; it asks Ada about the work orders of ALEX (GID-08).

    Without a browser to look at it, nothing is started.
    """
    folder = tmp_path_factory.mktemp("up")
    registry = folder / "registry.json"
    registry.write_text(json.dumps(json.loads(REGISTRY.read_text()) | {"reviewers": ["Ada"]}))
    env = {"BENSON_REGISTRY": str(registry), "BENSON_HUMAN_REVIEW": "agents:GID-08"}
    with up(new_benson(folder), env=env) as running:
        yield running


@pytest.fixture(scope="package")
def api_url(served: Up) -> str:
    """The API of its server."""
    return served.url


@pytest.fixture(scope="package", autouse=True)
def in_the_inbox(served: Up) -> Swept:
    """A document that lies in the inbox from the beginning, so that no test waits a minute."""
    return put_into_inbox(served.benson.home / "inbox")


@pytest.fixture(scope="package")
def runs(api_url: str, tmp_path_factory: pytest.TempPathFactory) -> JudgedRuns:
    return judge_all(api_url, tmp_path_factory.mktemp("judged"))


@pytest.fixture(params=["v2", "v1"])
def ui(
    request: pytest.FixtureRequest, browser: Browser, api_url: str, runs: JudgedRuns
) -> Iterator[PrefectUi]:
    """Each of the two UIs, in a fresh window that reaches this machine only.

    Whatever a test looked at: at its end, nothing else was reached and no dialog was opened.
    """
    guard = Guard()
    folder = os.environ.get("BENSON_SCREENSHOTS")
    context = browser.new_context(
        viewport={"width": 1280, "height": 1000},
        locale="en-GB",
        timezone_id="UTC",
        color_scheme="light",
        service_workers="block",
    )
    context.set_default_timeout(PATIENCE_MS)
    context.route(lambda url: not is_local(url), lambda route: route.abort())
    context.route_web_socket(lambda url: not is_local(url), lambda socket: socket.close())
    context.on("request", guard.note_request)
    context.on("response", guard.note_response)
    page = context.new_page()
    page.on("dialog", guard.dismiss)
    try:
        yield PrefectUi(
            cast("Version", request.param),
            api_url.removesuffix("/api"),
            page,
            guard,
            Path(folder) if folder else None,
        )
    finally:
        context.close()
    assert guard.reached == []
    assert guard.dialogs == []
