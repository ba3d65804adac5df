"""What a run says: a table, JSON, and docs/PERFORMANCE.md."""
import os
import pathlib
import platform
import re
import subprocess
from datetime import datetime, timezone

from groups import GROUPS
from world import SETTINGS

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


def cell(figures, key, digits):
    if key not in figures:
        return "-"
    return figures[key] if digits is None else f"{figures[key]:,.{digits}f}"


def table(medians, columns):
    """columns: (figure, title, digits); those that no variant has are left out."""
    columns = [c for c in columns if any(c[0] in f for f in medians.values())]
    rows = [["variant"] + [title for _, title, _ in columns]]
    rows += [[name] + [cell(f, key, digits) for key, _, digits in columns]
             for name, f in medians.items()]
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


def filled(name, done):
    """What stands for @table NAME@."""
    rounds = done["rounds"]
    words = f"{rounds} interleaved rounds, medians." if rounds > 1 else "One round."
    lines = "\n".join(f"- {line}" for line in done["lines"])
    return "\n\n".join(filter(None, [words, table(done["median"], GROUPS[name].columns), lines]))


def document(result):
    """docs/PERFORMANCE.md; what stands between @if GROUP@ and @end@ goes when that was not run."""
    m, done = result["machine"], result["groups"]
    text = pathlib.Path(__file__).with_name("performance.md.in").read_text(encoding="utf-8")
    text = re.sub(r"(?ms)^@if (\w+)@\n(.*?)^@end@\n", lambda x: x[2] if x[1] in done else "", text)
    text = re.sub(r"@table (\w+)@", lambda x: filled(x[1], done[x[1]]), text)
    main = done.get("main", {"median": {}})["median"]
    values = {**{k: str(v) for k, v in m.items()}, "events": f"{result['events']:,}",
              "stages": shares(main, "stages"), "threads": shares(main, "threads"),
              "settings": ", ".join(f"`{k} = {v}`" for k, v in SETTINGS.items())}
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text
