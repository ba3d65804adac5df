"""The variants: each loads all events once into a fresh database and says what that cost."""
import os
import pathlib
import re
import shutil
import time
from datetime import datetime

from lib.server import TOP
from lib.tidegate import Tidegate
from world import Sampler, busy_seconds, cpu_seconds

HOME = TOP / "tests/bench/home"
PIECE = 1 << 18


class Share:
    """Which part of the machine's CPU time others take while something is measured."""

    def __init__(self, ours):
        self.ours, self.began = ours, (ours(), busy_seconds(), time.monotonic())

    def others(self):
        ours, busy, now = (a - b for a, b in zip((self.ours(), busy_seconds(), time.monotonic()),
                                                 self.began))
        return min(1.0, max(0.0, (busy - ours) / (now * os.cpu_count())))


def raw_copy(world):
    """COPY BINARY of the same rows from a file: one connection, one statement."""
    name = world.fresh(template="bench_shape")
    with world.postgres.connect(name) as c:
        share = Share(world.ours)
        cpu, began = world.postgres_cpu(), time.monotonic()
        with c.cursor().copy("COPY reference FROM STDIN (FORMAT binary)") as copy, \
                open(world.raw, "rb") as rows:
            while piece := rows.read(PIECE):
                copy.write(piece)
        wall = time.monotonic() - began
        spent, others = world.postgres_cpu() - cpu, share.others()
    world.verify(name)
    world.postgres.drop(name)
    return {"rate": world.count / wall, "pg_cpu": spent / world.count * 1e6, "others": others}


LISTED, FILES = 46, 4  # of the 50 rules: in the script, in files of their own

# All users of the stream stay within its window: some 100,000 live keys; no row fails.
VELOCITY = 'velocity_below { "user_id", 4096, "24h", time = "event_time" }'


class Load:
    """One run of the program over all events: `rules` of the 50 and `more`, so many lanes."""

    def __init__(self, world, rules, lanes, rows=50000, more=()):
        self.world, self.rules, self.lanes, self.rows = world, rules, lanes, rows
        self.more, self.executed = more, 0.0
        self.database = self.made()
        home = world.folder / f"home-{self.database}"
        config = {"pipeline": self.database, "kafka": {"brokers": world.kafka.bootstrap},
                  "postgres": {"dsn": world.postgres.dsn(self.database)}, "lanes": lanes,
                  "load": {"rows": rows}, "breaker": {"quarantine_percent": 0}}
        self.process = Tidegate(home, config, program=world.program)
        self.fill(home)

    def made(self):
        return self.world.fresh()

    def fill(self, home):
        self.process.script("reference.lua", self.text())
        if self.rules > LISTED:
            shutil.copytree(HOME / "rules", home / "rules", dirs_exist_ok=True)

    def text(self):
        """The topic's script: the first rules of its list; more than there are begin again."""
        text = (HOME / "scripts/reference.lua").read_text(encoding="utf-8")
        head, middle, tail = re.split(r"(?s)(?<=\n  rules = \{\n)(.*?)(?=\n  \},\n\n  tests)", text)
        lines = [x for x in middle.split("\n") if not x.lstrip().startswith("--")]
        wanted = self.rules - FILES if self.rules > LISTED else self.rules
        kept = (lines * (1 + wanted // LISTED))[:wanted]
        kept += [f"    {rule}," for rule in self.more]
        topics = f'  topics     = {{ "{self.world.topic}" }},\n'
        return head.replace("  event_time", topics + "  event_time", 1) + "\n".join(kept) + tail

    def loaded(self):
        """How many events the ledger has."""
        return self.session.execute(
            "SELECT coalesce(sum(to_offset - from_offset), 0) FROM tidegate.segment").fetchone()[0]

    def start(self):
        self.executed = time.time()
        return self.process.start()

    def clocks(self):
        own = f"/proc/{self.process.process.pid}/stat"
        return {"own": lambda: cpu_seconds(own), "pg": self.world.postgres_cpu}

    def run(self):
        """Starts, loads everything, ends; returns the figures."""
        with self.world.postgres.connect(self.database) as self.session:
            process = self.start()
            own = f"/proc/{process.process.pid}/stat"
            share = Share(lambda: self.world.ours() + cpu_seconds(own))
            sampler = Sampler(self.clocks())
            try:
                self.wait()
                time.sleep(0.05)  # a sample after the end; measured up to the last commit
                sampler.stop()
                return {**self.figures(sampler), "others": share.others()}
            finally:
                sampler.stop()
                if process.running() and process.stop():
                    raise RuntimeError(f"exit {process.process.returncode}: {process.log()}")

    def wait(self):
        """Until everything is loaded."""
        self.process.until(lambda: self.loaded() >= self.world.count, deadline=300)

    def commits(self):
        """[(when, events)] of every load."""
        return self.session.execute(
            "SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS at,"
            " sum(n_in)::bigint FROM tidegate.segment GROUP BY 1 ORDER BY 1").fetchall()

    def figures(self, sampler):
        commits = self.commits()
        (first, skipped), (last, _) = commits[0], commits[-1]
        began = self.assigned()
        count = self.world.count
        return {"rate": (count - skipped) / (last - first) if last > first else 0.0,
                "rate_all": count / (last - began),
                "own_cpu": sampler.spent("own", began, last) / count * 1e6,
                "pg_cpu": sampler.spent("pg", began, last) / count * 1e6,
                "keys": self.process.metric("state_keys"),
                "state_mb": self.process.metric("state_bytes") / 1e6,
                "rss_mb": self.process.rss_peak_bytes() / 1e6, "loads": len(commits),
                "stages": self.stages(), "threads": self.threads()}

    def assigned(self):
        """When the first lane got its partitions: reading begins."""
        found = re.findall(r"time=(\S+)Z .*partitions assigned", self.process.log(1 << 20))
        times = [datetime.fromisoformat(x + "+00:00").timestamp() for x in found]
        return min(x for x in times if x >= self.executed)

    def stages(self):
        """CPU seconds per 1M events of each stage, by the program's own metrics."""
        seen = {}
        for (name, labels), value in self.process.metrics().items():
            if name == "tidegate_batch_duration_seconds_sum":
                stage = dict(labels)["stage"]
                seen[stage] = seen.get(stage, 0) + value / self.world.count * 1e6
        return seen

    def threads(self):
        """CPU seconds per 1M events of threads by their name, since the start."""
        seen = {}
        tasks = f"/proc/{self.process.process.pid}/task"
        for task in pathlib.Path(tasks).iterdir():
            name = re.sub(r"[\d -]+$", "", (task / "comm").read_text(encoding="utf-8").strip())
            seen[name] = seen.get(name, 0) + cpu_seconds(task / "stat") / self.world.count * 1e6
        return seen

    def finish(self):
        self.world.verify(self.database)
        self.world.postgres.drop(self.database)


def shape(world):
    """Loads everything once: warms all caches, makes the file and the table raw_copy() takes."""
    if world.raw.exists():
        return
    load = Load(world, rules=50, lanes=1)
    load.run()
    world.verify(load.database)
    with world.postgres.connect(load.database) as c, open(world.raw, "wb") as rows:
        with c.cursor().copy("COPY reference TO STDOUT (FORMAT binary)") as copy:
            for piece in copy:
                rows.write(piece)
        c.execute("TRUNCATE reference")
    with world.postgres.connect() as c:
        c.execute(f"ALTER DATABASE {load.database} RENAME TO bench_shape")


def measured(load):
    figures = load.run()
    load.finish()
    return figures


def end_to_end(rules, lanes, more=()):
    return lambda world: measured(Load(world, rules, lanes, more=more))
