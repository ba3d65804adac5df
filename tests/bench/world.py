"""What a benchmark runs in: a broker with the events, a server with a shape, and clocks for CPU."""
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time

from lib.kafka import Kafka
from lib.postgres import Postgres

TICK = os.sysconf("SC_CLK_TCK")
# The same for every variant. What a plain installation has, but for a bigger WAL and buffers;
# autovacuum would come and go between rounds.
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB", "checkpoint_timeout": "1h",
            "track_commit_timestamp": "on", "autovacuum": "off"}
SUMS = """SELECT count(*), coalesce(sum(amount), 0), count(amount), sum(user_id), sum(size_class),
  sum((extract(epoch FROM event_time) * 1000)::bigint), sum(length(event_id::text || session_id
  || event_type || currency || country || ip || os || ver || channel || is_test::text))
  FROM reference"""


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
        self.databases = 0

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
        self.sums = self._expected()
        self.generate("--brokers", self.kafka.bootstrap, "--topic", self.topic,
                      "--partitions", "8", stdout=subprocess.DEVNULL).wait()
        ends = self.kafka.ends(self.topic)
        if sum(ends.values()) != self.count:
            raise RuntimeError(f"{self.count} events sent, {sum(ends.values())} in Kafka")

    def close(self):
        for server in (self.kafka, self.postgres):
            if server:
                server.wipe()
        subprocess.run(["rm", "-rf", str(self.folder)], check=True)

    def generate(self, *args, **how):
        command = [self.program, "generate", "reference", "--count", str(self.count), *args]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, **how)

    def _expected(self):
        """What SUMS must give, from the generator's own text."""
        sums = [0] * 7
        source = self.generate(stdout=subprocess.PIPE)
        start = 1767225600000  # --start
        texts = ("event_id", "session_id", "event_type", "currency", "country", "ip", "channel")
        for i, line in enumerate(source.stdout):
            e = json.loads(line)
            sums[0] += 1
            if e["amount"] is not None:
                sums[1] += round(e["amount"] * 100)
                sums[2] += 1
            sums[3] += e["user_id"]
            sums[4] += 2 if len(line) > 351 else 1
            sums[5] += start + 3 * i
            sums[6] += (sum(len(e[x]) for x in texts) + len(e["device"]["os"])
                        + len(e["device"]["ver"]) + (4 if e["is_test"] else 5))
        if source.wait():
            raise RuntimeError("tidegate generate failed")
        return sums

    def fresh(self, template=None):
        """An empty database, or a copy of one."""
        self.databases += 1
        name = f"bench_{self.databases}"
        with self.postgres.connect() as c:
            c.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
            c.execute("CHECKPOINT")
        return name

    def verify(self, database):
        """Raises unless the table holds exactly the generated rows."""
        with self.postgres.connect(database) as c:
            got = list(c.execute(SUMS).fetchone())
        got[1] = round(got[1] * 100)
        got = [int(x or 0) for x in got]
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
