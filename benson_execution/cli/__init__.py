"""The `benson` command: thin, over the library and the flow.

run.py      one document through the flow, on Prefect
judge.py    many documents through the engine, without Prefect
up.py       everything that is deployed, served from one process
submit.py   documents handed in to whoever serves, by an event each
events.py   the trail, event by event
show.py     one PAC's story
inputs.py   reading what the user names
output.py   how answers and errors look
"""

from benson_execution.cli.app import main

__all__ = ["main"]
