#!/bin/bash
# VNN-COMP: builds the verifier on a new machine. Arguments: v1.
# Swift itself must be on the PATH (https://www.swift.org/install); the rest is installed from the system's packages.
set -euo pipefail
[[ ${1:-} == v1 ]] || { echo "install_tool.sh: the first argument must be v1, the protocol's version" >&2; exit 1; }
make -C "$(dirname "$(readlink -f "$0")")/../.." build
