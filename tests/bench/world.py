"""What a benchmark runs in: a broker with the events, a server with a shape, and clocks for CPU."""
import copy
import itertools
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time
from datetime import datetime

import producer
from figures import repeated
from lib.kafka import Kafka
from lib.postgres import Postgres

TICK = os.sysconf("SC_CLK_TCK")
# The same for every variant. What a plain installation has, but for a bigger WAL and buffers;
# autovacuum would come and go between rounds. Statements are counted where a variant asks for it.
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB", "checkpoint_timeout": "1h",
            "track_commit_timestamp": "on", "autovacuum": "off",
            "shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track": "none"}
SUMS = """SELECT count(*), sum(amount) * 100, count(amount), sum(user_id), sum(size_class),
  sum((extract(epoch FROM event_time) * 1000)::bigint), sum(length(event_id::text || session_id
  || event_type || currency || country || ip || os || ver || channel || is_test::text))
  FROM reference"""
TEXTS = ("event_id", "session_id", "event_type", "currency", "country", "ip", "channel")


def parts(line):
    """What a reference event adds to SUMS."""
    e = json.loads(line)
    amount = e["amount"]
    at = datetime.fromisoformat(e["event_time"]).timestamp()
    return (1, round((amount or 0) * 100), amount is not None, e["user_id"],
            2 if len(line) > 350 else 1, round(at * 1000),
            sum(len(e[x]) for x in TEXTS) + len(e["device"]["os"]) + len(e["device"]["ver"])
            + len(str(e["is_test"])))


def cpu_seconds(stat):
    """User and system time, of /proc/PID/stat or /proc/PID/task/TID/stat."""
    fields = pathlib.Path(stat).read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def family_cpu_seconds(pid):
    """Of a process, its living children, and those it has waited for."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    fields = stat.rpartition(")")[2].split()
    total = sum(int(x) for x in fields[11:15]) / TICK
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    for child in children.split():
        try:
            total += cpu_seconds(f"/proc/{child}/stat")
        except OSError:  # it has ended; its parent counts it from now on
            pass
    return total


def busy_seconds():
    """CPU time that all processes of the machine have used."""
    fields = pathlib.Path("/proc/stat").read_text(encoding="utf-8").split("\n")[0].split()
    return (sum(int(x) for x in fields[1:9]) - int(fields[4]) - int(fields[5])) / TICK


class Sampler:
    """Reads clocks every 10 ms on a thread of its own: {name: () -> seconds of CPU}."""

    def __init__(self, clocks):
        self.clocks, self.samples, self.over = clocks, [], threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.over.wait(0.01):
            try:
                now = time.time()
                self.samples.append((now, {name: ask() for name, ask in self.clocks.items()}))
            except OSError:
                return

    def stop(self):
        self.over.set()
        self.thread.join()

    def spent(self, name, since, until):
        """CPU seconds of a clock between two moments (time.time())."""
        before = [c[name] for t, c in self.samples if t <= since] or [self.samples[0][1][name]]
        after = [c[name] for t, c in self.samples if t >= until] or [self.samples[-1][1][name]]
        return after[0] - before[-1]


class World:
    """`count` reference events in 8 partitions, lz4; PostgreSQL with fsync on."""

    def __init__(self, program, count, topic="reference"):
        self.program, self.count, self.topic = program, count, topic
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tgbench-", dir="/tmp"))
        self.kafka = self.postgres = None
        self.raw = self.folder / "rows.bin"
        self.check = SUMS
        self.databases, self.streams = itertools.count(1), {}

    def __enter__(self):
        try:
            self.open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def open(self):
        self.postgres = Postgres(fsync=True, **SETTINGS)
        self.kafka = Kafka()
        self.postmaster = int(self.postgres.run("pid"))
        self.broker = self.kafka_pid()
        self.sums = self.expected()
        self.fill_topic(self.topic)

    def fill_topic(self, topic, partitions=8, *args):
        """Reference events in a topic, which is made."""
        self.generate("--brokers", self.kafka.bootstrap, "--topic", topic, "--partitions",
                      str(partitions), *args, stdout=subprocess.DEVNULL).wait()
        self.complete(topic, self.count)

    def complete(self, topic, count):
        ends = self.kafka.ends(topic)
        if sum(ends.values()) != count:
            raise RuntimeError(f"{topic}: {count} events sent, {sum(ends.values())} in Kafka")

    # --- other topics, on the same servers

    def on(self, topic, count, sums, check=SUMS):
        """The same world, but for the topic, its events and what must become of them: `check` is a
        query that must answer `sums`."""
        other = copy.copy(self)
        other.topic, other.count, other.sums, other.check = topic, count, sums, check
        return other

    def once(self, topic, make):
        """on() with what make() answers, which fills the topic the first time it is asked for."""
        if topic not in self.streams:
            self.streams[topic] = make()
        return self.on(topic, *self.streams[topic])

    def reference(self, topic, partitions=8, *args):
        """As many reference events, made with other arguments of `tidegate generate`."""
        def make():
            sums = self.expected(*args) if args else self.sums
            self.fill_topic(topic, partitions, *args)
            return self.count, sums
        return self.once(topic, make)

    def repeating(self, topic, make_lines, count, parts_of, check):
        """`count` events, the lines that are made over and over; parts_of(line): what one adds to
        `check`."""
        def make():
            lines = make_lines()
            self.kafka.create_topic(topic)
            producer.fill(self.kafka.bootstrap, topic, lines, count)
            self.complete(topic, count)
            return count, repeated([parts_of(x) for x in lines], count), check
        return self.once(topic, make)

    def lines(self, count):
        """The first reference events."""
        source = self.generate(count=count, stdout=subprocess.PIPE)
        lines = [line.rstrip(b"\n") for line in source.stdout]
        if source.wait() or len(lines) != count:
            raise RuntimeError("tidegate generate failed")
        return lines

    def close(self):
        for server in (self.kafka, self.postgres):
            if server:
                server.wipe()
        subprocess.run(["rm", "-rf", str(self.folder)], check=True)

    def generate(self, *args, count=None, **how):
        command = [self.program, "generate", "reference", "--count", str(count or self.count)]
        return subprocess.Popen([*command, *args], stdin=subprocess.DEVNULL, **how)

    def expected(self, *args):
        """What SUMS must give, from the generator's own text."""
        source = self.generate(*args, stdout=subprocess.PIPE)
        sums = repeated((parts(line.rstrip(b"\n")) for line in source.stdout), None)
        if source.wait():
            raise RuntimeError("tidegate generate failed")
        return sums

    def fresh(self, template=None):
        """An empty database, or a copy of one."""
        name = f"bench_{next(self.databases)}"
        with self.postgres.connect() as c:
            c.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
            c.execute("CHECKPOINT")
        return name

    def verify(self, database):
        """Raises unless the table holds exactly the generated rows."""
        with self.postgres.connect(database) as c:
            got = [int(x or 0) for x in c.execute(self.check).fetchone()]
        if got != self.sums:
            raise RuntimeError(f"{database}: rows differ from the generated: {got}, {self.sums}")

    def kafka_pid(self):
        return int(self.kafka.run("pids").split()[0])

    def ours(self):
        """CPU seconds of the servers and of this process with its children that ended."""
        own = os.times()
        return (self.postgres_cpu() + cpu_seconds(f"/proc/{self.broker}/stat")
                + own.user + own.system + own.children_user + own.children_system)

    def postgres_cpu(self):
        return family_cpu_seconds(self.postmaster)
