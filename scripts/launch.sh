#!/usr/bin/env bash
# launch.sh LOG SPREAD PROGRAM [ARGUMENT ...]: run one program of a long stage, in one process or under accelerate.
# SPREAD is N: N processes. cpu:N: N that see no GPU. fsdp:N: N that share one model. shard:N: one, its model on N GPUs.
# Launch details live here: a changed `shell:` string would rerun every job, a changed script reruns none.
set -euo pipefail

log=$1 spread=$2
shift 2
folder=$(cd "$(dirname "$0")" && pwd)

kind=ddp processes=${spread#*:}
case $spread in
    # Else every job at once would take a workstation's GPU. Nothing is compiled on a CPU: a second less of imports.
    cpu:*) export CUDA_VISIBLE_DEVICES= TORCHDYNAMO_DISABLE=1 ;;
    fsdp:*) kind=fsdp ;;
    shard:*) set -- "$@" --shards "$processes" && processes=1 ;;
esac

# One thread for each process: jobs side by side are faster than threads. On a cluster: its share of the job's CPUs.
threads=$((${SLURM_CPUS_PER_TASK:-$processes} / processes))
export OMP_NUM_THREADS=$((threads > 0 ? threads : 1))
export TOKENIZERS_PARALLELISM=false

if [ "$processes" -eq 1 ]; then
    command=(python "$@") # accelerate's launcher would start the same thing two seconds later
else
    command=(accelerate launch --config_file "$folder/../envs/accelerate/$kind.yaml"
        --num_processes "$processes" --main_process_port 0 "$@")
fi

# Everything goes to the log. Progress lines also go to the terminal, unless the run shows its own progress (HALT_QUIET).
if [ -n "${HALT_QUIET:-}" ]; then
    exec "${command[@]}" > "$log" 2>&1
fi
"${command[@]}" 2>&1 | tee "$log" | { grep --line-buffered '^\[halt\]' >&2 || true; }
