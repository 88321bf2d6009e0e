"""Moving closed dispatches out of the trail's database, into compressed and signed files.

    content.py     what such a file holds: written, read, and held against the log's leaves
    folder.py      the folder of the files: each is written whole, or not at all
    archiving.py   which dispatches move, and in which order what is done
    reading.py     a trail that reads what was archived as if it had stayed; merging.py and
                   whole.py do the same for its raw rows
    receipts.py    what stays in the database of each dispatch that moved

The leaves stay in the log, and a receipt for each dispatch in the database; so `benson verify`
proves what was moved and what stayed.
"""
