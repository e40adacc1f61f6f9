#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The main job, from nothing, on this machine: build, enrol a token, store a
# broker's credential, get it back with a touch, and see who doesn't get it.
#
#   sh tests/demo.sh          a token in software (never for real keys)
#   sh tests/demo.sh --real   the FIDO2 token that is plugged in
#
# Everything happens in a temporary directory, which is removed at the end; a
# real token keeps nothing of it. Installs what it lacks with apt.
set -eu
real=
case "${1-}" in
'') ;;
--real) real=yes ;;
*)
	echo "usage: sh tests/demo.sh [--real]" >&2
	exit 2
	;;
esac
cd "$(dirname "$0")/.."
sh tests/packages.sh
echo "building ..."
cmake --preset release >/dev/null
cmake --build --preset release >/dev/null
bin=$PWD/build/release/bin
vtoken=$PWD/build/release/tests/virtual/vtoken

dir=$(mktemp -d)
cd "$dir"
pids=
cleanup() {
	[ -z "$pids" ] || kill $pids 2>/dev/null || :
	cd /
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

passed=0
say() { printf '\n== %s\n' "$1"; }
good() {
	passed=$((passed + 1))
	echo "   ok: $1"
}
bad() {
	echo "   FAILED: $1" >&2
	exit 1
}
expect() { # status, what it means, command ...
	want=$1 what=$2 got=0
	shift 2
	"$@" >refused.out 2>refused.err </dev/null || got=$?
	sed 's/^/   | /' refused.err
	[ "$got" -eq "$want" ] || bad "$what: exit status $got, not $want"
	[ ! -s refused.out ] || bad "$what: something was printed"
	good "$what (exit status $want)"
}
plug() { # name: a token in software
	"$vtoken" --state "$1.state" --log "$1.log" --link "$1" --touch at-once >"$1.ready" </dev/null &
	plugged=$!
	pids="$pids $plugged"
	tries=0
	until [ -s "$1.ready" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || bad "the token in software did not start"
		sleep 0.1
	done
}

mkdir -m 700 home other-home
tv() { HOME=$dir/home XDG_DATA_HOME='' XDG_STATE_HOME='' "$bin/touchvault" "$@"; }
elsewhere() { HOME=$dir/other-home XDG_DATA_HOME='' XDG_STATE_HOME='' "$bin/touchvault" "$@"; }
unset TOUCHVAULT_VAULT FIDO2_TOKEN

say "The token"
if [ -n "$real" ]; then
	echo "   The token that is plugged in. It blinks when it wants a touch."
	device=
else
	echo "   A TOKEN IN SOFTWARE: it touches itself and protects nothing. For a real"
	echo "   one, plug it in and run: sh tests/demo.sh --real"
	plug token
	device=--device=$dir/token
fi

say "A credential as Interactive Brokers' OAuth wants it, made by openssl"
mkdir -m 700 ibkr
openssl genrsa -out ibkr/private_signature.pem 2048 2>/dev/null
openssl genrsa -out ibkr/private_encryption.pem 2048 2>/dev/null
# The group of RFC 7919: to search for a prime of one's own takes a minute.
openssl genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048 -out ibkr/dhparam.pem 2>/dev/null
printf 'DEMOTRADE' >ibkr/consumer_key
openssl rand -hex 10 | tr -d '\n' >ibkr/access_token
openssl rand 48 | openssl pkeyutl -encrypt -inkey ibkr/private_encryption.pem |
	openssl base64 -A >ibkr/access_token_secret
ls -l ibkr | sed -n 's/^/   /; 2,$p'

say "touchvault init"
tv ${device:+"$device"} init --kind keyfile >said
sed 's/^/   /' said
good "a vault, one token enrolled (three touches), this host approved"

say "touchvault add ibkr/live ..."
tv ${device:+"$device"} add ibkr/live --label account=paper \
	--field private_signature=@ibkr/private_signature.pem \
	--field private_encryption=@ibkr/private_encryption.pem \
	--field dhparam=@ibkr/dhparam.pem \
	--field consumer_key=@ibkr/consumer_key \
	--field access_token=@ibkr/access_token \
	--field access_token_secret=- <ibkr/access_token_secret
good "six fields stored with one touch"

say "touchvault list, touchvault show: no touch"
if [ -z "$real" ]; then
	before=$(grep -c '^txn ' token.log || :)
fi
tv list >said
tv show ibkr/live >>said
sed 's/^/   /' said
if [ -z "$real" ]; then
	[ "$before" -eq "$(grep -c '^txn ' token.log || :)" ] || bad "list spoke to the token"
fi
good "names without a touch, secrets not shown"

say "touchvault get ibkr/live FIELD: each with one touch, compared byte by byte"
for field in private_signature private_encryption dhparam consumer_key access_token \
	access_token_secret; do
	source=ibkr/$field
	[ -f "$source" ] || source=$source.pem
	tv ${device:+"$device"} get ibkr/live "$field" >"got.$field"
	cmp -s "$source" "got.$field" || bad "$field came back different"
	good "$field: $(wc -c <"$source") bytes, the same"
done

say "touchvault run: a program with just those secrets, nothing on disk"
printf 'order' >order
tv ${device:+"$device"} run --env CONSUMER_KEY=ibkr/live:consumer_key \
	--file SIGNING_KEY=ibkr/live:private_signature -- \
	sh -c 'openssl dgst -sha256 -sign "$SIGNING_KEY" order >order.sig && printf %s "$CONSUMER_KEY" >key.seen'
openssl rsa -in ibkr/private_signature.pem -pubout -out public.pem 2>/dev/null
openssl dgst -sha256 -verify public.pem -signature order.sig order >/dev/null ||
	bad "the child's signature is wrong"
cmp -s ibkr/consumer_key key.seen || bad "the child saw another consumer key"
good "the child signed with the key and had the right consumer key"

say "The same vault and the same token in a home that was never approved"
mkdir -p -m 700 other-home/.local/share/touchvault
cp home/.local/share/touchvault/default.tv other-home/.local/share/touchvault/
expect 20 "refused: the host's half of the key is missing" \
	elsewhere ${device:+"$device"} get ibkr/live consumer_key

say "Another token on the approved host"
if [ -z "$real" ]; then
	kill "$plugged"
fi
plug stranger
expect 11 "refused: not a token of this vault" \
	tv "--device=$dir/stranger" get ibkr/live consumer_key

say "Summary"
cat <<END
   $passed checks passed. One touch brought a secret, and only
   on the host that was approved; the vault file with the token alone gave nothing
   (20), the host with another token gave nothing (11), and listing took no touch.
END
if [ -z "$real" ]; then
	echo "   This was a token in software. With a real one: sh tests/demo.sh --real"
fi
