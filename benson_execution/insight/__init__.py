"""Reading the trail for its numbers: what became of each dispatch, and of a period.

    summary.py    one dispatch in the numbers and words that are counted; folded from its events
    period.py     from when to when: what `--since` and `--until` say

Nothing here judges: every figure was recorded by the phase that decided it.
"""
