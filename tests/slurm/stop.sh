#!/usr/bin/env bash
# stop.sh FOLDER: cancels all jobs of the cluster that start.sh began there, and ends exactly its daemons.
set -uo pipefail

folder=$1
unset SLURM_CONF

running() { [ -s "$folder/pids/$1" ] && kill -0 "$(cat "$folder/pids/$1")" 2>/dev/null; }

if running slurmctld; then
    timeout 10 squeue --noheader --format=%A | xargs --no-run-if-empty timeout 10 scancel
    for ((tenth = 0; tenth < 150; tenth++)); do # slurmd still has to end them
        [ -n "$(timeout 10 squeue --noheader)" ] || break
        sleep 0.1
    done
fi
for name in slurmd slurmctld slurmdbd mariadbd munged; do
    file=$folder/pids/$name
    if running "$name"; then
        kill -TERM "$(cat "$file")"
        for ((tenth = 0; tenth < 150; tenth++)); do
            running "$name" || break
            sleep 0.1
        done
        if running "$name"; then
            echo "$name does not end, killed" >&2
            kill -KILL "$(cat "$file")"
        fi
    fi
    rm -f "$file"
done
for name in slurm gres cgroup slurmdbd; do
    [ "$(readlink "/etc/slurm/$name.conf")" = "$folder/etc/$name.conf" ] && rm -f "/etc/slurm/$name.conf"
done
exit 0
