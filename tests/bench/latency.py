"""Events that come at a pace: how long each takes to be visible, and what a spike does.

The clock of an event begins with its Kafka timestamp (CreateTime, whole milliseconds rounded down:
the moment the producer handed it to librdkafka) and ends with the commit of its row's transaction
by `track_commit_timestamp`. Both are clocks of this machine. The server takes the second one before
it writes the commit to disk; what that and the answer take is told apart (`commit`)."""
import json
import subprocess
import sys

from figures import kept_pace, percentile, repeated
from producer import __file__ as producer_path
from variants import Load
from world import parts

LINES = 100000  # different events; more are these again
WARM_S = 3      # at the same pace, before the clock runs
SENT_AT = '    "sent_at     timestamptz  @ kafka.timestamp",\n'
MET = """SELECT floor(extract(epoch FROM at - sent_at) * 1000)::bigint AS ms, count(*)
  FROM (SELECT sent_at, pg_xact_commit_timestamp(xmin) AS at FROM reference
        WHERE sent_at >= to_timestamp(%s)) r GROUP BY 1"""
BEHIND = """SELECT extract(epoch FROM max(at))::float8 FROM (
  SELECT pg_xact_commit_timestamp(xmin) AS at, min(sent_at) AS oldest FROM reference
  WHERE sent_at >= to_timestamp(%s) GROUP BY xmin) r WHERE at - oldest > interval '1 second'"""


class Paced(Load):
    """phases: [(events a second, seconds)], sent while the program runs."""

    def __init__(self, world, rules, phases):
        self.phases, self.sent, self.number = phases, [], next(world.databases)
        topic = world.kafka.create_topic(f"paced-{self.number}")
        super().__init__(world.on(topic, 0, None), rules, lanes=1)

    def text(self):
        return super().text().replace('    "event_id ', SENT_AT + '    "event_id ', 1)

    def start(self):
        process = super().start()
        process.until(lambda: "partitions assigned" in process.log(1 << 20))
        return process

    def wait(self):
        """Sends everything, then waits until it is loaded."""
        lines = reference_lines(self.world)
        command = [sys.executable, producer_path, self.world.kafka.bootstrap, self.world.topic,
                   str(lines), *(f"{rate}:{seconds}" for rate, seconds in self.phases)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the producer failed: {done.stderr}")
        self.sent = [json.loads(line) for line in done.stdout.splitlines()]
        self.world.count = sum(phase["sent"] for phase in self.sent)
        self.world.complete(self.world.topic, self.world.count)
        self.world.sums = repeated([parts(x) for x in lines.read_bytes().splitlines()],
                                   self.world.count)
        super().wait()

    def figures(self, sampler):
        began, ended = self.sent[0]["began"], self.sent[-1]["ended"]
        return {"own_load": 100 * sampler.spent("own", began, ended) / (ended - began),
                "pg_load": 100 * sampler.spent("pg", began, ended) / (ended - began),
                "rss_mb": self.process.rss_peak_bytes() / 1e6, "loads": len(self.commits()),
                "commit_ms": self.commit_ms(), "pace": self.pace()}

    def commit_ms(self):
        """Mean wall time of a load's last message: ledger, commit, answer."""
        name = "batch_duration_seconds"
        return (1000 * self.process.metric(f"{name}_sum", stage="commit")
                / self.process.metric(f"{name}_count", stage="commit"))

    def pace(self):
        """Whether the producer kept it, the first phase aside."""
        slow = [f"{p['sent'] / p['seconds']:,.0f} of {p['rate']:,.0f}/s, up to"
                f" {p['late_ms']:,.0f} ms late" for p in self.sent[1:] if not kept_pace(p)]
        return "; ".join(slow) or "kept"


class Latency(Paced):
    """Milliseconds until rows are visible at a pace."""

    def __init__(self, world, rate, seconds):
        super().__init__(world, 10, [(rate, WARM_S), (rate, seconds)])

    def figures(self, sampler):
        counts = dict(self.session.execute(MET, (self.sent[1]["began"],)).fetchall())
        ms = {f"p{100 * share:g}": percentile(counts, share)
              for share in (0.5, 0.99, 0.999)}
        return {**super().figures(sampler), **ms, "max": max(counts)}


class Spike(Paced):
    """What five times the load does, and how long after it the backlog is gone."""

    def figures(self, sampler):
        began, over = self.sent[1]["began"], self.sent[1]["ended"]
        last = self.session.execute(BEHIND, (began,)).fetchone()[0] or began
        return {**super().figures(sampler), "recovery_s": max(0.0, last - over),
                "behind_s": last - began,
                "spike": self.sent[1]["sent"] / self.sent[1]["seconds"]}


def reference_lines(world):
    """A file with the events that are sent over and over."""
    path = world.folder / "lines"
    if not path.exists():
        path.write_bytes(b"\n".join(world.lines(LINES)))
    return path
