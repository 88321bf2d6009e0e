"""What runs in a worker's process: takes orders on standard input, answers on standard output.

One line of JSON each way:

{"check": [NAME, …]}               run these twice each, and see that they do what they are called
{"variant": NAME, "count": N}      run it N times: {"seconds": per run}
{"variant": NAME, "parts": true}   run it once, with stopwatches: {"parts": [[name, calls, ms]]}
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any, BinaryIO

from bench.flows import VARIANTS, check
from bench.stopwatch import stopwatches


async def answer(order: dict[str, Any]) -> dict[str, Any]:
    """Do what is ordered: check variants, or time one, or say where its time goes."""
    if order.get("check"):
        await check(order["check"])
        return {}
    if order.get("parts"):
        with stopwatches() as watch:
            await _seconds(order["variant"], 1)
        return {"parts": watch.parts()}
    return {"seconds": await _seconds(order["variant"], order["count"])}


async def _seconds(variant: str, count: int) -> float:
    """Seconds per run, of `count` runs one after another."""
    run = VARIANTS[variant]
    began = time.perf_counter()
    for _ in range(count):
        state = await run()
        assert state.is_completed(), f"{variant}: {state.name}, {state.message}"
    return (time.perf_counter() - began) / count


async def serve(answers: BinaryIO) -> None:
    """Answer one order per line until there are no more.

    All in one event loop, as a program has it that runs flows: Prefect keeps its client there.
    """
    while line := await asyncio.to_thread(sys.stdin.readline):
        answers.write(json.dumps(await answer(json.loads(line))).encode() + b"\n")
        answers.flush()


def main() -> None:
    """Keep standard output for answers: whatever else is printed goes where errors go."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        asyncio.run(serve(answers))


if __name__ == "__main__":
    main()
