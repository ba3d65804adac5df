"""Is it still fast enough? Figures of a short run against guard.json.

CPU seconds depend on what else the machine does (shared caches, clock), so they are scaled by what
the raw COPY cost in the same rounds against what it cost when the figures were committed; only
slower machines are excused. The rate's floor shrinks by the share of the machine that others took.

The limits are a third above what was measured when they were committed (2.8 to 3.3 CPU-s per 1M
events, 0.52 to 0.65 of raw COPY: the same program on the same machine within an hour), so that a
guard that fails means a change, not a noisy minute. Targets are in docs/PERFORMANCE.md.
"""


def judge(figures, limits):
    """[(line, good)] of {own_cpu, raw_cpu, ratio, others, alloc_growth}."""
    slow = max(1.0, figures["raw_cpu"] / limits["raw_cpu"])
    floor = limits["ratio_min"] * (1 - figures["others"])
    own_max = limits["own_cpu_max"] * slow
    return [
        (f"own CPU, 50 rules: {figures['own_cpu']:.2f} CPU-s per 1M events; at most {own_max:.2f}"
         f" = {limits['own_cpu_max']:.2f} x {slow:.2f} (how slow the machine is)",
         figures["own_cpu"] <= own_max),
        (f"rate, 50 rules: {figures['ratio']:.2f} of raw COPY BINARY; at least {floor:.2f}"
         f" = {limits['ratio_min']:.2f} x {1 - figures['others']:.2f} (what others left)",
         figures["ratio"] >= floor),
        (f"malloc: {figures['alloc_growth']:.4f} calls more per row of a load; at most"
         f" {limits['alloc_growth_max']}", figures["alloc_growth"] <= limits["alloc_growth_max"]),
    ]


def verdict(figures, limits):
    """Prints a line per figure; true when all are good."""
    lines = judge(figures, limits)
    for line, good in lines:
        print("ok  " if good else "FAIL", line)
    return all(good for _, good in lines)
