"""The benchmark: ratios, measured side by side in one run.

flow         a governed flow run against a bare Prefect flow with as many tasks
batching     Prefect's recorder in batches, as Benson sets it, against Prefect's defaults
process      `benson run` as a whole process, on an empty home and on one that was used
event        one event into a file, against structlog with orjson
validate     JSON Lines of events and of results, against json.loads and fastjsonschema
large        documents of ten megabytes, against a tenth of that
append       one event into a SQLite trail, against a bare insert at the same durability
dispatch     a dispatch in the engine, against pydantic alone on the same payloads

measure      rounds, medians, ratios
report       what is printed, and written to `results.json`
documents    a PAC of its own for every run
homes        temporary homes, the environment of processes in them, and their Prefect server
workers      processes that run flows when told to; worker.py is what runs in them
flows        the bare flows; stopwatch.py says where the time of the governed one goes

`python -m bench --help` says how to run it. Nothing here is part of the installed package.
"""
