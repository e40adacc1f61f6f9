# SPDX-License-Identifier: BSD-2-Clause
# fish completion for touchvault(1). Names come from list, show and status, which
# need no touch.

set -g __touchvault_commands init add edit get run list show rename remove due schedule policy rotate reminders snooze history token host recovery status log doctor udev help version

# The command, then the operands, on the line before the cursor.
function __touchvault_operands
	set -l takes_value --vault --device --new-device --pin --token-name --host-name --kind --tpm --field --from-env \
		--name --output --fingerprint --label --unset --unset-label --env --env-all --file --since --last \
		--within --every --lead --grace --mode --expires --now --max-age \
		--works-from --verify --reason --driver --driver-dir --timeout
	set -l skip no
	for word in (commandline -opc)[2..-1]
		if test $skip = yes
			set skip no
		else if contains -- $word $takes_value
			set skip yes
		else if not string match -q -- '-?*' $word
			echo $word
		end
	end
end

function __touchvault_ask
	set -l words (commandline -opc)
	set -l vault
	for i in (seq (count $words))
		if test "$words[$i]" = --vault
			set vault --vault $words[(math $i + 1)]
		else if string match -q -- '--vault=*' $words[$i]
			set vault $words[$i]
		end
	end
	command touchvault $vault $argv 2>/dev/null </dev/null
end

# True if the command is that, and so many operands follow it.
function __touchvault_at -a command count
	set -l operands (__touchvault_operands)
	test "$operands[1]" = "$command"; or return
	test -z "$count"; or test (count $operands) -eq (math $count + 1)
end

function __touchvault_entries
	__touchvault_ask list | string replace -r ' .*' ''
end

function __touchvault_of_entry -a entry line
	__touchvault_ask show $entry | string replace -rf "^$line +" '' | string split ', ' |
		string replace -r '=.*' '' | string match -v -- -
end

function __touchvault_second
	set -l operands (__touchvault_operands)
	__touchvault_of_entry "$operands[2]" $argv
end

# True if the name of a token which is there comes next.
function __touchvault_at_token
	set -l operands (__touchvault_operands)
	__touchvault_at token 1; and contains -- $operands[2] remove rename test refresh
end

function __touchvault_tokens
	__touchvault_ask status | string replace -rf '^token +(.*): .*' '$1'
end

# True if the name of a host which is there comes next.
function __touchvault_at_host
	set -l operands (__touchvault_operands)
	__touchvault_at host 1; and contains -- $operands[2] revoke rename label
end

function __touchvault_hosts
	__touchvault_ask status | string replace -rf '^host +(.*): .*' '$1'
end

# VAR=NAME:FIELD
function __touchvault_variable
	set -l word (string replace -r '^--[a-z-]+=(?=.*=)' '' -- (commandline -ct))
	set -l parts (string match -r '^([^=]*)=([^:]*)(:?)' -- $word); or return
	if test -n "$parts[4]"
		string replace -r '^' -- "$parts[2]=$parts[3]:" (__touchvault_of_entry $parts[3] fields)
	else
		string replace -r '(.+)' -- "$parts[2]=\$1:" (__touchvault_entries)
	end
end

# NAME=- or NAME=@FILE
function __touchvault_source
	set -l word (string replace -r '^--field=(?=.*=)' '' -- (commandline -ct))
	set -l before (string match -r '^[^=]*=@?' -- $word); or return
	if string match -q '*@' -- $before
		string replace -r '^' -- $before (__fish_complete_path (string replace -- $before '' $word))
	else
		printf '%s\n' $before- $before@
	end
end

# The command that run runs is completed as if it stood alone.
function __touchvault_child
	set -l words (commandline -opc)
	set -l at (contains -i -- -- $words); or return
	complete -C (string join ' ' -- (string escape -- $words[(math $at + 1)..-1]) (commandline -ct))
end

function __touchvault_vaults
	set -l data ~/.local/share
	test -n "$XDG_DATA_HOME"; and set data $XDG_DATA_HOME
	for file in $data/touchvault/*.tv
		string replace -r '.*/(.*)\.tv$' '$1' $file
	end
end

complete -c touchvault -f
complete -c touchvault -l vault -r -a '(__touchvault_vaults)' -d 'the vault'
complete -c touchvault -l device -r -F -d 'the device of the token'
complete -c touchvault -l json -d 'print JSON, errors too'
complete -c touchvault -l accept-rollback -d 'take a vault that is older than the last one seen, or replaced, or a damaged state'
complete -c touchvault -l accept-clock -d 'the clock is right, though the vault or this host has seen a later time'
complete -c touchvault -l accept-signer -x -d 'take a vault that was signed by this host, which nobody here vouches for'
complete -c touchvault -s h -l help -d 'say how a command is used'
complete -c touchvault -l version -d 'print the version'
complete -c touchvault -n '__touchvault_at ""' -a init -d 'make a vault'
complete -c touchvault -n '__touchvault_at ""' -a add -d 'add an entry'
complete -c touchvault -n '__touchvault_at ""' -a edit -d 'change fields and labels of an entry'
complete -c touchvault -n '__touchvault_at ""' -a get -d 'print a secret'
complete -c touchvault -n '__touchvault_at ""' -a run -d 'run a command with secrets'
complete -c touchvault -n '__touchvault_at ""' -a list -d 'list entries'
complete -c touchvault -n '__touchvault_at ""' -a show -d 'show all of an entry but its secrets'
complete -c touchvault -n '__touchvault_at ""' -a rename -d 'rename an entry'
complete -c touchvault -n '__touchvault_at ""' -a remove -d 'remove an entry'
complete -c touchvault -n '__touchvault_at ""' -a due -d 'what is to be rotated'
complete -c touchvault -n '__touchvault_at ""' -a schedule -d 'when entries are to be rotated'
complete -c touchvault -n '__touchvault_at ""' -a policy -d 'defaults and bounds of all schedules'
complete -c touchvault -n '__touchvault_at ""' -a rotate -d 'replace a credential step by step'
complete -c touchvault -n '__touchvault_at ""' -a reminders -d 'have yourself reminded of what is due'
complete -c touchvault -n '__touchvault_at ""' -a snooze -d 'leave an entry out for a while'
complete -c touchvault -n '__touchvault_at ""' -a history -d 'the rotations of an entry'
complete -c touchvault -n '__touchvault_at ""' -a token -d 'list, add, remove and test tokens'
complete -c touchvault -n '__touchvault_at ""' -a host -d 'approve, list and revoke hosts'
complete -c touchvault -n '__touchvault_at ""' -a recovery -d 'create, use and remove the recovery sheet'
complete -c touchvault -n '__touchvault_at ""' -a status -d 'show the vault, its tokens and hosts'
complete -c touchvault -n '__touchvault_at ""' -a log -d 'show or prove the audit log'
complete -c touchvault -n '__touchvault_at ""' -a doctor -d 'look for what else can be wrong'
complete -c touchvault -n '__touchvault_at ""' -a udev -d 'who may open the tokens, and udev rules'
complete -c touchvault -n '__touchvault_at ""' -a help -d 'say how a command is used'
complete -c touchvault -n '__touchvault_at ""' -a version -d 'print versions'

complete -c touchvault -n '__touchvault_at init' -l pin -x -a 'if-set required never' -d 'whether the token asks for its PIN'
complete -c touchvault -n '__touchvault_at init' -l token-name -x -d 'what the token is called'
complete -c touchvault -n '__touchvault_at init' -l host-name -x -d 'what this host is called'
complete -c touchvault -n '__touchvault_at init' -l kind -x -a 'auto tpm2 keyfile' -d 'what keeps the key of this host'
complete -c touchvault -n '__touchvault_at init' -l tpm -r -F -d 'the device or socket of the TPM'
complete -c touchvault -n '__touchvault_at init' -l allow-no-touch -d 'take a token that answers without a touch'
complete -c touchvault -n '__touchvault_at init' -l no-passphrase -d 'touch alone, of the HMAC slot of a YubiKey'
complete -c touchvault -n '__touchvault_at token' -l new-device -r -F -d 'the device of the new token'
complete -c touchvault -n '__touchvault_at token' -l pin -x -a 'if-set required never' -d 'whether it asks for its PIN'
complete -c touchvault -n '__touchvault_at token' -l allow-no-touch -d 'take a token that answers without a touch'
complete -c touchvault -n '__touchvault_at token' -l no-passphrase -d 'touch alone, of the HMAC slot of a YubiKey'
complete -c touchvault -n '__touchvault_at token 0' -a list -d 'the tokens of the vault, and what is plugged in'
complete -c touchvault -n '__touchvault_at token 0' -a add -d 'enrol another token'
complete -c touchvault -n '__touchvault_at token 0' -a remove -d 'leave a token out, and mark all entries ROTATE NOW'
complete -c touchvault -n '__touchvault_at token 0' -a rename -d 'call a token otherwise'
complete -c touchvault -n '__touchvault_at token 0' -a test -d 'open the vault with that token, and keep the date'
complete -c touchvault -n '__touchvault_at token 0' -a refresh -d 'enrol a token again, with its PIN or without'
complete -c touchvault -n '__touchvault_at token 0' -a info -d 'what a token tells of itself; needs no vault'
complete -c touchvault -n '__touchvault_at token 0' -a set-pin -d 'give a token its first PIN; needs no vault'
complete -c touchvault -n '__touchvault_at token 0' -a change-pin -d 'give a token another PIN; needs no vault'
complete -c touchvault -n '__touchvault_at token 0' -a program -d 'write a new HMAC key into slot 2 of a YubiKey; needs no vault'
complete -c touchvault -n '__touchvault_at udev' -l lock-screen -d 'lock screens when a token is unplugged, too'
complete -c touchvault -n '__touchvault_at udev 0' -a check -d 'who may open the tokens, and what mends it'
complete -c touchvault -n '__touchvault_at udev 0' -a install -d 'install the udev rules'
complete -c touchvault -n '__touchvault_at udev 0' -a remove -d 'remove the udev rules'
complete -c touchvault -n '__touchvault_at udev 0' -a show -d 'print the udev rules'
complete -c touchvault -n '__touchvault_at_token' -a '(__touchvault_tokens)'
complete -c touchvault -n '__touchvault_at due' -l within -x -d 'all with a date that is not further away'
complete -c touchvault -n '__touchvault_at due' -l check -d 'tell by the exit status'
complete -c touchvault -n '__touchvault_at due' -l ics -d 'print a calendar file'
complete -c touchvault -n '__touchvault_at schedule' -l every -x -d 'how often to rotate it'
complete -c touchvault -n '__touchvault_at schedule' -l lead -x -d 'how long before that it is told'
complete -c touchvault -n '__touchvault_at schedule' -l grace -x -d 'how long it may be due'
complete -c touchvault -n '__touchvault_at schedule' -l mode -x -a 'overlap atomic delayed default' -d 'how the broker takes old and new'
complete -c touchvault -n '__touchvault_at schedule' -l expires -x -d 'when the broker ends it'
complete -c touchvault -n '__touchvault_at schedule' -l now -x -d 'rotate it now, and why'
complete -c touchvault -n '__touchvault_at schedule' -l all -d 'of every entry'
complete -c touchvault -n '__touchvault_at schedule' -l default -d 'of the vault'
complete -c touchvault -n '__touchvault_at policy' -l every -x -d 'how often to rotate a key'
complete -c touchvault -n '__touchvault_at policy' -l lead -x -d 'how long before that it is told'
complete -c touchvault -n '__touchvault_at policy' -l grace -x -d 'how long it may be due'
complete -c touchvault -n '__touchvault_at policy' -l mode -x -a 'overlap atomic delayed' -d 'how the broker takes old and new'
complete -c touchvault -n '__touchvault_at policy' -l max-age -x -d 'how old a key may become'
complete -c touchvault -n '__touchvault_at policy' -l overdue -x -a 'warn refuse ignore' -d 'what get and run do with an overdue entry'
complete -c touchvault -n '__touchvault_at policy' -l strict -d 'refuse an overdue entry'
complete -c touchvault -n '__touchvault_at reminders 0' -a install -d 'be reminded of what is due, every day'
complete -c touchvault -n '__touchvault_at reminders 0' -a status -d 'who calls it, and what became of the last run'
complete -c touchvault -n '__touchvault_at reminders 0' -a remove -d 'be reminded no more'
complete -c touchvault -n '__touchvault_at reminders 0' -a run -d 'tell what there is to tell today'
complete -c touchvault -n '__touchvault_at reminders 0' -a test -d 'send a reminder through every channel'
complete -c touchvault -n '__touchvault_at reminders' -l timeout -x -d 'how long a hook may take'
complete -c touchvault -n '__touchvault_at reminders' -l no-hooks -d 'run no hooks'
complete -c touchvault -n '__touchvault_at host' -l name -x -d 'what the host is called'
complete -c touchvault -n '__touchvault_at host' -l label -x -d 'what it is for'
complete -c touchvault -n '__touchvault_at host' -l fingerprint -x -d 'what the new host shows'
complete -c touchvault -n '__touchvault_at host' -l kind -x -a 'auto tpm2 keyfile' -d 'what keeps a new key of this host'
complete -c touchvault -n '__touchvault_at host' -l tpm -r -F -d 'the device or socket of the TPM'
complete -c touchvault -n '__touchvault_at host' -l drop-old-key -d 'even if another vault may need it'
complete -c touchvault -n '__touchvault_at host 0' -a show -d 'this host, its fingerprint, and its vaults'
complete -c touchvault -n '__touchvault_at host 0' -a request -d 'print the line that asks for approval of this host'
complete -c touchvault -n '__touchvault_at host 0' -a approve -d 'let another host in, by request and fingerprint'
complete -c touchvault -n '__touchvault_at host 0' -a list -d 'the hosts of the vault'
complete -c touchvault -n '__touchvault_at host 0' -a revoke -d 'leave a host out, and mark all entries ROTATE NOW'
complete -c touchvault -n '__touchvault_at host 0' -a rename -d 'call a host otherwise'
complete -c touchvault -n '__touchvault_at host 0' -a label -d 'say what a host is for'
complete -c touchvault -n '__touchvault_at host 0' -a rekey -d 'make a new key for this host'
complete -c touchvault -n '__touchvault_at_host' -a '(__touchvault_hosts)'
complete -c touchvault -n '__touchvault_at log 0' -a verify -d 'prove it, by a touch'
complete -c touchvault -n '__touchvault_at log' -l since -x -d 'from then on: 2026-11-24, or 2026-11-24T08:00:00Z'
complete -c touchvault -n '__touchvault_at log' -l last -x -d 'so many, the newest'
complete -c touchvault -n '__touchvault_at recovery' -l output -r -F -d 'write a page, .pdf or .svg'
complete -c touchvault -n '__touchvault_at recovery' -l replace -d 'in the place of the sheet that is there'
complete -c touchvault -n '__touchvault_at recovery' -l name -x -d 'what this host is called'
complete -c touchvault -n '__touchvault_at recovery' -l kind -x -a 'auto tpm2 keyfile' -d 'what keeps the key of this host'
complete -c touchvault -n '__touchvault_at recovery' -l tpm -r -F -d 'the device or socket of the TPM'
complete -c touchvault -n '__touchvault_at recovery 0' -a create -d 'make a recovery sheet'
complete -c touchvault -n '__touchvault_at recovery 0' -a use -d 'let this host in by the recovery sheet'
complete -c touchvault -n '__touchvault_at recovery 0' -a remove -d 'make the recovery sheet worthless'
complete -c touchvault -n '__touchvault_at get' -l show -d 'print it even if standard output is a terminal'
complete -c touchvault -n '__touchvault_at edit' -l unset -x -a '(__touchvault_second fields)' -d 'drop a field'
complete -c touchvault -n '__touchvault_at edit' -l unset-label -x -a '(__touchvault_second labels)' -d 'drop a label'
complete -c touchvault -n '__touchvault_at run' -l env -x -a '(__touchvault_variable)' -d 'a field in a variable'
complete -c touchvault -n '__touchvault_at run' -l env-all -x -a '(__touchvault_entries)' -d 'all fields of an entry'
complete -c touchvault -n '__touchvault_at run' -l file -x -a '(__touchvault_variable)' -d 'a field in a file in memory'
complete -c touchvault -n '__touchvault_at run' -l pristine -d 'give the command these variables and no other'
for command in get run
	complete -c touchvault -n "__touchvault_at $command" -l overdue -d 'even if the policy refuses it'
	complete -c touchvault -n "__touchvault_at $command" -l staged -d 'the new one that is not yet promoted'
	complete -c touchvault -n "__touchvault_at $command" -l previous -d 'the old one that is kept'
end
complete -c touchvault -n '__touchvault_at rotate' -l status -d 'say where it is'
complete -c touchvault -n '__touchvault_at rotate' -l stage -d 'put a new credential beside the current one'
complete -c touchvault -n '__touchvault_at rotate' -l replace -d 'in place of the one that is staged'
complete -c touchvault -n '__touchvault_at rotate' -l field -x -a '(__touchvault_source)' -d 'a field: NAME=- or NAME=@FILE'
complete -c touchvault -n '__touchvault_at rotate' -l from-json -d 'fields from a JSON object'
complete -c touchvault -n '__touchvault_at rotate' -l from-env -r -F -d 'fields from a .env file'
complete -c touchvault -n '__touchvault_at rotate' -l expires -x -d 'when the broker ends the new one'
complete -c touchvault -n '__touchvault_at rotate' -l works-from -x -d 'when the broker begins to take it'
complete -c touchvault -n '__touchvault_at rotate' -l verify -x -d 'a command that tries the staged one'
complete -c touchvault -n '__touchvault_at rotate' -l promote -d 'use the staged one from now on'
complete -c touchvault -n '__touchvault_at rotate' -l rollback -d 'use the old one again'
complete -c touchvault -n '__touchvault_at rotate' -l revoked -d 'the broker has revoked the old one'
complete -c touchvault -n '__touchvault_at rotate' -l retire -d 'wipe the old one'
complete -c touchvault -n '__touchvault_at rotate' -l abort -d 'drop the staged one'
complete -c touchvault -n '__touchvault_at rotate' -l reason -x -d 'why'
complete -c touchvault -n '__touchvault_at rotate' -l driver -r -F -d 'let this program do it'
complete -c touchvault -n '__touchvault_at rotate' -l due -d 'all that are due'
complete -c touchvault -n '__touchvault_at rotate' -l driver-dir -r -F -d 'where the drivers are'
complete -c touchvault -n '__touchvault_at rotate' -l timeout -x -d 'how long a driver may take'
for command in add edit
	complete -c touchvault -n "__touchvault_at $command" -l field -x -a '(__touchvault_source)' -d 'a field: NAME=- or NAME=@FILE'
	complete -c touchvault -n "__touchvault_at $command" -l from-json -d 'fields from a JSON object'
	complete -c touchvault -n "__touchvault_at $command" -l from-env -r -F -d 'fields from a .env file'
	complete -c touchvault -n "__touchvault_at $command" -l label -x -d 'a label: KEY=VALUE'
end
for command in edit get list show rename remove schedule rotate snooze history
	complete -c touchvault -n "__touchvault_at $command 0" -a '(__touchvault_entries)'
end
complete -c touchvault -n '__touchvault_at get 1' -a '(__touchvault_second fields)'
complete -c touchvault -n '__touchvault_at help 0' -a '$__touchvault_commands'
complete -c touchvault -n '__touchvault_at run' -a '(__touchvault_child)'
