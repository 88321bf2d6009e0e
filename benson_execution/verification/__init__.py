"""Finding out whether a trail, or an artifact of it, is what it claims to be.

findings.py     what can be wrong, by name
trail.py        the whole trail, streaming
log.py          its log: leaves, heads, rotations, and pinned heads
wraps.py        its WRAPs and the claims to them
diagnosis.py    what was done to a dispatch whose hashes don't fit
artifact.py     one artifact, without a database
"""
