"""What the benchmark measures: groups of variants, a table each. Rounds are interleaved within a
group. performance.md.in says what the tables mean."""
from typing import NamedTuple

from latency import Latency, Spike
from machinery import ONCE, OUTBOX, RELOADS, STARTS, WITHOUT
from neighbours import ALONE, NEIGHBOURS, against_alone
from scaling import BY_RULES, COLUMNS, KEYS, PARTITIONS, SIZES, a_rule
from tables import PLAIN, TABLES
from variants import VELOCITY, end_to_end, measured, raw_copy, shape

RATE = ("rate", "events/s", 0)
CPU = (("own_cpu", "own CPU-s/1M", 2), ("pg_cpu", "PostgreSQL CPU-s/1M", 2))
RSS = ("rss_mb", "peak RSS MB", 0)
OTHERS = ("others", "others", 2)
LOAD = (("own_load", "own CPU % of a core", 0), ("pg_load", "PostgreSQL's %", 0))


class Group(NamedTuple):
    """A table. columns: (figure, title, digits), digits None for a text."""
    variants: dict            # {name: world -> figures}
    columns: tuple
    rounds: tuple = (3, 1)    # of a whole run and of a quick one
    base: str = None          # what ratios are to
    prepare: object = None    # world -> None, before the first round
    quick: tuple = None       # variants and seconds of a quick run, when they are others
    lines: object = None      # rounds -> lines below the table
    seconds: tuple = (5, 4)   # a variant takes on two quiet cores: so many, and for 1M events


def latency(seconds):
    return {f"{rate:,} events/s": lambda world, rate=rate: measured(Latency(world, rate, seconds))
            for rate in (1000, 50000)}


def spike(*seconds):
    phases = list(zip((20000, 100000, 20000), seconds))
    return {"20,000 to 100,000 events/s": lambda world: measured(Spike(world, 10, phases))}


GROUPS = {
    "main": Group(
        {"raw": raw_copy, "50 rules, 1 lane": end_to_end(50, 1),
         "50 rules, 2 lanes": end_to_end(50, 2), "10 rules, 1 lane": end_to_end(10, 1),
         "0 rules, 1 lane": end_to_end(0, 1),
         "50 rules + velocity, 1 lane": end_to_end(50, 1, [VELOCITY])},
        (RATE, ("ratio", "of raw", 2), *CPU, RSS, OTHERS), rounds=(5, 2), base="raw",
        prepare=shape),
    "latency": Group(
        latency(30), (("p50", "p50 ms", 0), ("p99", "p99 ms", 0), ("p99.9", "p99.9 ms", 0),
                      ("max", "max ms", 0), ("commit_ms", "commit ms", 1), *LOAD, RSS, OTHERS,
                      ("pace", "producer's pace", None)), quick=(latency(10), (20, 0)),
        seconds=(40, 0)),
    "spike": Group(
        spike(30, 60, 60), (("recovery_s", "backlog gone after s", 1),
                            ("behind_s", "behind for s", 1), ("spike", "spike events/s", 0),
                            *LOAD, RSS, OTHERS, ("pace", "producer's pace", None)),
        rounds=(1, 1), quick=(spike(5, 10, 15), (40, 0)), seconds=(190, 0)),
    "partitions": Group(
        PARTITIONS, (RATE, ("ratio", "of 8 partitions", 2), *CPU, RSS, OTHERS),
        base="8 partitions"),
    "sizes": Group(SIZES, (RATE, ("mb_s", "MB/s", 0), *CPU, RSS, ("events", "events", 0), OTHERS)),
    "columns": Group(COLUMNS, (RATE, *CPU, RSS, ("bytes", "bytes of JSON", 0),
                               ("events", "events", 0), OTHERS)),
    "rules": Group(BY_RULES, (RATE, ("ratio", "of no rules", 2), *CPU, RSS, OTHERS),
                   base="0 rules", lines=a_rule),
    "keys": Group(KEYS, (RATE, ("ratio", "of no keys", 2), *CPU, RSS, ("keys", "keys", 0),
                         ("state_mb", "MB of them", 0), OTHERS), base="no keys"),
    "tables": Group(TABLES, (RATE, ("ratio", "of a plain table", 2), *CPU, RSS, OTHERS),
                    base=PLAIN, prepare=shape),
    "starts": Group(STARTS, (("ready_s", "READY after s", 2), ("assigned_s", "partitions", 2),
                             ("first_s", "first commit", 2), ("all_s", "last commit", 2)),
                    rounds=(5, 1)),
    "reloads": Group(RELOADS, (RATE, *CPU, ("reloads", "lanes that swapped", 0),
                               ("pause_ms", "mean pause ms", 2),
                               ("pause_max_ms", "longest, at most ms", 1), RSS, OTHERS),
                     rounds=(2, 1), seconds=(6, 20)),
    "without": Group(WITHOUT, (RATE, *CPU, RSS, OTHERS)),
    "once": Group(ONCE, (RATE, ("ledger_ms", "ledger, ms a load", 2),
                                 ("claims_ms", "claims, ms in all", 1),
                                 ("share", "ledger, % of the loads' time", 2),
                                 ("all_share", "with claims, %", 2), OTHERS)),
    "outbox": Group(OUTBOX, (RATE, ("ratio", "of no outbox", 2), *CPU, RSS, OTHERS),
                    base="no outbox"),
    "neighbours": Group(
        NEIGHBOURS, (RATE, ("ratio", "of alone", 2), ("rate_all", "events/s, all in all", 0),
                     *CPU, RSS), base=ALONE, lines=lambda rounds: list(against_alone(rounds))),
}
