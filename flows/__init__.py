"""The tasks composed: one file per flow.

pac_execution     the governed run of one PAC
lifecycle         the hooks of that flow: how a dispatch begins, and how it is closed in any case
trail_recovery    closing what was killed
run               running it in this process, for the `benson` command
"""

from benson_execution.prefect_environment import prepare

prepare()  # before anything below imports Prefect
