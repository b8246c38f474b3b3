#!/usr/bin/env bash
# start.sh FOLDER USER: a cluster of this one machine, without systemd; USER, made where there is none, may submit to the
# account `lab`. All it writes lies in FOLDER, but for links in /etc/slurm: Snakemake's job step drops SLURM_CONF, so only
# the compiled-in place serves. stop.sh FOLDER ends it. Started again in the same FOLDER it keeps its accounting.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
folder=$1 user=$2
host=$(hostname -s)
configs=(slurm gres cgroup slurmdbd)
unset SLURM_CONF

fail() { echo "$*" >&2; exit 1; }

for name in "${configs[@]}"; do
    file=/etc/slurm/$name.conf
    [ ! -e "$file" ] || [ "$(readlink "$file")" = "$folder/etc/$name.conf" ] ||
        fail "$file is another cluster's; the test cluster needs that place"
done
for name in munged mariadbd slurmdbd slurmctld slurmd; do
    [ ! -s "$folder/pids/$name" ] || ! kill -0 "$(cat "$folder/pids/$name")" 2>/dev/null ||
        fail "$name of $folder is still running: tests/slurm/stop.sh $folder"
done

id -u "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$user"
mkdir -p "$folder"/{etc,run,log,pids,dev,state/slurmctld,state/slurmd,mysql} /etc/slurm
chmod 755 "$folder" "$folder/run"
for gpu in 0 1; do # copies of /dev/null: nothing opens them
    [ -c "$folder/dev/fakegpu$gpu" ] || mknod "$folder/dev/fakegpu$gpu" c 1 3
done

# Memory is limited by cgroups where there are those of version 1, else by looking at it once a second.
if [ -w /sys/fs/cgroup/memory/cgroup.procs ]; then
    limits=(-e 's#@MEMORY@#cgroups#' -e 's#@PROCTRACK@#proctrack/cgroup#' -e 's#@TASK@#task/cgroup#'
        -e 's#@OVERMEMORY@#NoOverMemoryKill#' -e 's#@CONSTRAIN@#yes#')
else
    limits=(-e 's#@MEMORY@#polled#' -e 's#@PROCTRACK@#proctrack/linuxproc#' -e 's#@TASK@#task/none#'
        -e 's#@OVERMEMORY@#OverMemoryKill#' -e 's#@CONSTRAIN@#no#')
fi
for name in "${configs[@]}"; do
    sed -e "s#@FOLDER@#$folder#g" -e "s#@HOST@#$host#g" "${limits[@]}" "$here/etc/$name.conf" >"$folder/etc/$name.conf"
    ln -sfn "$folder/etc/$name.conf" "/etc/slurm/$name.conf"
done
chmod 600 "$folder/etc/slurmdbd.conf"

start() { # start NAME COMMAND ...: in the background, its pid in pids/NAME
    local name=$1
    shift
    setsid nohup "$@" >"$folder/log/$name.out" 2>&1 </dev/null &
    echo $! >"$folder/pids/$name"
}

await() { # await SECONDS NAME COMMAND ...: until the command succeeds
    local end=$((SECONDS + $1)) name=$2
    shift 2
    until timeout 10 "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || fail "$name did not come up; see $folder/log"
        sleep 0.1
    done
}

install -d -o munge -g munge -m 755 "$folder/run/munge"
chown munge:munge "$folder/run"
if [ ! -s "$folder/run/munge/key" ]; then
    head -c 128 /dev/urandom >"$folder/run/munge/key"
    chown munge:munge "$folder/run/munge/key"
    chmod 400 "$folder/run/munge/key"
fi
start munged setpriv --reuid=munge --regid=munge --clear-groups /usr/sbin/munged --foreground --num-threads=4 \
    --key-file="$folder/run/munge/key" --socket="$folder/run/munge.socket" --pid-file="$folder/run/munge/pid" \
    --log-file="$folder/run/munge/log" --seed-file="$folder/run/munge/seed"
await 20 munged sh -c "munge -n -S $folder/run/munge.socket | unmunge -S $folder/run/munge.socket"

database() { mariadb --no-defaults --socket="$folder/mysql/socket" -e "$1"; }
if [ ! -d "$folder/mysql/mysql" ]; then
    chown mysql:mysql "$folder/mysql"
    mariadb-install-db --no-defaults --user=mysql --datadir="$folder/mysql" --auth-root-authentication-method=socket \
        --skip-test-db >"$folder/log/mariadb-install-db.out" 2>&1
fi
start mariadbd /usr/sbin/mariadbd --no-defaults --user=mysql --datadir="$folder/mysql" --bind-address=127.0.0.1 \
    --port=13306 --socket="$folder/mysql/socket" --pid-file="$folder/mysql/pid" --innodb-buffer-pool-size=64M \
    --innodb-lock-wait-timeout=900 --skip-name-resolve
await 60 mariadbd mariadb-admin --no-defaults --socket="$folder/mysql/socket" ping
database "CREATE DATABASE IF NOT EXISTS slurm_acct_db; CREATE USER IF NOT EXISTS slurm@'127.0.0.1' IDENTIFIED BY 'slurm';
    GRANT ALL ON slurm_acct_db.* TO slurm@'127.0.0.1';"

start slurmdbd /usr/sbin/slurmdbd -D
await 60 slurmdbd sacctmgr -n list cluster
accounts() { sacctmgr -i add "$@" >/dev/null || true; } # fails where it is there already
accounts cluster halt
accounts account lab Description=lab Organization=lab
accounts user "$user" Account=lab DefaultAccount=lab
[ -n "$(sacctmgr -nP list user "$user" format=user)" ] || fail "$user got no account; see $folder/log/slurmdbd.log"

start slurmctld /usr/sbin/slurmctld -D
start slurmd /usr/sbin/slurmd -D
await 60 "the node" sh -c "sinfo -h -o %t | grep -qx idle"
