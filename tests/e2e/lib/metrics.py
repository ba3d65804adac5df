"""Prometheus' text format, as a reader sees it."""
import re

LINE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"(?:,|$)')
ESCAPED = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


def parse(text):
    """{(name, ((label, value), ..)): number}; raises ValueError for a line that is none."""
    series = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        match = LINE.match(line)
        if not match or LABEL.sub("", match[2] or ""):
            raise ValueError(f"no metric: {line!r}")
        labels = ((k, re.sub(r'\\[\\"n]', lambda m: ESCAPED[m[0]], v))
                  for k, v in LABEL.findall(match[2] or ""))
        series[match[1], tuple(sorted(labels))] = float(match[3])
    return series


def total(series, name, **labels):
    """The sum over the series of this name that carry these labels; None when there is none."""
    wanted = {(k, str(v)) for k, v in labels.items()}
    found = [v for (n, have), v in series.items() if n == name and wanted <= set(have)]
    return sum(found) if found else None
