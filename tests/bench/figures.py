"""What figures are computed with; no clock, no server, no file."""
import statistics


def percentile(counts, share):
    """The least value that at least this share of all does not exceed: {value: how often}."""
    due, seen = share * sum(counts.values()), 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= due:
            return value
    raise ValueError("no values")


def repeated(parts, count):
    """Sums of tuples, element by element: of these over and over, `count` in all; None: of each
    once."""
    if count is None:
        return _sum(parts)
    times, rest = divmod(count, len(parts))
    whole, more = _sum(parts) if times else [], _sum(parts[:rest])
    width = max(len(whole), len(more))
    whole, more = whole or [0] * width, more or [0] * width
    return [times * w + m for w, m in zip(whole, more)]


def _sum(parts):
    sums = []
    for part in parts:
        sums = [a + b for a, b in zip(sums or [0] * len(part), part)]
    return sums


def median(rounds):
    """The median of every figure, within dicts too; texts are those of the last round."""
    merged = {}
    for key in rounds[0]:
        values = [r[key] for r in rounds if key in r]
        if isinstance(values[0], dict):
            merged[key] = median(values)
        else:
            merged[key] = values[-1] if isinstance(values[0], str) else statistics.median(values)
    return merged


def summary(rounds, base):
    """{variant: median of its rounds}; `ratio` is to the base's rate in the same round, where the
    base was measured."""
    for one in rounds:
        for figures in one.values():
            if base in one and "rate" in figures:
                figures["ratio"] = figures["rate"] / one[base]["rate"]
    return {name: median([one[name] for one in rounds]) for name in rounds[0]}


def slope(points):
    """Least squares: how much y grows with x, of [(x, y)]."""
    xs, ys = zip(*points)
    mean_x, mean_y = statistics.mean(xs), statistics.mean(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def kept_pace(phase):
    """Whether a producer sent 98 % of what was due, and nothing later than 100 ms."""
    return phase["sent"] >= 0.98 * phase["rate"] * phase["seconds"] and phase["late_ms"] <= 100
