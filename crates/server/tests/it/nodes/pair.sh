#!/bin/sh
# A PostgreSQL primary and a standby that follows it, for as long as this script's standard input is open. A line on it kills the primary.
# usage: pair.sh BIN_DIRECTORY PRIMARY_PORT STANDBY_PORT
set -eu
bin=$1
home=$(mktemp -d "${TMPDIR:-/tmp}/countersign-pair.XXXXXX")

finish() {
    "$bin/pg_ctl" -D "$home/standby" -m immediate -w stop >/dev/null 2>&1 || true
    "$bin/pg_ctl" -D "$home/primary" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$home"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

start() {
    "$bin/pg_ctl" -D "$home/$1" -l "$home/$1.log" -w -t 60 -o "-c port=$2 -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories=$home -c fsync=off -c max_connections=100" start
}

{
    "$bin/initdb" -D "$home/primary" -U countersign -A trust -E UTF8 --locale=C --no-sync
    start primary "$2"
    "$bin/pg_basebackup" -d "host=127.0.0.1 port=$2 user=countersign" -D "$home/standby" -R -c fast --no-sync
    start standby "$3"
} >"$home/start.log" 2>&1 </dev/null || {
    cat "$home"/*.log >&2
    exit 1
}

echo ready
while read -r _; do
    "$bin/pg_ctl" -D "$home/primary" -m immediate -w stop >/dev/null 2>&1
    echo dead
done
