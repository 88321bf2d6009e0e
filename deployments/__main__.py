"""`python -m deployments` prints `prefect.yaml`; with `--write` it writes the file."""

from __future__ import annotations

import sys

from deployments.prefect_yaml import PREFECT_YAML, prefect_yaml

if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["--write"]):
        sys.exit("usage: python -m deployments [--write]")
    if sys.argv[1:]:
        PREFECT_YAML.write_text(prefect_yaml())
    else:
        sys.stdout.write(prefect_yaml())
