#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""session.svg, which README.md shows, from the transcript that vm/seat prints: what alice's terminal
showed there and what she did beside it, and nothing else. vm/seat fails where the two differ.

    ctest -R vm/seat -V | session.py >session.svg"""
import html
import os
import re
import sys
import textwrap

COLUMNS, CHARACTER, LINE, MARGIN = 108, 7.8, 18, 14
FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "session.svg")
HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" font-family="monospace" font-size="13">
<title>A first session with touchvault</title>
<rect width="100%" height="100%" rx="6" fill="#1b1f24"/>
"""
MASKED = (r"(?<=/dev/hidraw)\d+", r"(?<=touchvault_)[\d.]+(?=_)", r"(?<=touchvault \()[\d.]+(?=\))",
          r"(?<=amd64 )[\d.]+(?= \[)", r"[\d,.]+(?= [kM]?B\b)", r"[\d,.]+(?= files and directories)")
COLOURS = {"typed": "#ffffff", "done": "#7fb4ff", "said": "#c5ccd3"}


def transcript(said):
    """From what vm/seat prints, with or without what ctest puts before each line."""
    lines = [re.sub(r"^\d+: ", "", line) for line in said.splitlines()]
    return lines[lines.index("transcript:") + 1:lines.index("end of the transcript")]


def story(lines):
    """alice's, who is at the seat: bob's is the tests'."""
    return lines[:next((i for i, line in enumerate(lines) if line.startswith("bob")), len(lines))]


def kind(line):
    if re.match(r"(alice\$|root#) ", line):
        return "typed"
    return "done" if re.fullmatch(r"\(she .*\)", line) else "said"


def draw(lines):
    rows = [(kind(line), row) for line in lines
            for row in textwrap.wrap(line, COLUMNS, drop_whitespace=False, break_on_hyphens=False) or [""]]
    text = "".join(
        f'<text x="{MARGIN}" y="{MARGIN + LINE * (i + 1) - 5}" fill="{COLOURS[k]}" xml:space="preserve">{html.escape(row)}</text>\n'
        for i, (k, row) in enumerate(rows))
    return HEAD.format(width=2 * MARGIN + COLUMNS * CHARACTER, height=2 * MARGIN + LINE * len(rows)) + text + "</svg>\n"


def shown(svg):
    """Its text. Versions, sizes and which hidraw it was are of no matter."""
    text = "\n".join(html.unescape(t) for t in re.findall(r"<text [^>]*>(.*?)</text>", svg))
    for of_no_matter in MASKED:
        text = re.sub(of_no_matter, "0", text)
    return text


def difference(said):
    """What makes session.svg untrue, or None."""
    with open(FILE, encoding="utf-8") as f:
        was, now = shown(f.read()).splitlines(), shown(draw(story(transcript(said)))).splitlines()
    for i in range(max(len(was), len(now))):
        if was[i:i + 1] != now[i:i + 1]:
            return f"session.svg is out of step at row {i + 1}: it has {was[i:i + 1]}, and now it is {now[i:i + 1]}"
    return None


if __name__ == "__main__":
    sys.stdout.write(draw(story(transcript(sys.stdin.read()))))
