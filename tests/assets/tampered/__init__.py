"""Trails and artifacts that somebody changed, each file named by what was done to it.

`expected.json` says what verification finds in each. `honest.db` and `honest.json` are what they
were made from; `trusted.pem` is the key that signed them, `head.json` and `heads.jsonl` are what
was kept elsewhere. `python -m tests.assets.tampered.make` makes all of them anew, with a new key.
"""
