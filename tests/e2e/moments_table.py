#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The table of bad moments in tests/README.md, which the tests make.

    moments_table.py check|write ROWS

Each test of a moment (moments.py) notes what it saw in the directory ROWS.
`check` says whether the table is all that and nothing else; `write` makes it so."""
import os
import sys

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "README.md")
BEGIN, END = "<!-- moments:begin -->\n", "<!-- moments:end -->"


class Row:
    def __init__(self, noun, title, message, status):
        self.noun, self.title, self.message, self.status = noun, title, message, status

    def line(self):
        return f"| {self.title} | {self.message} | {self.status} |\n"


def table_text(rows):
    """Sections by their nouns, rows by their titles: a new one finds its place."""
    text, noun = "", None
    for row in sorted(rows, key=lambda r: (r.noun, r.title.lower())):
        if row.noun != noun:
            noun = row.noun
            text += f"\n### {noun}\n\n| moment | message | exit status |\n| --- | --- | --- |\n"
        text += row.line()
    return text + "\n"


def readme_parts():
    """What is before the table, the table, and what is after it."""
    with open(README, encoding="utf-8") as f:
        before, rest = f.read().split(BEGIN)
    return before, *rest.split(END)


def told(row):
    return row.line() in readme_parts()[1].splitlines(True)


class Notes:
    """What one test program saw: a file of its own, begun anew by each run."""

    def __init__(self, directory, name):
        self.path = os.path.join(directory, name)
        os.makedirs(directory, exist_ok=True)
        with open(self.path, "w", encoding="utf-8"):
            pass

    def add(self, row):
        with open(self.path, "a", encoding="utf-8") as f:
            f.write("\t".join((row.noun, row.title, row.message, str(row.status))) + "\n")


def notes_read(directory):
    rows = []
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), encoding="utf-8") as f:
            rows += [Row(*line.rstrip("\n").split("\t")) for line in f]
    return rows


def main(verb, directory):
    before, table, after = readme_parts()
    seen = table_text(notes_read(directory))
    if verb == "write":
        with open(README, "w", encoding="utf-8") as f:
            f.write(before + BEGIN + seen + END + after)
        return 0
    if seen == table:
        return 0
    lines, known = seen.splitlines(), table.splitlines()
    unseen = [line for line in known if line not in lines]
    unsaid = [line for line in lines if line not in known]
    for line in unseen:
        print(f"tests/README.md says, and no test saw:\n  {line}")
    for line in unsaid:
        print(f"a test saw, and tests/README.md doesn't say:\n  {line}")
    if os.geteuid() != 0 and not unsaid:
        print("NOT TESTED: what no test saw may take root.")
        return 0
    print(f"If what was seen is right: python3 {sys.argv[0]} write {directory}")
    return 1


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("check", "write"):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
