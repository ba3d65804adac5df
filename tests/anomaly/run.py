#!/usr/bin/env python3
"""run.py TIDEGATE [--markdown] [--nab FOLDER] [--rule NAME]: what the anomaly rules find.

Runs `tidegate eval` over labelled series, one row a batch, with default arguments over
{"mean": "value"}, and tells for each kind the incidents found, the median delay in rows between
the first row of an incident and the first alarm, and the false alarms (outside every incident) per
1,000 rows. An alarm is a batch whose verdict is `fail`.

Without --nab the series are those of series.py, and the exit code is 1 when a figure is worse than
its bound below. --nab FOLDER reads a copy of the Numenta Anomaly Benchmark (data/, labels/)
instead, which is not part of this repository."""
import argparse
import csv
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import series

RULES = ("anomaly_zscore", "anomaly_ewma")
BOUNDS = {  # rule -> group -> least recall, most false alarms per 1,000 rows, most median delay
    "anomaly_zscore": {"tuned": (0.75, 0.6, 5), "held": (0.95, 1.8, 5)},
    "anomaly_ewma": {"tuned": (0.58, 1.3, 5), "held": (0.95, 2.3, 5)},
}


def made():
    tuned = [kind.__name__ for kind in series.TUNED]
    for kind, name, values, incidents in series.series():
        yield ("tuned" if kind in tuned else "held"), kind, name, values, incidents


def benchmark(folder):
    windows = json.loads((folder / "labels/combined_windows.json").read_text())
    for path in sorted(windows):
        with open(folder / "data" / path, newline="") as f:
            rows = list(csv.DictReader(f))
        times = [row["timestamp"] for row in rows]
        incidents = []
        for first, last in windows[path]:
            inside = [i for i, t in enumerate(times) if first[:19] <= t <= last[:19]]
            incidents.append((inside[0], inside[-1]))
        kind = path.split("/")[0]
        yield "all", kind, path, [float(row["value"]) for row in rows], incidents


def alarms(program, rule, values):
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as f:
        f.writelines(json.dumps({"value": float(v)}) + "\n" for v in values)
        f.flush()
        done = subprocess.run(
            [program, "eval", "--rule", rule, "--params", '{"metric": {"mean": "value"}}',
             "--batch", "1", "--input", f.name, "--json"],
            capture_output=True, text=True, check=False, timeout=600)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    lines = [line for line in lines if "verdict" in line and "batch" in line]
    if len(lines) != len(values):
        sys.exit(f"{rule}: {len(lines)} verdicts for {len(values)} rows: {done.stderr[:500]}")
    return [i for i, line in enumerate(lines) if line["verdict"] == "fail"]


class Figures:
    def __init__(self):
        self.rows = self.incidents = self.false = 0
        self.delays = []

    def add(self, values, incidents, fired):
        self.rows += len(values)
        self.incidents += len(incidents)
        for first, last in incidents:
            hits = [i for i in fired if first <= i <= last]
            if hits:
                self.delays.append(hits[0] - first)
        self.false += sum(not any(a <= i <= b for a, b in incidents) for i in fired)

    @property
    def recall(self):
        return len(self.delays) / self.incidents if self.incidents else 1

    @property
    def rate(self):
        return 1000 * self.false / self.rows

    @property
    def delay(self):
        return statistics.median(self.delays) if self.delays else 0

    def cells(self):
        found = f"{len(self.delays)} of {self.incidents}"
        return f"{found:>10} | {self.delay:6.1f} | {self.rate:6.2f}"


def measure(program, rule, source):
    by = {}
    for group, kind, name, values, incidents in source:
        fired = alarms(program, rule, values)
        for key in (("series", name), ("kind", f"{group}: {kind}"), ("group", group)):
            by.setdefault(key, Figures()).add(values, incidents, fired)
    return by


def tell(rule, by, every):
    print(f"\n| {rule} | found | delay, rows | false alarms per 1,000 rows |\n|---|---|---|---|")
    for (level, name), figures in by.items():
        if level != "series" or every:
            print(f"| {name} | {figures.cells()} |")


def worse(rule, by):
    for group, (recall, rate, delay) in BOUNDS[rule].items():
        got = by["group", group]
        if got.recall < recall or got.rate > rate or got.delay > delay:
            yield (f"{rule}, {group}: recall {got.recall:.3f} (at least {recall}), "
                   f"false alarms {got.rate:.2f} (at most {rate}), "
                   f"delay {got.delay:.1f} (at most {delay})")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--nab", type=pathlib.Path)
    parser.add_argument("--rule", choices=RULES)
    parser.add_argument("--every", action="store_true", help="a line a series")
    args = parser.parse_args()
    bad = []
    for rule in [args.rule] if args.rule else RULES:
        by = measure(args.program, rule, benchmark(args.nab) if args.nab else made())
        tell(rule, by, args.every)
        bad += [] if args.nab else worse(rule, by)
    for line in bad:
        print(line, file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
