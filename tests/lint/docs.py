# SPDX-License-Identifier: BSD-2-Clause
"""Documentation is checked like code.

    docs.py SOURCE_DIR TOUCHVAULT

The program's own help says which commands, options and exit statuses there
are. The manual, the completions and, for exit statuses, README.md must have
all of them and no others. FORMAT.md's limits must equal the macros."""
import os
import re
import shutil
import subprocess
import sys

SOURCE, TOUCHVAULT = sys.argv[1:3]
wrong = []


def complain(where, what):
    wrong.append(f"{where}: {what}")


def read(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8") as f:
        return f.read()


def compare(where, what, wanted, found):
    for name in sorted(set(wanted) - set(found)):
        complain(where, f"lacks {what}{name}")
    for name in sorted(set(found) - set(wanted)):
        complain(where, f"has {what}{name}, which the program doesn't")


# ---- What the program says of itself.

def help_text(*command):
    """Each row on one line, those too that have their text on a line of its own."""
    env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
    said = subprocess.run([TOUCHVAULT, "help", *command], env=env, check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    return re.sub(r"\n {20,}", " ", said)


def help_part(text, title):
    match = re.search(rf"^{title}:\n((?:  .*\n)+)", text, re.M)
    return match.group(1) if match else ""


def help_options(text, title):
    """Name to (value or None, whether it repeats)."""
    rows = re.findall(r"^  --([a-z][a-z-]*)(?: (\S+))? +(.*)$", help_part(text, title), re.M)
    return {name: (value or None, help.endswith("(may be repeated)")) for name, value, help in rows}


class Program:
    def __init__(self):
        text = help_text()
        rows = re.findall(r"^  ([a-z][a-z -]*?)  +\S", help_part(text, "commands"), re.M)
        self.globals = help_options(text, "global options")
        texts = {name: help_text(name) for name in rows}
        self.options = {name: help_options(text, "options") for name, text in texts.items()}
        # Verb to what is said of it.
        self.verbs = {name: dict(re.findall(r"^  (\S+)(?: \S+)*?  +(\S.*)$", help_part(text, "verbs"), re.M))
                      for name, text in texts.items()}
        statuses = re.findall(r"^ +(\d+)  (.+)$", help_part(text, "exit statuses"), re.M)
        self.statuses = {int(n): meaning for n, meaning in statuses}
        # A changed layout of help must not pass as a program without options.
        if min(len(self.options), len(self.globals), len(self.statuses)) < 5 or \
                not any(self.options.values()) or sum(map(len, self.verbs.values())) < 20:
            sys.exit("docs: the output of \"touchvault help\" is not what is expected here")

    def status_codes(self):
        numbers = dict(re.findall(r"(STATUS_\w+) = (\d+)", read("cli/exit_status.h")))
        rows = re.findall(r'\{ (STATUS_\w+), "([\w-]+)",', read("cli/exit_status.c"))
        return {int(numbers[name]): code for name, code in rows}


# ---- The manual.

def plain(mdoc):
    """What a line of mdoc reads, near enough to look for words in it."""
    text = re.sub(r"\\&|\\\)|^\.\S+ ", "", mdoc.replace("\\-", "-"), flags=re.M)
    return " ".join(text.split())


def split_at(text, macro):
    """Title to body, for each line that begins with macro."""
    parts = re.split(rf"^\.{macro} (.*)\n", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def item_options(body):
    """Name to the rest of its .It line, a text without macros."""
    rows = re.findall(r"^\.It Fl -([a-z][a-z-]*)(?: (.*))?$", body, re.M)
    return {name: re.sub(r" (?=[:=]|$)", "", re.sub(r"\b(Ar|Cm|Fl|Ns|Li) ?", "", rest))
            for name, rest in rows}


def letters(text):
    return re.sub(r"[^A-Za-z@=:-]", "", text or "")


def check_values(where, options, items):
    for name, (value, repeats) in options.items():
        if name in items and name != "help" and letters(value) != letters(items[name]):
            complain(where, f"--{name} takes {value or 'no value'}, not {items[name] or 'none'}")


def check_synopsis(program, synopsis):
    forms = {}
    for form in re.split(r"^\.Nm\n", synopsis, flags=re.M)[1:]:
        command = re.search(r"^\.Cm (.+)$", form, re.M)
        if command:
            forms[command.group(1)] = form
    compare("touchvault.1 SYNOPSIS", "the command ", program.options, forms)
    for name, options in program.options.items():
        where = f"touchvault.1 SYNOPSIS, {name}"
        form = forms.get(name, "")
        found = dict(re.findall(r"Fl -([a-z][a-z-]*)\b(.*)$", form, re.M))
        compare(where, "the option --", options, set(found) - set(program.globals))
        for option, (_, repeats) in options.items():
            if option in found and repeats != found[option].endswith("..."):
                complain(where, f"--{option} {'may' if repeats else 'may not'} be repeated")


def check_manual(program):
    sections = split_at(read("cli/man/touchvault.1"), "Sh")
    check_synopsis(program, sections["SYNOPSIS"])
    items = item_options(sections["GLOBAL OPTIONS"])
    compare("touchvault.1", "the global option --", program.globals, items)
    check_values("touchvault.1", program.globals, items)
    commands = split_at(sections["COMMANDS"], "Ss")
    compare("touchvault.1", "the command ", program.options, commands)
    for name, options in program.options.items():
        items = item_options(commands.get(name, ""))
        compare(f"touchvault.1, {name}", "the option --", options, items)
        check_values(f"touchvault.1, {name}", options, items)
        if program.verbs[name]:
            verbs = re.findall(r"^\.It Cm (\S+)", commands.get(name, ""), re.M)
            compare(f"touchvault.1, {name}", "the verb ", program.verbs[name], verbs)
    rows = split_at(sections["EXIT STATUS"].partition(".El")[0], "It")
    codes = program.status_codes()
    check_statuses("touchvault.1", {n: f"({codes.get(n)}) {m}" for n, m in program.statuses.items()},
                   {int(n): re.sub(r"^(\S+)", r"(\1)", plain(body)) for n, body in rows.items()
                    if n.isdigit()})


def check_statuses(where, wanted, found):
    compare(where, "the exit status ", map(str, wanted), map(str, found))
    for n in set(wanted) & set(found):
        if wanted[n] != found[n]:
            complain(where, f"exit status {n} is \"{wanted[n]}\", not \"{found[n]}\"")


def check_mdoc():
    if shutil.which("mandoc") is None:
        print("docs: there is no mandoc, so the form of the manual is not checked")
        return
    for page in ("touchvault.1", "touchvault-driver.7", "touchvault-hosts.7",
                 "touchvault-tokens.7", "touchvault-token.8"):
        path = os.path.join(SOURCE, "cli/man", page)
        said = subprocess.run(["mandoc", "-Tlint", "-Wwarning", path], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        wrong.extend(said.splitlines())


def check_readme(program):
    """Its table has several statuses in a row: number, meaning, number, meaning."""
    cells = re.findall(r"\| *(\d+) *\| *([^|\n]*[^|\s])(?= *\|)", read("README.md"))
    check_statuses("README.md", program.statuses, {int(n): m.replace("`", "") for n, m in cells})


# ---- The completions: each as a command (or "" for none) to its options.

BASH = r"""
. "$1"
for command in "" "${@:2}"; do
	COMP_LINE="touchvault $command${command:+ }--" COMP_POINT=${#COMP_LINE} COMP_WORDBREAKS=' '
	COMP_POINT=${#COMP_LINE}
	_touchvault
	echo "$command:${COMPREPLY[*]}"
done
COMP_LINE="touchvault " COMP_POINT=11
_touchvault
echo "=${COMPREPLY[*]}"
"""


def bash_completion(program):
    """bash is everywhere, so its completion is asked, not read."""
    path = os.path.join(SOURCE, "cli/completions/touchvault.bash")
    said = subprocess.run(["bash", "--norc", "-c", BASH, "bash", path, *program.options], text=True,
                          check=True, stdout=subprocess.PIPE).stdout
    found = {command: set(options.replace("--", "").split())
             for command, options in re.findall(r"^([a-z -]*):(.*)$", said, re.M)}
    return set(re.search(r"^=(.*)$", said, re.M).group(1).split()), found


def zsh_completion(program):
    text = read("cli/completions/_touchvault")
    commands = set(re.findall(r"^\t\t'([a-z ]+):", text, re.M))
    option = r"--([a-z][a-z-]+)(?==?\[|\})"
    lists = {name: set(re.findall(option, body)) for name, body in
             re.findall(r"local -a (?:vault )?(globals|fields)=\(\n(.*?)^\t\)", text, re.M | re.S)}
    found = {"": lists["globals"]}
    for names, body in re.findall(r"^\t([a-z |*]+)\)\n(.*?);;", text, re.M | re.S):
        options = set(re.findall(option, body))
        for name in re.findall(r"\$(globals|fields)", body):
            options |= lists[name]
        for command in names.split(" | "):
            found[command] = options
    return commands, {c: found.get(c, found["*"]) for c in ["", *program.options]}


def fish_completion(program):
    text = read("cli/completions/touchvault.fish")
    commands = set(re.findall(r"""-n '__touchvault_at ""' -a ([a-z]+)""", text))
    every = set(re.findall(r"^complete -c touchvault(?: -s h)? -l ([a-z-]+)", text, re.M))
    found = {c: set(every) for c in ["", *program.options]}
    for command, option in re.findall(r"-n '__touchvault_at (\w+)' -l ([a-z-]+)", text):
        found.setdefault(command, set()).add(option)
    for names, body in re.findall(r"^for command in (.*)\n((?:\t.*\n)+)end", text, re.M):
        for command in names.split():
            found.setdefault(command, set()).update(re.findall(r" -l ([a-z-]+)", body))
    return commands, found


def check_completed_verbs(program):
    """What is said of a verb is what the program says, but in bash, which says nothing."""
    bash, zsh, fish = (read(f"cli/completions/{name}") for name in
                       ("touchvault.bash", "_touchvault", "touchvault.fish"))
    for name, verbs in program.verbs.items():
        if not verbs:
            continue
        offered = re.search(rf"^\t{name}:0\) _touchvault_offer '' '' (.*) ;;$", bash, re.M)
        compare(f"bash completion, {name}", "the verb ", verbs, offered.group(1).split() if offered else [])
        part = re.search(rf"^\t{name}\)\n.*?'1:verb:\(\((.*?)\)\)'", zsh, re.M | re.S)
        found = dict(re.findall(r'(\S+)\\:"([^"]*)"', part.group(1))) if part else {}
        compare(f"zsh completion, {name}", "the verb ", verbs.items(), found.items())
        found = dict(re.findall(rf"-n '__touchvault_at {name} 0' -a (\S+) -d '([^']*)'", fish))
        compare(f"fish completion, {name}", "the verb ", verbs.items(), found.items())


def check_completions(program):
    check_completed_verbs(program)
    for shell, ask in (("bash", bash_completion), ("zsh", zsh_completion), ("fish", fish_completion)):
        commands, found = ask(program)
        compare(f"{shell} completion", "the command ", program.options, commands)
        compare(f"{shell} completion", "the global option --", program.globals, found[""])
        for name, options in program.options.items():
            compare(f"{shell} completion, {name}", "the option --", {**options, **program.globals},
                    found.get(name, set()))


# ---- FORMAT.md and the headers: a pattern whose groups are macros' values.

NUMBER = r"(\d[\d,]*(?:\^\d+)?)"
LIMITS = (
    (r"\| header \| #", ["HEADER_LEN"]),
    (r"\| tag \| #", ["TAG_LEN"]),
    (r"\| signature \| #", ["SIGNATURE_LEN"]),
    (r"\| sum \| #", ["SUM_LEN"]),
    (r"\| version, #", ["HEADER_VERSION"]),
    (r"number of token slots, 1 to #", ["VAULT_TOKEN_SLOTS_MAX"]),
    (r"number of host slots, 1 to #", ["VAULT_HOST_SLOTS_MAX"]),
    (r"\| 24 \| # \| `vault_id`", ["VAULT_ID_LEN"]),
    (r"\| 40 \| # \| `vault_salt`", ["VAULT_SALT_LEN"]),
    (r"`host_slots_len`, # times", ["HOST_SLOT_LEN"]),
    (r"`index_len`, # to #", ["AEAD_OVERHEAD", "INDEX_MAX"]),
    (r"`entries_len`, at most #", ["ENTRIES_LEN_MAX"]),
    (r"\| # \| `host_id` of", ["HOST_ID_LEN"]),
    (r"\| # \| `slot_id`", ["SLOT_ID_LEN"]),
    (r"flags: # user verification, # passphrase", ["SLOT_FLAG_UV", "SLOT_FLAG_PASSPHRASE"]),
    (r"credential id: 1 to # for", ["VAULT_CREDENTIAL_ID_MAX"]),
    (r"argon2id operations, 1 to #", ["SLOT_PW_OPS_MAX"]),
    (r"argon2id memory in KiB, 8 to #", ["SLOT_PW_MEM_KIB_MAX"]),
    (r"\| # \| argon2id salt", ["SLOT_PW_SALT_LEN"]),
    (r"\| # \| commitment \|", ["SLOT_COMMITMENT_LEN"]),
    (r"\| # \| wrapped", ["SLOT_WRAPPED_LEN"]),
    (r"\| # \| `sealed_A`", ["SEALED_SHARE_LEN"]),
    (r"`host_id\[#\] ‖ sealed_B\[#\]`", ["HOST_ID_LEN", "SEALED_SHARE_LEN"]),
    (r"none, header ‖ token slots ‖ host slots ‖ index\) -> #", ["DIGEST_LEN"]),
    (r"multiple of #\.\n\n```", ["INDEX_PAD"]),
    (r"tokens: \[1\*# token\], hosts: \[1\*# host\], entries: \[0\*# entry\],",
     ["VAULT_TOKEN_SLOTS_MAX", "VAULT_HOST_SLOTS_MAX", "VAULT_ENTRIES_MAX"]),
    (r"public_key: bstr \.size #", ["VAULT_PUBLIC_KEY_LEN"]),
    (r"aaguid: bstr \.size #", ["VAULT_AAGUID_LEN"]),
    (r"entry_id: bstr \.size #", ["ENTRY_ID_LEN"]),
    (r"record_hash: bstr \.size #", ["ENTRY_HASH_LEN"]),
    (r"fields: \[1\*# tstr\], labels: \{ 0\*# ", ["VAULT_FIELDS_MAX", "VAULT_LABELS_MAX"]),
    (r"text64 = tstr \.size \(0\.\.#\)", ["VAULT_HUMAN_NAME_MAX"]),
    (r"text128 = tstr \.size \(0\.\.#\)", ["VAULT_PRODUCT_MAX"]),
    (r"Entries: 1 to # of", ["VAULT_NAME_MAX"]),
    (r"Fields and label keys: 1 to # of", ["VAULT_FIELD_NAME_MAX"]),
    (r"Fields and label keys: 1 to # of", ["VAULT_LABEL_KEY_MAX"]),
    (r"Label values \(at most # bytes\)", ["VAULT_LABEL_VALUE_MAX"]),
    (r"fields = \{ 0\*# tstr", ["VAULT_FIELDS_MAX"]),
    (r"to a multiple of #\. It takes at most # bytes", ["ENTRY_PAD", "VAULT_ENTRY_MAX"]),
    (r"history: \[0\*# event\]", ["VAULT_HISTORY_MAX"]),
    (r"years up to #\. Nothing", ["PERIOD_YEARS_MAX"]),
    (r"A file of kind 1 has # bytes, one of kind 2 has # and", ["HOST_KEYFILE_LEN", "HOST_TPM2_FIXED_LEN"]),
    (r"flags: # bound to a machine id; # virtual", ["HOST_FLAG_BOUND", "HOST_FLAG_VIRTUAL"]),
    (r"\| # \| `salt`, random", ["HOST_SALT_LEN"]),
    (r"\| # \| kind 2: `unique`", ["TPM_DIGEST_LEN"]),
    (r"length of the path, 1 to #", ["TPM_PATH_MAX"]),
    (r"length of the private part, 1 to #", ["TPM_PRIVATE_MAX"]),
    (r"AEAD of `seed\[#\]`", ["HOST_SEED_LEN"]),
    (r"binding\[#\]", ["HOST_BINDING_LEN"]),
    (r"length n of the name: 1 to #", ["VAULT_HUMAN_NAME_MAX"]),
    (r"flags: # bound to a machine id", ["REQUEST_FLAG_BOUND"]),
    (r"is the first # bytes of", ["VAULT_FINGERPRINT_LEN"]),
    (r"# random bytes, printed in # groups of # characters",
     ["RECOVERY_CODE_LEN", "VAULT_RECOVERY_GROUPS", "VAULT_RECOVERY_GROUP"]),
    (r"vaults: \[0\*# \[", ["STATE_VAULTS_MAX"]),
    (r"pins: \[0\*# \[", ["VAULT_HOST_SLOTS_MAX"]),
    (r"left: \[0\*# bstr", ["STATE_LEFT_MAX"]),
    (r"paths: \[0\*# \[", ["STATE_PATHS_MAX"]),
    (r"`ID.log.1` \(the newest\) to `ID.log.#`", ["AUDIT_OLD_FILES"]),
    (r"A line is at most # bytes", ["AUDIT_LINE_MAX"]),
    (r"below 2\^#; W is `\[a-z0-9-\]`, at most #,", ["AUDIT_NUMBER_BITS", "AUDIT_WORD_MAX"]),
    (r"padded by `sodium_pad` to a multiple of #. So the disk", ["AUDIT_NAMES_PAD"]),
    (r"\*\*State\*\*, # bytes", ["AUDIT_STATE_LEN"]),
    (r"`H\(\"tv1 audit anchor\", V, empty\) -> #`", ["AUDIT_ANCHOR_LEN"]),
    (r"Where the log has # bytes or more", ["AUDIT_ROTATE_LEN"]),
)


def macros():
    """Name to value, of all macros in vault/ that are numbers."""
    text = "".join(read(f"vault/{name}") for name in sorted(os.listdir(os.path.join(SOURCE, "vault")))
                   if name.endswith(".h"))
    text = re.sub(r"\\\n", " ", re.sub(r"/\*.*?\*/", " ", text, flags=re.S))
    raw = dict(re.findall(r"^#define ([A-Z]\w*) +(.+)$", text, re.M))

    def value(expression, depth=0):
        expression = re.sub(r"\((?:size_t|uint64_t)\)", "", expression)
        expression = re.sub(r"[A-Z]\w*", lambda m: str(value(raw[m.group()], depth + 1)), expression)
        if depth > 9 or not re.fullmatch(r"[\dxa-f +*()]+", expression):
            raise ValueError(expression)
        return eval(expression)  # digits and operators only

    values = {}
    for name, expression in raw.items():
        try:
            values[name] = value(expression)
        except (KeyError, ValueError, SyntaxError):
            pass
    return values


def number(text):
    base, _, power = text.replace(",", "").partition("^")
    return int(base) ** int(power or 1)


def check_format():
    text, values = read("vault/FORMAT.md"), macros()
    for pattern, names in LIMITS:
        match = re.search(pattern.replace("#", NUMBER), text)
        if match is None:
            complain("FORMAT.md", f"nothing matches {pattern!r}, which gives {', '.join(names)}")
            continue
        for name, said in zip(names, match.groups()):
            if values.get(name) != number(said):
                complain("FORMAT.md", f"says {said}, but {name} is {values.get(name)}")


def main():
    program = Program()
    check_manual(program)
    check_mdoc()
    check_readme(program)
    check_completions(program)
    check_format()
    for line in wrong:
        print(f"docs: {line}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


main()
