"""What somebody with write access to a SQLite trail might do: turn a refusal into a pass.

    python examples/tamper.py PAC_ID

It changes the newest refused checkpoint of that PAC in the trail under BENSON_HOME. Try it on a
trail that nobody needs, and then run `benson verify`.
"""

import sqlite3
import sys

from benson_execution.settings import Settings

EVENTS = """
    SELECT events.position, event FROM events JOIN dispatches USING (dispatch_id)
    WHERE pac_id = ? AND event_type = 'CHECKPOINT' ORDER BY events.position DESC
"""
CHANGE = "UPDATE events SET event = ? WHERE position = ?"

trail = sqlite3.connect(Settings.load().home / "trail.db")
refused = [row for row in trail.execute(EVENTS, sys.argv[1:2]) if b'"FAIL"' in row[1]]
if not refused:
    sys.exit(f"the trail has no refused checkpoint of {sys.argv[1:2]}")
position, event = refused[0]
change = (event.replace(b'"FAIL"', b'"PASS"'), position)
try:
    trail.execute(CHANGE, change)
except sqlite3.IntegrityError as refusal:
    print(f"the database refuses: {refusal}")
trail.execute("DROP TRIGGER guard_events_update")
trail.execute(CHANGE, change)
trail.commit()
print(f"without its guard it obeys: the event at position {position} says PASS now")
