# SPDX-License-Identifier: MIT
# Results for people and machines: TAP 13.
# shellcheck shell=bash

TAP_NUMBER=0 TAP_PASSED=0 TAP_FAILED=0 TAP_SKIPPED=0 TAP_LAST=

tap_plan() { printf 'TAP version 13\n1..%s\n' "$1"; }
tap_note() { sed -e '/^$/d' -e 's/^/# /' <<< "$*"; }
tap_file() { [ ! -s "$1" ] || sed 's/^/#   /' "$1"; }

tap_pass() { TAP_LAST=pass; TAP_PASSED=$((TAP_PASSED + 1)); TAP_NUMBER=$((TAP_NUMBER + 1)); echo "ok $TAP_NUMBER - $1"; }
tap_skip() { TAP_LAST=skip; TAP_SKIPPED=$((TAP_SKIPPED + 1)); TAP_NUMBER=$((TAP_NUMBER + 1)); echo "ok $TAP_NUMBER - $1 # SKIP $2"; }
tap_fail() { TAP_LAST=fail; TAP_FAILED=$((TAP_FAILED + 1)); TAP_NUMBER=$((TAP_NUMBER + 1)); echo "not ok $TAP_NUMBER - $1"; tap_note "$2"; }

tap_total() { echo "$TAP_PASSED passed, $TAP_FAILED failed, $TAP_SKIPPED skipped"; }
