"""Kills runs at every event and at random instants: `python -m tests.chaos --help`."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.chaos.campaign import Campaign, at_random, every_point, killed_recoveries
from tests.chaos.sites import STORES, Sites
from tests.chaos.warm import Zygote, warm
from tests.prefect_server import running_server
from tests.private_postgres import MISSING, PrivatePostgres, server_binaries


def parsed(args: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--random", type=int, default=100, metavar="N", help="random instants")
    parser.add_argument("--seed", type=int, help="of the random instants; default: a new one")
    parser.add_argument(
        "--store", action="append", choices=STORES, help="may be given twice; default: both"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="runs at once")
    return parser.parse_args(args)


def campaign(
    store: str, options: argparse.Namespace, folder: Path, zygote: Zygote, api: str
) -> int:
    """One store's; says how many kills went wrong."""
    began = time.monotonic()
    with ExitStack() as stack:
        databases = None
        if store == "postgresql":
            binaries = server_binaries()
            if binaries is None:
                print(f"{store}: not tried, {MISSING}", flush=True)
                return 0
            databases = stack.enter_context(PrivatePostgres(binaries)).new_database
        tried = Campaign(zygote, Sites(folder / store, databases), api)
        seconds = tried.measure()
        kills = [
            *every_point(),
            *killed_recoveries(),
            *at_random(options.random, options.seed),
        ]
        print(f"{store}: {len(kills)} kills; a run takes {seconds:.1f} s", flush=True)
        wrong = 0
        for number, result in enumerate(tried.run(kills, options.jobs), start=1):
            wrong += bool(result.wrong)
            mark = "WRONG" if result.wrong else "ok"
            print(f"{store} {number}/{len(kills)} {mark:<5} {result}", flush=True)
    took = time.monotonic() - began
    print(f"{store}: {wrong} of {len(kills)} went wrong, in {took:.0f} s", flush=True)
    return wrong


def main(args: Sequence[str]) -> int:
    options = parsed(args)
    # Terminated, it stops its servers too, as an interrupted one does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if options.seed is None:
        options.seed = secrets.randbelow(1 << 32)
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="benson-chaos-") as name:
        folder = Path(name)
        with warm(folder / "warm") as zygote, running_server(folder / "prefect") as api:
            zygote.ready()
            stores = options.store or STORES
            wrong = sum(campaign(store, options, folder, zygote, api) for store in stores)
    print(f"{wrong} wrong; seed {options.seed}", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
