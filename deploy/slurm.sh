#!/usr/bin/env bash
# A campaign as a Slurm array, then the merge: deploy/slurm.sh PLAN SEEDS BASE SHARDS [OUT]
# OUT must be on a file system that all machines share. The shard is found from the array's own variables.
set -euo pipefail
plan=$1 seeds=$2 base=$3 shards=$4 out=$(realpath -m "${5:-results/campaign}")
checker=$(realpath "${CHECKER:-target/debug/checker}")
question="--plan $(realpath "$plan") --seeds $seeds --base $base --out $out"
mkdir -p "$out"
job=$(sbatch --parsable --array="0-$((shards - 1))" --requeue --time="${TIME:-08:00:00}" --signal=B:TERM@60 \
  --output="$out/slurm-%a.log" <<JOB
#!/usr/bin/env bash
# Slurm's warning reaches this shell alone; the shard gets it from here, ends its run and leaves with 75.
$checker campaign run $question & shard=\$!
trap 'kill -TERM \$shard' TERM
wait \$shard; wait \$shard
JOB
)
sbatch --parsable --wait --dependency="afterany:$job" --output="$out/slurm-merge.log" \
  --wrap "$checker campaign merge $question --junit $out/junit.xml"
