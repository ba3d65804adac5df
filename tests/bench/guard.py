"""Is it still fast enough? Figures of a short run against those committed in guard.json.

Both figures are ratios to the raw COPY of the same rows in the same rounds: of CPU seconds (ours to
the server's), of rates. Noise only ever adds CPU time and takes rate, so each side counts with the
best of its rounds, and rounds alternate. Measured that way the same program gave 1.11, 1.18 and
1.27, and 0.69, 0.71 and 0.71, on a quiet machine, where single rounds gave 0.80 to 1.72 and 0.52 to
1.09. 15 % worse than what is committed fails; what others took of the machine is taken off the
rate's floor; and before it fails as many rounds again are measured.
"""
WORSE = 1.15  # by how much a figure may be worse than the committed one


def figures(rounds, name):
    """{cpu_ratio, rate_ratio, others} of [{"raw": figures, name: figures}]."""
    ours, raw = [one[name] for one in rounds], [one["raw"] for one in rounds]
    return {"cpu_ratio": min(f["own_cpu"] for f in ours) / min(f["pg_cpu"] for f in raw),
            "rate_ratio": max(f["rate"] for f in ours) / max(f["rate"] for f in raw),
            "others": max(ours, key=lambda f: f["rate"])["others"]}


def judge(figures, committed):
    """[(line, good)] of {cpu_ratio, rate_ratio, others, alloc_growth}."""
    left = 1 - figures["others"]
    cpu_max, rate_min = WORSE * committed["cpu_ratio"], committed["rate_ratio"] / WORSE * left
    return [
        (f"own CPU, 50 rules: {figures['cpu_ratio']:.2f} of raw COPY BINARY's; at most"
         f" {cpu_max:.2f} = {committed['cpu_ratio']:.2f} x {WORSE}",
         figures["cpu_ratio"] <= cpu_max),
        (f"rate, 50 rules: {figures['rate_ratio']:.2f} of raw COPY BINARY's; at least"
         f" {rate_min:.2f} = {committed['rate_ratio']:.2f} / {WORSE} x {left:.2f} (what others"
         " left)", figures["rate_ratio"] >= rate_min),
        (f"malloc: {figures['alloc_growth']:.4f} calls more per row of a load; at most"
         f" {committed['alloc_growth_max']}",
         figures["alloc_growth"] <= committed["alloc_growth_max"]),
    ]


def verdict(figures, committed):
    """Prints a line per figure; true when all are good."""
    lines = judge(figures, committed)
    for line, good in lines:
        print("ok  " if good else "FAIL", line)
    return all(good for _, good in lines)
