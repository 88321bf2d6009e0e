"""`python -m bench`: run the benchmarks, print what was found, and keep it in `results.json`."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from bench import (
    append,
    batching,
    dispatch,
    event,
    flow,
    insight,
    large,
    page,
    process,
    validate,
    verify,
)
from bench.measure import say
from bench.report import Report, write


class Benchmark(NamedTuple):
    """A benchmark as the command knows it."""

    question: str
    rounds: int
    run: Callable[[int], Report]


BENCHMARKS: Final = {
    module.NAME: Benchmark(module.QUESTION, module.ROUNDS, module.run)
    for module in (
        event,
        validate,
        large,
        append,
        verify,
        dispatch,
        flow,
        insight,
        batching,
        process,
        page,
    )
}
RESULTS: Final = Path(__file__).with_name("results.json")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for; a missed target is reported, and fails nothing."""
    options = _parser().parse_args(arguments)
    # A terminated benchmark stops its servers too, as an interrupted one does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    chosen = {options.only: BENCHMARKS[options.only]} if options.only else BENCHMARKS
    reports = []
    for name, benchmark in chosen.items():
        say(f"{name}: {benchmark.question}")
        began = time.perf_counter()
        report = benchmark.run(options.rounds or benchmark.rounds)
        say(f"{name}: done in {time.perf_counter() - began:.0f} s")
        print(report.to_text(), end="\n\n", flush=True)
        reports.append(report)
        write([report], options.output)  # at once: the next one may be interrupted
    print(_conclusion(reports))


def _conclusion(reports: Sequence[Report]) -> str:
    judged = [(report, r) for report in reports for r in report.ratios if r.verdict is not None]
    lines = [
        f"{r.verdict:<7} {report.name:<9} {r.name:<34} {r.value:.2f} (target {r.target:.2f})"
        for report, r in judged
    ]
    return "\n".join(lines) if lines else "no targets"


def _parser() -> argparse.ArgumentParser:
    known = "\n".join(f"  {n:<10} {b.question} ({b.rounds})" for n, b in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure side by side, print ratios with their targets, and keep them.",
        epilog=f"benchmarks, and their rounds:\n{known}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", metavar="NAME", choices=BENCHMARKS, help="run one benchmark")
    parser.add_argument("--rounds", metavar="N", type=_positive, help="rounds of each benchmark")
    parser.add_argument(
        "--output", metavar="FILE", type=Path, default=RESULTS, help="default: bench/results.json"
    )
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)


if __name__ == "__main__":
    main()
