# SPDX-License-Identifier: BSD-2-Clause
"""From samples to figures, and from figures to a table."""
import statistics

NOISE = 0.05  # an A/A pair farther apart, or less sure, than this: wall time is no judge


class Samples:
    """What the runs of one command took, in the order of the rounds."""

    def __init__(self):
        self.wall, self.cpu, self.rss = [], [], []

    def add(self, wall_ns, user_us, system_us, rss_kib):
        self.wall.append(int(wall_ns) / 1e6)
        self.cpu.append((int(user_us) + int(system_us)) / 1e3)
        self.rss.append(int(rss_kib))

    def figures(self):
        return {"wall_ms": statistics.median(self.wall), "wall_min_ms": min(self.wall),
                "cpu_ms": statistics.median(self.cpu), "max_rss_kib": max(self.rss),
                "samples": {"wall_ms": self.wall, "cpu_ms": self.cpu}}


def read_samples(path):
    result = {}
    with open(path) as f:
        for line in f:
            _, name, *rest = line.rstrip("\n").split("\t")
            result.setdefault(name, Samples()).add(*rest)
    return result


def paired(a, b):
    return [x / y if y else float("nan") for x, y in zip(a, b)]


def ratios(a, b):
    """a's time over b's. The median is that of the rounds' own ratios."""
    return {"wall": statistics.median(paired(a.wall, b.wall)), "min": min(a.wall) / min(b.wall),
            "cpu": statistics.median(paired(a.cpu, b.cpu))}


def noise(a, again):
    """How far apart two runs of the same are: the median, and the middle half
    of the rounds."""
    r = paired(a.wall, again.wall)
    low, middle, high = statistics.quantiles(r, n=4)
    # A median's standard error, were the ratios normally distributed: under a
    # load that comes and goes the median may be 1 by chance.
    error = 0.93 * (high - low) / len(r) ** 0.5
    return {**ratios(a, again), "quartiles": [low, high], "standard_error": error,
            "quiet": abs(middle - 1) <= NOISE and error <= NOISE}


def group_figures(group, samples):
    subject, again = group["commands"][0].name, group["commands"][1].name
    rows = [{"name": c.name, "argv": c.argv, "aim": c.aim, "cpu_aim": c.cpu_aim, "fsyncs": c.fsyncs,
             **samples[c.name].figures()} for c in group["commands"]]
    for row in rows[2:]:
        row["subject_over_this"] = ratios(samples[subject], samples[row["name"]])
    return {"title": group["title"], "rows": rows, "missing": group["missing"],
            "a_a": noise(samples[subject], samples[again])}


def ratio_text(r):
    return "".join(f"{r[k]:9.3f}" if r[k] < 10 else f"{r[k]:9.1f}" for k in ("wall", "min", "cpu"))


HEADER = (f"{'':34}{'wall ms':>9}{'min ms':>9}{'CPU ms':>9}  "
          f"{'wall':>9}{'min':>9}{'CPU':>9}  aim        fsyncs")


def row_text(row, a_a, index):
    text = f"  {row['name']:32}{row['wall_ms']:9.2f}{row['wall_min_ms']:9.2f}{row['cpu_ms']:9.2f}  "
    r = a_a if index == 1 else row.get("subject_over_this")
    text += ratio_text(r) if r else " " * 27
    aim = "(noise)" if index == 1 else f"<= {row['aim']}" if row["aim"] else ""
    if row["cpu_aim"]:
        aim = f"<{row['cpu_aim']} ms"
    fsyncs = "" if row["fsyncs"] is None else row["fsyncs"]
    return f"{text}  {aim:8} {fsyncs:>6}".rstrip()


def group_text(group):
    a_a = group["a_a"]
    lines = [group["title"], HEADER]
    lines += [row_text(row, a_a, i) for i, row in enumerate(group["rows"])]
    lines += [f"  {name:32} *** NOT INSTALLED ***" for name in group["missing"]]
    low, high = a_a["quartiles"]
    lines.append(f"  Same against same: {a_a['wall']:.3f}, half of the rounds within {low:.2f} and "
                 f"{high:.2f}: " + ("wall time may judge." if a_a["quiet"] else
                                    "TOO NOISY for wall time; judge by CPU and minimum."))
    return "\n".join(lines) + "\n"


NOTES = """\
Ratios: the first row's time over the row's; wall and CPU are medians of the ratios
within each round. Aims are for reading: nothing fails because it was slow.
CPU is that of the command and its children: the virtual token and gpg-agent, which
serve from outside, are in the wall time only.
The token answers by program and at once. A real one takes some 65 to 200 ms more, and
then the person's finger: no time here is a user's.
"""
