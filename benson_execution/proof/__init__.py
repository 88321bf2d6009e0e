"""What makes the trail evident to tampering; nothing in here knows a store.

chain.py    the hash chain of a dispatch's events
leaf.py     what a closed dispatch leaves in the log: its header, and where its chain ends
merkle.py   the tree arithmetic of RFC 9162
heads.py    signed heads, and the records by which one key hands over to the next
keys.py     signing keys and public keys
keyring.py  where a trail's signing key comes from, and how another one takes its place
heads_file.py    every signed head, where the database is not
"""
