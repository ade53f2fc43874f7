#!/usr/bin/env bash
# A campaign in SHARDS processes on this machine: deploy/parallel.sh PLAN SEEDS BASE SHARDS [OUT]
# Each run wants about two cores; on a crowded machine runs only take longer.
set -euo pipefail
plan=$1 seeds=$2 base=$3 shards=$4 out=${5:-results/campaign}
checker=${CHECKER:-target/debug/checker}
question=(--plan "$plan" --seeds "$seeds" --base "$base" --out "$out")
mkdir -p "$out"
# 75 (stopped, to be resumed) is a failure for parallel: `--retries` starts the shard again, which goes on where it was.
seq 0 $((shards - 1)) |
  parallel --jobs "$shards" --retries 2 --joblog "$out/parallel.log" \
    "$checker" campaign run "${question[@]}" --shard "{}/$shards"
exec "$checker" campaign merge "${question[@]}" --junit "$out/junit.xml"
