#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: run.sh INTERPRETER PROGRAM [ARGUMENT...]
# shellcheck source-path=SCRIPTDIR/../surface
. "$(dirname "$0")/../surface/common.sh"
need "$1"
"$@"
