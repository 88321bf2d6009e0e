"""Everything that Benson needs on several machines, on one: `python -m deployments.stack`.

stack           what is started, in which order, and how it ends
servers         Prefect's API server, its background services, the workers, and Redis
postgresql      a private PostgreSQL server; the tests use it too
registration    the trail's tables, the work pool and the deployments
variables       which variables each part gets; `compose.yaml` says the same for containers
secrets_file    the passwords and the signing key
folder          where a stack keeps everything; one at a time does
guarded         a server process under a guardian of its own, as its starter sees it
guardian        that process: it lets no server outlive whoever started it
"""
