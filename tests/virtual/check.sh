#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Is the virtual token honest? Debian's fido2-tools, unmodified, are the judge.
# Usage: check.sh VTOKEN
set -eu
vtoken=$1
dir=$(mktemp -d)
pid=
cleanup() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
cd "$dir"
fail() {
	echo "FAILED: $1" >&2
	exit 1
}
# Its own session: a tool without a terminal would adopt the token's.
alone() { setsid -w "$@" </dev/null; }
plug() { # state file, options
	state=$1
	shift
	"$vtoken" --state "$state" --log log --link tok "$@" >ready 2>errors &
	pid=$!
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ ! -s ready ] || return 0
		sleep 0.2
	done
	cat errors >&2
	fail "the token did not start"
}
unplug() {
	kill "$pid"
	wait "$pid" 2>/dev/null || :
	pid=
	rm -f ready
}
b64() { head -c 32 /dev/urandom | base64; }
ask() { # salt, output: an assertion
	{ b64; echo touchvault:; cat id; echo "$1"; } >ask
	alone fido2-assert -G -h -i ask "$dir/tok" >"$2"
}

plug one --touch at-once
alone fido2-token -I "$dir/tok" | grep -q hmac-secret || fail "fido2-token doesn't see hmac-secret"
{ b64; echo touchvault:; echo user; echo AAAA; } >new
alone fido2-cred -M -h -i new -o cred "$dir/tok" || fail "fido2-cred -M"
fido2-cred -V -h -i cred >pub || fail "fido2-cred -V refuses the attestation"
head -n 1 pub >id
tail -n +2 pub >key.pem
salt=$(b64)
: >log
ask "$salt" a1 || fail "fido2-assert -G -h"
n=$(grep -c '^txn ' log)
[ "$n" -eq 4 ] || fail "an assertion without PIN took $n transactions, not 4"
head -n 4 a1 >signed
fido2-assert -V -h -i signed key.pem es256 || fail "fido2-assert -V refuses the signature"
# A signature over something else must not pass, or the check above is none.
{ b64; tail -n +2 signed; } >forged
if fido2-assert -V -h -i forged key.pem es256 2>/dev/null; then fail "a forged assertion passed"; fi
ask "$salt" a2
[ -n "$(tail -n 1 a1)" ] && [ "$(tail -n 1 a1)" = "$(tail -n 1 a2)" ] || fail "same salt, two secrets"
ask "$(b64)" a3
[ "$(tail -n 1 a1)" != "$(tail -n 1 a3)" ] || fail "two salts, one secret"
unplug
plug one --touch none
if ask "$salt" a4; then
	head -n 4 a4 >untouched
	if fido2-assert -V -p -h -i untouched key.pem es256 2>/dev/null; then fail "user presence without a touch"; fi
fi
unplug
plug one --touch refused
if ask "$salt" a5 2>/dev/null; then fail "an assertion although the touch was refused"; fi
unplug
plug another --touch at-once
if ask "$salt" a6 2>/dev/null; then fail "another token knows the credential"; fi
unplug
echo "the virtual token agrees with fido2-tools"
