#!/usr/bin/env bash
# Makes what the tests talk to available: PostgreSQL, MariaDB, an OpenSSH server, and xmllint as a second opinion.
# Uses what already answers on the standard loopback ports; otherwise installs (as root) and starts private instances
# under var/test-services/, whose addresses go into var/test-services/env. What cannot be had is said; the tests that
# need it then skip with a reason, or fail when CI=true. ECQS_TEST_PRIVATE=1 starts private instances in any case.
set -euo pipefail
cd "$(dirname "$0")/.."
home="$PWD/var/test-services"
mkdir -p "$home"
: > "$home/env"

answers() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

install() {
    [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null || return 1
    echo "Installing $* ..."
    if [ ! -e "$home/.updated" ]; then apt-get update -qq > /dev/null && touch "$home/.updated"; fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" > "$home/apt.log" 2>&1 || { tail -3 "$home/apt.log"; return 1; }
}

wait_for() {
    for _ in $(seq 100); do answers "$1" && return 0; sleep 0.1; done
    echo "nothing answers on port $1"
    return 1
}

as() { if [ "$(id -u)" = 0 ]; then runuser -u "$1" -- "${@:2}"; else "${@:2}"; fi; }

postgres_usable() {
    [ -z "${ECQS_TEST_PRIVATE:-}" ] && answers 5432 && "$PWD/.venv/bin/python" - << 'PY' 2> /dev/null
import psycopg
psycopg.connect("host=127.0.0.1 user=postgres dbname=postgres connect_timeout=3").close()
PY
}

mariadb_usable() {
    [ -z "${ECQS_TEST_PRIVATE:-}" ] && answers 3306 && "$PWD/.venv/bin/python" - << 'PY' 2> /dev/null
import pymysql
pymysql.connect(host="127.0.0.1", user="root", connect_timeout=3).close()
PY
}

postgres_programs() { find /usr/lib/postgresql -maxdepth 2 -name bin 2> /dev/null | sort | tail -n 1; }

postgres() {
    postgres_usable && return 0
    local bin port=54321
    bin=$(postgres_programs)
    if [ -z "$bin" ]; then
        install postgresql || return 1
        bin=$(postgres_programs)
    fi
    if ! answers "$port"; then
        local data="$home/postgresql"
        mkdir -p "$data"
        [ "$(id -u)" != 0 ] || chown postgres "$data"
        [ -e "$data/PG_VERSION" ] || as postgres "$bin/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 > "$home/initdb.log"
        as postgres "$bin/pg_ctl" -D "$data" -l "$data/log" -w -o "-p $port -c listen_addresses=127.0.0.1 -k $data" start > /dev/null
    fi
    wait_for "$port"
    echo "ECQS_TEST_POSTGRESQL_URL=postgresql+psycopg://postgres@127.0.0.1:$port/postgres" >> "$home/env"
}

mariadb() {
    mariadb_usable && return 0
    local port=33061
    command -v mariadbd > /dev/null || install mariadb-server || return 1
    if ! answers "$port"; then
        local data="$home/mariadb" user
        if [ "$(id -u)" = 0 ]; then user=mysql; else user=$(id -un); fi
        mkdir -p "$data"
        [ "$(id -u)" != 0 ] || chown mysql "$data"
        [ -e "$data/mysql" ] || mariadb-install-db --datadir="$data" --user="$user" --auth-root-authentication-method=normal > "$home/mariadb.log" 2>&1
        nohup mariadbd --no-defaults --datadir="$data" --user="$user" --port="$port" --bind-address=127.0.0.1 \
            --socket="$data/socket" --character-set-server=utf8mb4 >> "$home/mariadb.log" 2>&1 &
    fi
    wait_for "$port"
    echo "ECQS_TEST_MARIADB_URL=mysql+pymysql://root@127.0.0.1:$port/mysql?charset=utf8mb4" >> "$home/env"
}

openssh() { [ -x /usr/sbin/sshd ] || install openssh-server; }
xmllint() { type -P xmllint > /dev/null || install libxml2-utils; }

missing=()
for service in postgres mariadb openssh xmllint; do "$service" || missing+=("$service"); done
if [ "${#missing[@]}" -gt 0 ]; then
    echo "Not available here: ${missing[*]}. Tests that need them will say so."
    [ "${CI:-}" != true ] || exit 1
fi
