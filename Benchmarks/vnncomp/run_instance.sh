#!/bin/bash
# VNN-COMP: decides one instance. Arguments: v1 CATEGORY NETWORK PROPERTY RESULT_FILE TIMEOUT.
# The result file gets unsat, sat with the witness on the lines after it, unknown, timeout or error.
set -euo pipefail
[[ ${1:-} == v1 && $# -ge 6 ]] || {
    echo "usage: run_instance.sh v1 CATEGORY NETWORK PROPERTY RESULT_FILE TIMEOUT" >&2
    exit 1
}
binary=${SECATEUR:-$(dirname "$(readlink -f "$0")")/../../.build/release/secateur}
pid_file=${TMPDIR:-/tmp}/secateur-instance.$(id -u).pid
"$binary" verify "$3" "$4" --timeout "$6" >"$5.part" &
echo $! >"$pid_file"
status=0
wait $! || status=$?
rm -f "$pid_file"
if ((status == 0)); then
    mv "$5.part" "$5"
else
    rm -f "$5.part"
    echo error >"$5"
fi
