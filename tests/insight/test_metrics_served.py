"""`benson metrics --serve`: over HTTP, as Prometheus and others ask."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from subprocess import Popen

import pytest

from benson_execution import Settings
from benson_execution.errors import BadInput
from benson_execution.metrics import exporter as module
from benson_execution.metrics import server
from benson_execution.metrics.exporter import Exporter, Verification
from benson_execution.metrics.server import MetricsServer
from benson_execution.metrics.trail_figures import opened_to_count
from benson_execution.trail import SqlTrail, Trail
from benson_execution.trail.opening import keyring_of
from tests.cli.command import Benson, processes_of, wait_until
from tests.insight.generated import fill
from tests.insight.scraped import Scraped, scraped
from tests.insight.test_metrics_refused import small, tamper
from tests.library.helpers import text

__all__ = ["small"]

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;"
    "q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
"""What a Prometheus server accepts."""


class Served:
    """A server in this process, and what it told its operator."""

    def __init__(self, exporter: Exporter) -> None:
        self.exporter = exporter
        self.told: list[Exception | None] = []
        self.server = MetricsServer(exporter, "127.0.0.1", 0, self.told.append)
        self.port = int(self.server.server_address[1])

    def ask(
        self, path: str = "/metrics", method: str = "GET", accept: str | None = None
    ) -> tuple[int, str, str]:
        """The status, the content type and the body of an answer."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as client:
            client.request(method, path, headers={"Accept": accept} if accept else {})
            answer = client.getresponse()
            return answer.status, answer.headers["Content-Type"], answer.read().decode()


@contextmanager
def serving(exporter: Exporter) -> Iterator[Served]:
    """Serve while the block lasts."""
    served = Served(exporter)
    with served.server:
        thread = threading.Thread(target=served.server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield served
        finally:
            served.server.shutdown()
            thread.join()


@pytest.fixture
def served(small: Settings) -> Iterator[Served]:
    """A server of a small trail."""
    with serving(Exporter(small, partial(opened_to_count, small))) as server:
        yield server


def test_each_client_gets_the_format_that_it_asks_for(served: Served) -> None:
    """The same samples in both."""
    status, kind, body = served.ask()
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    plain = scraped(body)
    status, kind, body = served.ask("/metrics?x=1", accept=PROMETHEUS)
    assert (status, kind) == (200, "application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert set(scraped(body, as_openmetrics=True)) == set(plain)
    for accept in ("text/plain", "*/*", ";;q=x,\x7f", "text/html;version=a"):
        assert served.ask(accept=accept)[1].startswith("text/plain")


def test_the_other_pages(served: Served) -> None:
    """One that helps, one for who only asks whether somebody answers, and no more."""
    status, kind, body = served.ask("/")
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert 'href="/metrics"' in body
    assert served.ask("/healthz")[::2] == (200, "ok\n")
    for path in ("/metricsx", "/../etc/passwd", "/metrics/"):
        assert served.ask(path)[0] == 404
    status, _, body = served.ask(method="HEAD")
    assert (status, body) == (200, "")
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"):
        assert served.ask(method=method)[0] == 405


def test_a_trail_that_can_not_be_read_is_503(small: Settings, served: Served) -> None:
    """With the reason, while it lasts; never with old figures."""
    assert served.ask()[0] == 200
    (small.home / "trail.db").rename(small.home / "away.db")
    status, kind, body = served.ask()
    assert (status, kind) == (503, "text/plain; charset=utf-8")
    assert body.startswith("there is no trail at ")
    assert "benson_" not in body.lower().replace("benson_home", "").replace("benson_trail_url", "")
    assert served.ask("/healthz")[0] == 200
    (small.home / "away.db").rename(small.home / "trail.db")
    assert served.ask()[0] == 200
    (small.home / "faults.jsonl").mkdir()
    assert served.ask()[0] == 503
    assert [error is None for error in served.told] == [True, False, True, False]


def test_what_nobody_thought_of_is_500(small: Settings) -> None:
    """Told to the operator, not to the client."""

    @contextmanager
    def broken() -> Iterator[Trail]:
        raise RuntimeError("a secret")
        yield

    with serving(Exporter(small, broken)) as served:
        status, _, body = served.ask()
        assert status == 500
        assert "secret" not in body
        assert "secret" in str(served.told[0])


def test_slow_clients_hold_up_nobody(served: Served) -> None:
    """Who says nothing waits alone; too many of them are sent away."""
    with ExitStack() as stack:
        for _ in range(20):
            idle = stack.enter_context(socket.create_connection(("127.0.0.1", served.port)))
            idle.sendall(b"GET /metr")
        assert served.ask()[0] == 200
        for _ in range(30):
            stack.enter_context(socket.create_connection(("127.0.0.1", served.port)))
        wait_until(lambda: threading.active_count() > 30, description="their threads")
        assert threading.active_count() < 60
    wait_until(lambda: served_again(served), description="room again")


def test_a_client_that_asks_byte_by_byte_is_sent_away(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte would begin a time-out anew; what counts is how long the request takes."""
    monkeypatch.setattr(server, "_TIMEOUT_SECONDS", 1)
    for sent in (b"", b"GET /metrics HTTP/1.1\r\n"):
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", served.port)) as slow:
            slow.sendall(sent)
            slow.settimeout(0.1)
            with suppress(ConnectionError):
                while not closed(slow):
                    assert time.monotonic() - began < 20
                    slow.sendall(b"x")
        assert time.monotonic() - began >= 0.9
    assert served.ask()[0] == 200


def closed(client: socket.socket) -> bool:
    """Whether the server ended this connection."""
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False


def test_who_asks_while_the_database_hangs_is_answered(
    small: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise all who ask would wait behind the first one, until no more are let in."""
    monkeypatch.setattr(module, "_WAIT_SECONDS", 0.1)
    hangs, thawed = threading.Event(), threading.Event()

    @contextmanager
    def hanging() -> Iterator[Trail]:
        hangs.set()
        assert thawed.wait(60)
        with opened_to_count(small) as trail:
            yield trail

    with serving(Exporter(small, hanging)) as served, ThreadPoolExecutor(1) as pool:
        first = pool.submit(served.ask)
        assert hangs.wait(60)
        try:
            status, _, body = served.ask()
            assert (status, "still being read" in body) == (503, True)
        finally:
            thawed.set()
        assert first.result()[0] == 200
        assert served.ask()[0] == 200


def served_again(served: Served) -> bool:
    """Whether it answers."""
    try:
        return served.ask("/healthz")[0] == 200
    except OSError:
        return False


def test_a_verification_is_exposed_once_there_was_one(small: Settings) -> None:
    """Absent before; 0 when something was found."""
    exporter = Exporter(small, partial(opened_to_count, small))
    assert "benson_trail_verified " not in exporter.exposition().decode()
    for verified in (True, False):
        exporter.verification = Verification(verified, 1795775921.5, 2.5)
        found = scraped(exporter.exposition().decode())
        assert found.of("benson_trail_verified") == verified
        assert found.of("benson_trail_verification_timestamp_seconds") == 1795775921.5
        assert found.of("benson_trail_verification_duration_seconds") == 2.5


def test_a_port_that_is_taken(served: Served, small: Settings, benson: Benson) -> None:
    """One sentence, and exit code 2."""
    answer = benson("metrics", "--serve", "--port", str(served.port))
    assert (answer.code, answer.out) == (2, "")
    assert f"can't be served at 127.0.0.1:{served.port}: Address already in use" in answer.err
    with pytest.raises(BadInput, match="can't be served at"):
        MetricsServer(served.exporter, "host\x1b[31m", 0, print)


@contextmanager
def command(benson: Benson, *options: str) -> Iterator[tuple[Popen[bytes], int]]:
    """The command as it serves, and its port."""
    with benson.started("metrics", "--serve", "--port", "0", *options) as process:
        assert process.stderr is not None
        said = b""
        while b"; Ctrl-C ends it\n" not in said:
            piece = process.stderr.readline()
            assert piece, said
            said += piece
        found = re.search(rb"metrics at http://127\.0\.0\.1:(\d+)/metrics", said)
        assert found, said
        yield process, int(found[1])


def get(port: int) -> Scraped:
    """The figures of a server, which must be there."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as client:
        client.request("GET", "/metrics")
        answer = client.getresponse()
        assert answer.status == 200
        return scraped(answer.read().decode())


@pytest.mark.parametrize(
    ("number", "honest"), [(signal.SIGTERM, True), (signal.SIGINT, False)], ids=["TERM", "INT"]
)
def test_the_command_serves_until_it_is_told_to_end(
    benson: Benson, number: signal.Signals, honest: bool
) -> None:
    """It verifies the trail at once, ends in peace, and leaves no process behind."""
    assert benson("judge", "-", stdin=text()).code == 0
    if not honest:
        tamper(Settings(home=benson.home), "UPDATE events SET chain = x'00' WHERE position = 3")
    with command(benson) as (process, port):
        wait_until(
            lambda: ("benson_trail_verified", frozenset()) in get(port), description="a verdict"
        )
        assert get(port).of("benson_trail_verified") == honest
        process.send_signal(number)
        assert process.wait(60) == 0
        assert process.stderr is not None
        left = process.stderr.read().decode()
    assert ("the trail does NOT verify" in left) is not honest
    assert left.endswith("benson: stopped\n")
    assert "Traceback" not in left
    assert processes_of(benson.home) == {}


def test_ctrl_c_again_and_again_ends_it_in_peace(benson: Benson) -> None:
    """Whenever the next one comes, it ends as after the first one, and so does what it began."""
    assert benson("judge", "-", stdin=text()).code == 0
    for pause in (0.0, 0.02, 0.1):
        with command(benson) as (process, _):
            while process.poll() is None:
                process.send_signal(signal.SIGINT)
                time.sleep(pause)
            assert process.returncode == 0
            assert process.stderr is not None
            assert process.stderr.read() == b"benson: stopped\n"
    assert processes_of(benson.home) == {}


def test_nobody_needs_to_read_what_it_says(benson: Benson) -> None:
    """Its standard error is closed: each scrape is answered all the same, and it ends in peace."""
    assert benson("judge", "-", stdin=text()).code == 0
    trail = benson.home / "trail.db"
    with command(benson, "--verify-every", "never") as (process, port):
        assert process.stderr is not None
        process.stderr.close()
        trail.rename(benson.home / "away.db")
        for _ in range(2):
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as client:
                client.request("GET", "/metrics")
                assert client.getresponse().status == 503
        (benson.home / "away.db").rename(trail)
        assert get(port).of("benson_log_entries") == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_it_is_served_before_there_is_a_trail(benson: Benson, tmp_path: Path) -> None:
    """And tells the figures once there is one, as they grow, without being started again."""
    with command(benson, "--verify-every", "never") as (_, port):
        with pytest.raises(AssertionError):
            get(port)
        settings = Settings(home=benson.home)
        trail = SqlTrail(settings.resolved_trail_url, keyring_of(settings))
        assert get(port).of("benson_log_entries") == 0
        fill(trail, 3)
        assert sum(get(port).by("benson_dispatches_closed_total", "status").values()) == 3
        trail.close()
        tamper(settings, "UPDATE events SET event = x'00'")
        assert sum(get(port).by("benson_dispatches_closed_total", "status").values()) == 3
