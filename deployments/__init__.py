"""What runs when: schedules, triggers and automations.

catalogue       the one list of all deployments
prefect_yaml    `prefect.yaml`, made from it for `prefect deploy --all`
serving         serving the same ones from one process, without a work pool
own_server      the Prefect server of `benson up`, which ends with it
handing_in      a document handed in by an event, and the run that it leads to
automations     who is told of what
stack           PostgreSQL, Redis, servers and workers on one machine
"""

from benson_execution.prefect_environment import prepare

prepare()  # before anything below imports Prefect
