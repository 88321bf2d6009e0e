#!/bin/sh
# Run once by PostgreSQL's container, on an empty volume: two databases, each of a user of its own.
set -eu
for name in prefect benson; do
    case $name in
        prefect) password=$PREFECT_DATABASE_PASSWORD ;;
        benson) password=$BENSON_DATABASE_PASSWORD ;;
    esac
    # The password goes in by the environment: it must stand in no command line.
    NAME=$name PASSWORD=$password psql --no-psqlrc --set ON_ERROR_STOP=1 --username postgres <<'SQL'
\getenv name NAME
\getenv password PASSWORD
CREATE USER :"name" PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
SQL
done
