#!/usr/bin/env bash
# install.sh: what the test cluster is made of, from Debian's packages. One clear line if it cannot be had.
set -euo pipefail

packages=(slurm-wlm slurmctld slurmd slurmdbd slurm-client slurm-wlm-basic-plugins munge mariadb-server)

[ "$(id -u)" -eq 0 ] || { echo "the test cluster must be started by root (found $(id -un)): sudo make test-slurm" >&2; exit 1; }
missing=()
for program in slurmctld slurmd slurmdbd sbatch sacct munged mariadbd mariadb-install-db; do
    command -v "$program" >/dev/null || missing+=("$program")
done
[ ${#missing[@]} -eq 0 ] && exit 0
command -v apt-get >/dev/null || { echo "missing ${missing[*]}, and no apt-get here: install Slurm, munge and MariaDB" >&2; exit 1; }

export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
{ apt-get update -qq && apt-get install -qq -y --no-install-recommends "${packages[@]}"; } >"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; echo "apt-get could not install ${packages[*]}" >&2; exit 1; }
rm -f "$log"
