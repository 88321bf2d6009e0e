"""Fuzz the way in, for so many seconds in all; exit code 1 when something does not hold.

    python -m tests.fuzz --seconds 60
    python -m tests.fuzz --target reader --seconds 600

Each target runs in a process of its own, since the fuzzer ends the one that it runs in. What it
finds is written to the folder that is told, and belongs into `tests/assets/hostile`, by name.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[2]
SEEDS: Final = ("examples", "tests/assets/hostile", "tests/assets/tampered", "schemas/vectors")
NAMES: Final = ("reader", "document", "artifact")
LONGEST: Final = 64 * 1024
"""The largest input, in bytes: what matters shows in small ones, and they are many times faster."""


def main() -> int:
    """Fuzz each target for its share of the time."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together")
    parser.add_argument("--target", choices=NAMES, action="append", help="only these")
    parser.add_argument("--inside", metavar="FOLDER", help=argparse.SUPPRESS)
    given = parser.parse_args()
    targets = given.target or NAMES
    if given.inside is not None:
        fuzz(targets[0], given.seconds, Path(given.inside))
    kept = Path(tempfile.mkdtemp(prefix="benson-fuzz-"))
    seeds = seed(kept / "seeds")
    share = max(1, given.seconds // len(targets))
    worst = 0
    for name in targets:
        sys.stdout.write(f"{name}: {share} s from {seeds} seeds\n")
        sys.stdout.flush()
        worst = max(worst, _run(name, share, kept))
    if worst:
        sys.stdout.write(f"what did not hold is in {kept}\n")
    return worst


def _run(name: str, seconds: int, kept: Path) -> int:
    arguments = ["--target", name, "--seconds", str(seconds), "--inside", str(kept)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "BENSON_HOME": str(kept / "home")},
        timeout=seconds + 120,
    )
    said = (done.stdout + done.stderr).splitlines()
    if done.returncode:
        sys.stdout.write("\n".join(said[-60:]) + "\n")
        return 1
    told = [line for line in said if line.startswith(("Done ", "#"))]
    sys.stdout.write(f"{name}: {told[-1] if told else 'done'}\n")
    return 0


def seed(folder: Path) -> int:
    """Copy the small documents that there are into a folder, to begin with; how many."""
    folder.mkdir(parents=True)
    files = [p for name in SEEDS for p in sorted((PROJECT / name).rglob("*")) if p.is_file()]
    count = 0
    for path in files:
        if path.suffix in {".json", ".yaml", ".bin"} and path.stat().st_size <= LONGEST:
            (folder / f"{count:04}-{path.name}").write_bytes(path.read_bytes())
            count += 1
    return count


def fuzz(name: str, seconds: int, kept: Path) -> None:
    """Fuzz one target in this process, which ends with it."""
    import atheris  # only the process that fuzzes is instrumented

    with atheris.instrument_imports(include=["benson_execution"]):
        from tests.fuzz.targets import TARGETS
    corpus = kept / f"corpus-{name}"
    corpus.mkdir()
    atheris.Setup(
        [
            "fuzz",
            str(corpus),
            str(kept / "seeds"),
            f"-max_total_time={seconds}",
            f"-max_len={LONGEST}",
            "-timeout=20",
            "-rss_limit_mb=2048",
            f"-artifact_prefix={kept}/{name}-",
            "-print_final_stats=1",
        ],
        TARGETS[name],
    )
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
