#!/bin/sh
# run_fuzz.sh BINARY WORK-FOLDER CORPUS: one bounded libFuzzer run; a finding stays in WORK-FOLDER.
set -eu
mkdir -p "$2"
exec "$1" -max_total_time="${KEDGE_FUZZ_SECONDS:-10}" -timeout=5 -rss_limit_mb=2048 \
  -print_final_stats=1 -artifact_prefix="$2/finding-" "$2" "$3"
