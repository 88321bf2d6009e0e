"""The tasks composed: one file per flow.

pac_execution     the governed run of one PAC
lifecycle         the hooks of that flow: how a dispatch begins, and how it is closed in any case
trail_recovery    closing what was killed, and going on with it
submission        how every machine hands a document in
again             having judged again what was killed
pac_inbox         taking the documents that arrive in the inbox
sweep             one pass over the inbox: its files, from their claims to where they are moved
settling          what the end of a run means for the file that it judged
run               running it in this process, for the `benson` command
"""

import gc
import os

from benson_execution.prefect_environment import prepare

prepare()  # before anything below imports Prefect

if "PREFECT__FLOW_RUN_ID" in os.environ:
    # Prefect's engine, in a process of its own for one run. The 1,500 modules that were imported
    # stay until it ends, and every full collection, of which there are several at the end, would
    # go through them all to find nothing: nearly half a second of processor time.
    gc.freeze()
