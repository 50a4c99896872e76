#!/bin/sh
# A PostgreSQL cluster that lives as long as this script's standard input is open, and leaves nothing behind.
# usage: postgres.sh BIN_DIRECTORY PORT
set -eu
bin=$1
port=$2
home=$(mktemp -d "${TMPDIR:-/tmp}/countersign-pg.XXXXXX")

finish() {
    "$bin/pg_ctl" -D "$home/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$home"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

{
    "$bin/initdb" -D "$home/data" -U countersign -A trust -E UTF8 --locale=C --no-sync
    # Nothing here outlives a test, so nothing need reach the disk.
    "$bin/pg_ctl" -D "$home/data" -l "$home/server.log" -w -t 60 -o "-c port=$port -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories=$home -c fsync=off -c full_page_writes=off -c max_connections=300" start
} >"$home/start.log" 2>&1 </dev/null || {
    cat "$home/start.log" "$home/server.log" >&2
    exit 1
}

echo ready
cat >/dev/null
