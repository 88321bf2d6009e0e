"""The trail in numbers for Prometheus: read from the record, never counted beside it.

    definitions.py     every metric: its name, help, unit, labels and buckets
    tally.py           what is counted of a closed dispatch and of a refused document
    trail_figures.py   reads on in the trail where it stopped, and keeps the tally
    fault_counts.py    the same for this machine's `faults.jsonl`
    exporter.py        both, as the text that Prometheus reads
    verifying.py       `benson verify` now and then, beside it
    server.py          the text over HTTP

Whoever asks, whenever it was started: the same trail gives the same numbers.
"""
