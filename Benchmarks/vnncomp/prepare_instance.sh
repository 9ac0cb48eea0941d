#!/bin/bash
# VNN-COMP: called before each instance, untimed. Arguments: v1 CATEGORY NETWORK PROPERTY.
# Ends what an earlier instance of run_instance.sh may have left, and sees that the files are there.
set -euo pipefail
[[ ${1:-} == v1 && $# -ge 4 ]] || { echo "usage: prepare_instance.sh v1 CATEGORY NETWORK PROPERTY" >&2; exit 1; }
binary=${SECATEUR:-$(dirname "$(readlink -f "$0")")/../../.build/release/secateur}
[[ -x $binary ]] || { echo "$binary: not built; run install_tool.sh v1, or name the program with SECATEUR=" >&2; exit 1; }
pid_file=${TMPDIR:-/tmp}/secateur-instance.$(id -u).pid
if [[ -f $pid_file ]]; then
    process=$(<"$pid_file")
    if [[ -n $process && $(readlink "/proc/$process/exe" || true) == "$(readlink -f "$binary")" ]]; then
        kill -KILL "$process" 2>/dev/null || true
    fi
    rm -f "$pid_file"
fi
for file in "$3" "$4"; do
    [[ -f $file || -f $file.gz ]] || { echo "$file: no such file" >&2; exit 1; }
done
