"""Labelled series, the same on every machine: made up, but of kinds that are watched in earnest.

series() yields (kind, name, values, incidents); an incident is the first and the last row in which
an alarm for it counts. Each kind has its own ordinary life (noise, seasons, drifts, flat
stretches, harmless bursts) and its own incidents. What the models are free to choose
(core/state/alarm.h) was chosen on the kinds of TUNED; those of HELD were looked at afterwards."""
import math
import random

ROWS = 2000
DAY = 288  # rows a day, at five minutes each
SEEDS = (1, 2, 3)
GRACE = 20  # rows after the end of an incident in which an alarm still counts


def normal(rng):
    """Box and Muller, so that no library's choice of method matters."""
    return math.sqrt(-2 * math.log(1 - rng.random())) * math.cos(2 * math.pi * rng.random())


def poisson(rng, mean):
    if mean > 500:
        return max(0, round(mean + math.sqrt(mean) * normal(rng)))
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        count, product = count + 1, product * rng.random()
    return count


def drifting(rng, keep, step):
    """Noise that remembers: x = keep x + step n."""
    x = 0.0
    while True:
        x = keep * x + step * normal(rng)
        yield x


def places(rng, count, length):
    """So many stretches of that length, in the last three quarters, well apart."""
    room = (ROWS - ROWS // 4) // count
    return [(at, at + length - 1) for at in
            (ROWS // 4 + i * room + rng.randrange(room - length - 3 * GRACE) for i in range(count))]


def hit(row, stretches):
    """The number of the stretch that the row is in, or None."""
    return next((i for i, (first, last) in enumerate(stretches) if first <= row <= last), None)


def cpu(rng):
    """Load in percent: a level that wanders, short peaks; incidents: busy for two hours."""
    level, bad = drifting(rng, 0.95, 1.5), places(rng, 2, 25)
    load = [rng.uniform(45, 95) for _ in bad]
    for row in range(ROWS):
        peak = rng.uniform(5, 25) if rng.random() < 0.01 else 0
        base, here = 30 + next(level) + peak, hit(row, bad)
        yield (base if here is None else load[here]) + 2 * normal(rng), bad


def latency(rng):
    """Milliseconds with a long tail; incidents: everything takes 1.5 to 4 times as long."""
    bad = places(rng, 2, 60)
    slow = [rng.uniform(1.5, 4) for _ in bad]
    for row in range(ROWS):
        here = hit(row, bad)
        yield 40 * math.exp(0.3 * normal(rng)) * (1 if here is None else slow[here]), bad


def requests(rng):
    """Counts with a daily season; incidents: a crowd, or next to nobody, at any hour."""
    bad = places(rng, 2, 20)
    crowd = [rng.choice((0, 0.3, 1.8, 3)) for _ in bad]
    for row in range(ROWS):
        here = hit(row, bad)
        mean = 200 + 80 * math.sin(2 * math.pi * row / DAY)
        yield poisson(rng, mean * (1 if here is None else crowd[here])), bad


def temperature(rng):
    """Degrees that drift for days, warmer at noon; incidents: it heats up step by step."""
    slow, bad = drifting(rng, 0.998, 0.08), places(rng, 2, 40)
    step = [rng.uniform(0.05, 0.4) for _ in bad]
    for row in range(ROWS):
        here = hit(row, bad)
        heat = 0 if here is None else step[here] * (row - bad[here][0])
        yield 21 + next(slow) + math.sin(2 * math.pi * row / DAY) + 0.3 * normal(rng) + heat, bad


def memory(rng):
    """Megabytes, flat with steps; incident: a new version needs more, and that stays."""
    bad = [(first, first + 60) for first, _ in places(rng, 1, 60)]
    more = rng.uniform(50, 500)
    for row in range(ROWS):
        yield 500 + 10 * (row // 300 % 3) + 3 * normal(rng) + (more if row >= bad[0][0] else 0), bad


def speed(rng):
    """Kilometres an hour: two slow rush hours a day, gusts of noise; incidents: a jam."""
    bad = places(rng, 2, 30)
    jam = [rng.uniform(20, 70) for _ in bad]
    for row in range(ROWS):
        hour, here = row % DAY / 12, hit(row, bad)
        rush = 15 * (math.exp(-(hour - 8) ** 2) + math.exp(-(hour - 17) ** 2))
        noise = (5 if row // 50 % 9 == 4 else 2.5) * normal(rng)
        yield (90 - rush if here is None else jam[here]) + noise, bad


def queue(rng):
    """Waiting jobs: mostly none, now and then a few; incidents: it piles up."""
    bad = places(rng, 2, 40)
    step = [rng.uniform(0.2, 2) for _ in bad]
    for row in range(ROWS):
        here = hit(row, bad)
        heap = 0 if here is None else round(step[here] * (row - bad[here][0]))
        yield poisson(rng, 0.5 + (4 if rng.random() < 0.03 else 0)) + heap, bad


def sensor(rng):
    """A reading in steps of 0.5 that stands still for hours; incidents: it goes wild."""
    slow, bad = drifting(rng, 0.99, 0.1), places(rng, 2, 30)
    wild, last = [rng.uniform(2, 10) for _ in bad], 50.0
    for row in range(ROWS):
        drift, here = next(slow), hit(row, bad)
        if row // 100 % 3:
            last = round(2 * (50 + drift + 0.3 * normal(rng))) / 2
        yield last + (0 if here is None else wild[here] * normal(rng)), bad


TUNED = (cpu, latency, requests, temperature)
HELD = (memory, speed, queue, sensor)


def series():
    for maker in TUNED + HELD:
        for seed in SEEDS:
            rng = random.Random(f"{maker.__name__} {seed}")
            made = list(maker(rng))
            bad = [(first, last + GRACE) for first, last in made[0][1]]
            yield maker.__name__, f"{maker.__name__}-{seed}", [v for v, _ in made], bad
