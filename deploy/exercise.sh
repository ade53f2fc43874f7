#!/usr/bin/env bash
# The same campaign three ways: one shard, four by GNU parallel (one of them killed and resumed), eight by Slurm on a
# one-machine cluster of its own. The merged answers must be equal, seed by seed. Needs root, and Debian's packages
# `parallel` and `slurm-wlm`:  deploy/exercise.sh [SEEDS]
set -euo pipefail
cd "$(dirname "$0")/.."
seeds=${1:-40} base=exercise plan=tests/campaigns/exercise.toml
cargo build -q -p checker
export CHECKER=$PWD/target/debug/checker
work=$(mktemp -d /tmp/exercise-XXXXXX)
question=(--plan "$plan" --seeds "$seeds" --base "$base")

ctld= slurmd= munged=
finish() {
  for process in $slurmd $ctld $munged; do kill "$process" 2>/dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT

# Its exit code says what the campaign found; here only the answers are compared.
merge() { "$CHECKER" --quiet campaign merge "${question[@]}" --out "$1" || true; }

echo "== one shard"
"$CHECKER" --quiet campaign run "${question[@]}" --out "$work/one" --shard 0/1
merge "$work/one"

echo "== four shards by GNU parallel, the first one killed and resumed"
timeout --signal=KILL 20 "$CHECKER" --quiet campaign run "${question[@]}" --out "$work/four" --shard 0/4 || true
CHECKER=$CHECKER deploy/parallel.sh "$plan" "$seeds" "$base" 4 "$work/four" >"$work/parallel.log" 2>&1 || true
merge "$work/four"

echo "== eight shards by Slurm"
mkdir -p "$work/slurm/state" "$work/slurm/spool" /run/munge
[ -s /etc/munge/munge.key ] || { dd if=/dev/urandom of=/etc/munge/munge.key bs=64 count=1 status=none; }
chown -R munge: /etc/munge /run/munge /var/log/munge /var/lib/munge
runuser -u munge -- munged --foreground 2>/dev/null & munged=$!
host=$(hostname -s)
cat >"$work/slurm/slurm.conf" <<CONF
ClusterName=exercise
SlurmctldHost=$host(127.0.0.1)
SlurmctldAddr=127.0.0.1
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=$work/slurm/state
SlurmdSpoolDir=$work/slurm/spool
SlurmctldPidFile=$work/slurm/slurmctld.pid
SlurmdPidFile=$work/slurm/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$work/slurm/slurm.conf
slurmctld -D >"$work/slurm/slurmctld.log" 2>&1 & ctld=$!
slurmd -D -N "$host" >"$work/slurm/slurmd.log" 2>&1 & slurmd=$!
for _ in $(seq 60); do sinfo -h -o %T 2>/dev/null | grep -q idle && break; sleep 1; done
sinfo
deploy/slurm.sh "$plan" "$seeds" "$base" 8 "$work/eight" || tail -n 3 "$work"/eight/slurm-*.log "$work"/slurm/*.log
merge "$work/eight"

for other in four eight; do
  diff "$work/one/verdicts.txt" "$work/$other/verdicts.txt"
done
cat "$work/one/verdicts.txt"
echo "equal: $(wc -l <"$work/one/verdicts.txt") verdicts, three ways"
