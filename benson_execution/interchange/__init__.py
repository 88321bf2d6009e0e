"""Handing on what the trail proves, in forms that other people's tools read.

    judgements.py     what was judged of a dispatch, each with its verdict, in plain words
    delivered.py      the digests of the files that an agent names, read beneath one folder
    statement.py      an in-toto Statement of a dispatch: the predicate `test-result`
    envelope.py       the DSSE envelope that it is signed in, and what one says
    records.py        a period of the trail, event by event, as it was recorded
    json_lines.py     its events as JSON Lines
    cloud_events.py   as CloudEvents 1.0
    open_lineage.py   its dispatches as OpenLineage run events

All of it is a projection: nothing here judges, and nothing is written into the trail.
"""
