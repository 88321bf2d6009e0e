"""One Prefect task per phase, and the hooks that emit their telemetry events.

activation, scope, quality, completion     the four gates, CP-01 to CP-04
schema_validation, ber_decision, wrap      what is decided from them
ber_telemetry                              the artifact, from the finished trail
mirror, mirrored_events                    the events of the trail as events of Prefect
gate, options, hooks                       what the tasks share

A task asks its phase for the verdict and returns it as a Prefect state; it never judges.
"""

from benson_execution.prefect_environment import prepare

prepare()  # before anything below imports Prefect
