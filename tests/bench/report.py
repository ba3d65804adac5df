"""What a run says: a table, JSON, and docs/PERFORMANCE.md."""
import os
import pathlib
import platform
import statistics
import subprocess
from datetime import datetime, timezone

from world import SETTINGS

COLUMNS = (("rate", "events/s", 0), ("ratio", "of raw", 2), ("own_cpu", "own CPU-s/1M", 2),
           ("pg_cpu", "PostgreSQL CPU-s/1M", 2), ("rss_mb", "peak RSS MB", 0),
           ("others", "others", 2))


def median(rounds):
    """The median of every figure, within dicts too."""
    merged = {}
    for key in rounds[0]:
        values = [r[key] for r in rounds if key in r]
        merged[key] = median(values) if isinstance(values[0], dict) else statistics.median(values)
    return merged


def command(*args):
    done = subprocess.run(args, capture_output=True, text=True, check=False)
    return done.stdout.strip().split("\n")[0]


def machine(program):
    cpu = [x for x in pathlib.Path("/proc/cpuinfo").read_text().split("\n") if "model name" in x]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cpu": cpu[0].partition(":")[2].strip() if cpu else platform.machine(),
            "cores": os.cpu_count(), "memory_gb": round(memory / 2**30),
            "kernel": platform.release(), "tidegate": command(program, "version"),
            "postgres": command("psql", "--version"),
            "commit": command("git", "rev-parse", "--short", "HEAD"),
            "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")}


def summary(rounds):
    """{variant: median of its rounds}; ratio is to raw of the same round."""
    for one in rounds:
        for figures in one.values():
            figures["ratio"] = figures["rate"] / one["raw"]["rate"]
    return {name: median([one[name] for one in rounds]) for name in rounds[0]}


def cells(figures):
    return [f"{figures[key]:,.{digits}f}" if key in figures else "-" for key, _, digits in COLUMNS]


def table(medians):
    rows = [["variant"] + [title for _, title, _ in COLUMNS]]
    rows += [[name] + cells(figures) for name, figures in medians.items()]
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(r, widths)) + " |" for r in rows]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


def shares(medians, kind):
    """Stages or threads of the end-to-end variants, CPU-s per 1M events."""
    runs = {name: f[kind] for name, f in medians.items() if kind in f}
    names = sorted({n for f in runs.values() for n in f})
    lines = ["| " + " | ".join([kind, *runs]) + " |", "|---" * (len(runs) + 1) + "|"]
    for n in names:
        values = [f"{f.get(n, 0):.3f}" for f in runs.values()]
        if any(float(v) > 0.005 for v in values):
            lines.append("| " + " | ".join([n, *values]) + " |")
    return "\n".join(lines)


def document(result):
    """docs/PERFORMANCE.md"""
    m, medians = result["machine"], result["median"]
    text = pathlib.Path(__file__).with_name("performance.md.in").read_text(encoding="utf-8")
    values = {**{k: str(v) for k, v in m.items()}, "events": f"{result['events']:,}",
              "rounds": str(result["rounds"]), "table": table(medians),
              "stages": shares(medians, "stages"), "threads": shares(medians, "threads"),
              "settings": ", ".join(f"`{k} = {v}`" for k, v in SETTINGS.items())}
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text
