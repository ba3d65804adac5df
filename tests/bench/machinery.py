"""What is not throughput: starts, reloads, and what parts of the way cost alone."""
import json
import os
import pathlib
import re
import socket
import subprocess
import time

import producer
from variants import Load, measured
from world import SUMS, parts

# --- starts

TOPICS, EACH = 10, 1000


class Started(Load):
    """Ten topics with 46 rules each, into ten tables."""

    def __init__(self, world):
        self.names = [f"start-{next(world.databases)}" for _ in range(TOPICS)]
        self.lines = world.lines(EACH)
        tables = " UNION ALL ".join(f"SELECT * FROM t{i}" for i in range(TOPICS))
        check = SUMS.replace("FROM reference", f"FROM ({tables}) reference")
        super().__init__(world.on("reference", 0, [0] * len(parts(self.lines[0])), check), 46, 1)
        for name in self.names:
            world.kafka.create_topic(name)

    def fill(self, home):
        text = self.text()
        for i, name in enumerate(self.names):
            script = text.replace('{ "reference" }', f'{{ "{name}" }}').replace(
                '= "reference"', f'= "t{i}"')
            self.process.script(f"t{i}.lua", script)

    def send(self):
        for name in self.names:
            producer.fill(self.world.kafka.bootstrap, name, self.lines, EACH)
        self.world.count += TOPICS * EACH
        more = [TOPICS * sum(x) for x in zip(*map(parts, self.lines))]
        self.world.sums = [a + b for a, b in zip(self.world.sums, more)]

    def start(self):
        """When it said READY, got partitions, committed for the first and for the last time."""
        with Notified(self.world.folder / "notify") as notified:
            self.executed = time.time()
            self.process.start(ready=False)
            ready = notified.ready()
        self.wait()
        commits = [when for when, _ in self.commits() if when > self.executed]
        return [ready, self.assigned(), commits[0], commits[-1]]

    def loaded(self):
        made = self.session.execute("SELECT to_regclass('tidegate.segment')").fetchone()[0]
        return super().loaded() if made else 0

    def run(self, again):
        with self.world.postgres.connect(self.database) as self.session:
            for _ in range(2 if again else 1):
                self.send()
                at = self.start()
                if self.process.stop():
                    raise RuntimeError(f"exit: {self.process.log()}")
        self.finish()
        names = ("ready_s", "assigned_s", "first_s", "all_s")
        return dict(zip(names, (x - self.executed for x in at)))


class Notified:
    """The service manager: hears READY=1."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def __enter__(self):
        self.socket.bind(str(self.path))
        self.socket.settimeout(120)
        os.environ["NOTIFY_SOCKET"] = str(self.path)
        return self

    def __exit__(self, *_):
        os.environ.pop("NOTIFY_SOCKET")
        self.socket.close()
        self.path.unlink()

    def ready(self):
        while b"READY=1" not in self.socket.recv(4096):
            pass
        return time.time()


STARTS = {"a new database": lambda world: Started(world).run(again=False),
          "started again": lambda world: Started(world).run(again=True)}


# --- reloads

class Reloaded(Load):
    """The set of scripts changes as soon as the process has taken over the one before."""

    asked = 0

    def loaded(self):
        if self.process.metric("reloads_total") == self.asked:
            self.asked += 1
            self.process.script("reference.lua", f"{self.text()}-- {self.asked}\n")
            self.process.reload()
        return super().loaded()

    def figures(self, sampler):
        series = self.process.metrics()
        name = "tidegate_reload_pause_seconds"
        count, total = (series[f"{name}_{x}", ()] for x in ("count", "sum"))
        least = [dict(labels)["le"] for (n, labels), v in series.items()
                 if n == f"{name}_bucket" and v >= count]
        if not count or self.process.metric("reloads_total", result="refused"):
            raise RuntimeError(f"no reload, or a refused one: {self.process.log()}")
        return {**super().figures(sampler), "reloads": count, "pause_ms": 1000 * total / count,
                "pause_max_ms": 1000 * min(map(float, least))}


def longer(world):
    """More events, so that there is time for reloads."""
    return world.repeating("longer", lambda: world.lines(100000), 4 * world.count, parts, SUMS)


RELOADS = {f"{how}, {lanes} lane{'s' * (lanes > 1)}":
           lambda world, kind=kind, lanes=lanes: measured(kind(longer(world), 50, lanes))
           for lanes in (1, 2) for how, kind in (("undisturbed", Load), ("reloads", Reloaded))}


# --- without rows

DROPPED = """SELECT (SELECT sum(n_dropped) FROM tidegate.ledger),
  (SELECT count(*) FROM reference)"""
NO_ROW = 'compare { "user_id", "<", -1, on_fail = "drop" }'


class WithoutRows(Load):
    """The last rule drops every row; the ledger counts them."""

    def __init__(self, world, rules):
        world = world.on(world.topic, world.count, [world.count, 0], DROPPED)
        super().__init__(world, rules, 1, more=[NO_ROW])

    def text(self):
        return super().text().partition("\n  tests")[0] + "\n}\n"  # they expect a row


def decoder(world):
    """The decoder in a loop of its own, events in memory: decode_bench."""
    program = pathlib.Path(world.program).parent / "tests/bench/decode_bench"
    done = subprocess.run([program, "3"], capture_output=True, text=True, check=True)
    seconds = float(re.search(r"best ([\d.]+)", done.stdout)[1])
    return {"rate": 1e6 / seconds, "own_cpu": seconds}


WITHOUT = {"decoder alone": decoder,
           **{f"{rules} rules, no rows": lambda world, rules=rules:
              measured(WithoutRows(world, rules)) for rules in (0, 50)}}


# --- exactly once

KINDS = (("ledger", r"(?i)tidegate\.advance_|SET CONSTRAINTS"),
         ("claims", r"tidegate\.(claim|chain_end|attempt|partition_ids)_"),
         ("rows", r"(?i)^\s*(COPY|BEGIN|COMMIT)\b"))
STATEMENTS = """SELECT query, calls, total_exec_time / 1000 FROM pg_stat_statements
  WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"""


def by_kind(statements):
    """{kind: seconds} of [(query, calls, seconds)]; what is of no kind is not of a load."""
    spent = {kind: 0.0 for kind, _ in KINDS}
    for query, _, seconds in statements:
        kind = next((k for k, pattern in KINDS if re.search(pattern, query)), None)
        if kind:
            spent[kind] += seconds
    return spent


class Stated(Load):
    """A load whose statements are counted by pg_stat_statements."""

    def made(self):
        name = super().made()
        with self.world.postgres.connect(name) as c:
            c.execute("CREATE EXTENSION pg_stat_statements")
            c.execute(f"ALTER DATABASE {name} SET pg_stat_statements.track = 'top'")
        return name

    def figures(self, sampler):
        spent = by_kind(self.session.execute(STATEMENTS).fetchall())
        figures, bare = super().figures(sampler), spent["rows"] + spent["ledger"]
        return {**figures, "ledger_ms": 1000 * spent["ledger"] / figures["loads"],
                "claims_ms": 1000 * spent["claims"], "share": 100 * spent["ledger"] / bare,
                "all_share": 100 * (spent["ledger"] + spent["claims"]) / sum(spent.values())}


def stated(partitions):
    return lambda world: measured(Stated(world.reference(f"partitions-{partitions}", partitions),
                                         50, 1))


ONCE = {f"{n} partitions, 1 lane": stated(n) for n in (8, 100)}


# --- outbox

FIELDS = ("event_id", "event_time", "user_id", "session_id", "event_type", "amount", "currency",
          "country", "ip", "os", "ver", "size_class", "is_test", "channel")
EMIT = f"""  transform = function(b)
    b:emit(OUTPUT, (b.n % 10):eq(0),
           {{ key = b.user_id, value = {{ {", ".join(map(json.dumps, FIELDS))} }} }})
"""
READ = '    "n           bigint       @ kafka.offset  unstored",\n'


class Emitting(Load):
    """Every tenth event goes to another topic, all its columns in JSON."""

    def __init__(self, world):
        self.output = world.kafka.create_topic(f"output-{next(world.databases)}")
        ends = world.kafka.ends(world.topic).values()
        self.due = sum((end + 9) // 10 for end in ends)
        super().__init__(world, 50, 1)

    def text(self):
        text = super().text().replace('    "event_id ', READ + '    "event_id ', 1)
        text = text.replace("  transform = function(b)\n", EMIT, 1)
        text = text.replace("OUTPUT", json.dumps(self.output))
        return text.replace("  fields = {", f'  outputs = {{ "{self.output}" }},\n  fields = {{', 1)

    def wait(self):
        super().wait()
        self.process.until(lambda: self.process.metric("output_records_total") >= self.due)

    def finish(self):
        records = self.world.kafka.dump(self.output)
        ids = {dict(m.headers())["tg-id"] for m in records}
        if len(records) != self.due or len(ids) != self.due:
            raise RuntimeError(f"{self.due} records due, {len(records)} came, {len(ids)} differ")
        self.world.kafka.delete_topic(self.output)
        super().finish()


OUTBOX = {"no outbox": lambda world: measured(Load(world, 50, 1)),
          "a tenth emitted": lambda world: measured(Emitting(world))}
