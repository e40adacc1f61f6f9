# SPDX-License-Identifier: BSD-2-Clause
# bash completion for touchvault(1). Names come from list, show and status, which
# need no touch. Nothing goes through "compgen -W", which expands what it is given.

_touchvault_commands=(init add edit get run list show rename remove due schedule policy rotate reminders snooze history token host recovery status log doctor udev help version)
_touchvault_globals=(--vault --device --json --accept-rollback --accept-clock --accept-signer --help --version)

_touchvault_options() { # command
	options=("${_touchvault_globals[@]}")
	case $1 in
	init) options+=(--pin --token-name --host-name --kind --tpm --allow-no-touch --no-passphrase) ;;
	add) options+=(--field --from-json --from-env --label) ;;
	edit) options+=(--field --from-json --from-env --label --unset --unset-label) ;;
	get) options+=(--show --overdue --staged --previous) ;;
	due) options+=(--within --check --ics) ;;
	schedule) options+=(--every --lead --grace --mode --expires --now --all --default) ;;
	reminders) options+=(--timeout --no-hooks) ;;
	policy) options+=(--every --lead --grace --mode --max-age --overdue --strict) ;;
	token) options+=(--new-device --pin --allow-no-touch --no-passphrase) ;;
	host) options+=(--name --label --fingerprint --kind --tpm --drop-old-key) ;;
	log) options+=(--since --last) ;;
	recovery) options+=(--output --replace --name --kind --tpm) ;;
	udev) options+=(--lock-screen) ;;
	run) options+=(--env --env-all --file --pristine --overdue --staged --previous) ;;
	rotate)
		options+=(--status --stage --replace --field --from-json --from-env --expires --works-from \
			--verify --promote --rollback --revoked --retire --abort --reason --driver --due --driver-dir \
			--timeout)
		;;
	esac
}

_touchvault_takes_value() { # option
	# A flag of get and run.
	[[ $1 == --overdue ]] && { [[ $cmd == policy ]]; return; }
	case $1 in
	--vault | --device | --accept-signer | --new-device | --pin | --token-name | --host-name | --kind | --tpm | --field | \
		--within | --every | --lead | --grace | --mode | --expires | --now | --max-age | \
		--works-from | --verify | --reason | --driver | --driver-dir | --timeout | \
		--from-env | --name | --output | --fingerprint | --label | --unset | --unset-label | --env | --env-all | --file | \
		--since | --last) return 0 ;;
	esac
	return 1
}

_touchvault_ask() {
	command touchvault ${vault:+"--vault=$vault"} "$@" 2>/dev/null </dev/null
}

_touchvault_entries() {
	local name rest
	while read -r name rest; do
		echo "$name"
	done < <(_touchvault_ask list)
}

_touchvault_of_entry() { # entry, line of show: fields or labels
	local key rest part parts
	while read -r key rest; do
		[[ $key == "$2" && $rest != - ]] || continue
		IFS=, read -ra parts <<<"$rest"
		for part in "${parts[@]}"; do
			part=${part# }
			echo "${part%%=*}"
		done
	done < <(_touchvault_ask show "$1")
}

# Names may have spaces in them, and what follows may have any character but ": ".
_touchvault_named() { # token or host
	local key rest
	while read -r key rest; do
		[[ $key == "$1" && $rest == *': '* ]] && printf '%q\n' "${rest%: *}"
	done < <(_touchvault_ask status)
}

_touchvault_vaults() {
	local file
	for file in "${XDG_DATA_HOME:-$HOME/.local/share}"/touchvault/*.tv; do
		file=${file##*/}
		[[ $file == '*.tv' ]] || echo "${file%.tv}"
	done
}

# Candidates are whole words. bash replaces only what follows the last of its
# word breaks, so what comes before is cut off.
_touchvault_offer() { # what stands before each candidate, what after, candidates
	local i cut=0 before=$1 after=$2 candidate
	shift 2
	for ((i = 0; i < ${#word}; i++)); do
		[[ ${word:i:1} == [=:@] && $COMP_WORDBREAKS == *"${word:i:1}"* ]] && cut=$((i + 1))
	done
	for candidate; do
		candidate=$before$candidate$after
		[[ $candidate == "$word"* ]] && COMPREPLY+=("${candidate:cut}")
	done
}

_touchvault_offer_lines() { # before, after; candidates on standard input
	local lines
	mapfile -t lines
	_touchvault_offer "$1" "$2" "${lines[@]}"
}

_touchvault_files() { # what stands before the path in the word
	compopt -o filenames 2>/dev/null
	_touchvault_offer_lines "$1" '' < <(compgen -f -- "${word#"$1"}")
}

# VAR=NAME:FIELD
_touchvault_variable() { # what stands before it in the word
	local rest=${word#"$1"} named
	named=${rest#*=}
	if [[ $rest == *=*:* ]]; then
		named=${named%%:*}
		_touchvault_offer_lines "$1${rest%%=*}=$named:" '' < <(_touchvault_of_entry "$named" fields)
	elif [[ $rest == *=* ]]; then
		compopt -o nospace 2>/dev/null
		_touchvault_offer_lines "$1${rest%%=*}=" : < <(_touchvault_entries)
	fi
}

_touchvault_source() {
	case $word in
	*=@*) _touchvault_files "${word%%=@*}=@" ;;
	*=) _touchvault_offer "$word" '' - @ ;;
	esac
}

_touchvault_value() { # option, what stands before its value in the word
	case $1 in
	--vault)
		_touchvault_offer_lines "$2" '' < <(_touchvault_vaults)
		_touchvault_files "$2"
		;;
	--device | --new-device | --tpm | --from-env | --output | --driver | --driver-dir) _touchvault_files "$2" ;;
	--pin) _touchvault_offer "$2" '' if-set required never ;;
	--kind) _touchvault_offer "$2" '' auto tpm2 keyfile ;;
	--overdue) _touchvault_offer "$2" '' warn refuse ignore ;;
	--mode) _touchvault_offer "$2" '' overlap atomic delayed default ;;
	--field) _touchvault_source ;;
	--env | --file) _touchvault_variable "$2" ;;
	--env-all) _touchvault_offer_lines "$2" '' < <(_touchvault_entries) ;;
	--unset) _touchvault_offer_lines "$2" '' < <(_touchvault_of_entry "$entry" fields) ;;
	--unset-label) _touchvault_offer_lines "$2" '' < <(_touchvault_of_entry "$entry" labels) ;;
	esac
}

_touchvault_operand() {
	case $cmd:$operands in
	:* | help:0) _touchvault_offer '' '' "${_touchvault_commands[@]}" ;;
	edit:0 | get:0 | list:0 | show:0 | rename:0 | remove:0 | \
		schedule:0 | rotate:0 | snooze:0 | history:0)
		_touchvault_offer_lines '' '' < <(_touchvault_entries)
		;;
	log:0) _touchvault_offer '' '' verify ;;
	token:0) _touchvault_offer '' '' list add remove rename test refresh info set-pin change-pin program ;;
	udev:0) _touchvault_offer '' '' check install remove show ;;
	token:1)
		[[ $entry == @(remove|rename|test|refresh) ]] &&
			_touchvault_offer_lines '' '' < <(_touchvault_named token)
		;;
	reminders:0) _touchvault_offer '' '' install status remove run test ;;
	host:0) _touchvault_offer '' '' show request approve list revoke rename label rekey ;;
	host:1)
		[[ $entry == @(revoke|rename|label) ]] &&
			_touchvault_offer_lines '' '' < <(_touchvault_named host)
		[[ $entry == approve ]] && _touchvault_files ''
		;;
	recovery:0) _touchvault_offer '' '' create use remove ;;
	get:1) _touchvault_offer_lines '' '' < <(_touchvault_of_entry "$entry" fields) ;;
	esac
}

# The command that run runs is completed as if it stood alone.
_touchvault_child() {
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -- ]] && break
	done
	if ((i >= COMP_CWORD)); then
		_touchvault_files ''
	elif declare -F _command_offset >/dev/null; then
		_command_offset $((i + 1))
	elif ((i + 1 == COMP_CWORD)); then
		mapfile -t COMPREPLY < <(compgen -c -- "$word")
	else
		_touchvault_files ''
	fi
}

# What the words before the cursor say: the variables of _touchvault.
_touchvault_parse() { # words
	local w option=
	for w; do
		if [[ -n $option ]]; then
			[[ $option == --vault ]] && vault=$w
			option=
		elif [[ -n $ended || $w != -?* ]]; then
			[[ -z $cmd ]] && cmd=$w && continue
			((operands++ == 0)) && entry=$w
			[[ $cmd == run ]] && ended=yes
		elif [[ $w == -- ]]; then
			ended=yes
		elif [[ $w == --vault=* ]]; then
			vault=${w#*=}
		elif _touchvault_takes_value "$w"; then
			option=$w
		fi
	done
	pending=$option
}

_touchvault() {
	local line=${COMP_LINE:0:COMP_POINT} options words word cmd= entry= vault= pending= ended=
	local operands=0
	COMPREPLY=()
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=('')
	word=${words[-1]}
	_touchvault_parse "${words[@]:1:${#words[@]}-2}"
	if [[ $cmd == run && -n $ended ]]; then
		_touchvault_child
	elif [[ -n $pending ]]; then
		_touchvault_value "$pending" ''
	elif [[ -z $ended && $word == --*=* ]]; then
		_touchvault_value "${word%%=*}" "${word%%=*}="
	elif [[ -z $ended && $word == -* ]]; then
		_touchvault_options "$cmd"
		_touchvault_offer '' '' "${options[@]}"
	else
		_touchvault_operand
	fi
} && complete -F _touchvault touchvault
