"""A topic beside a broken one on the same lane: what its events cost, beside what they cost alone.
All events of both topics are in Kafka before the start."""
import statistics
import subprocess
import time

from variants import Load, measured, shape

GOOD, BROKEN = "reference", "broken"
ALONE = "alone"
# What the broken topic's script has instead of the good one's. One that fails on the few events it
# is tried with would not even start.
KINDS = {"failing script": ("  transform = function(b)\n", "  transform = function(b)\n"
                            '    if b.user_id:gt(0):any() then error("no") end\n'),
         "open breaker": ("  rules = {\n", '  rules = {\n    between { "user_id", min = -2,'
                          ' max = -1, on_fail = "tag", critical = 1 },\n'),
         "dropped table": ("", "")}


class Beside(Load):
    """All events of the good topic, beside a topic that is broken in this way; None: beside
    nothing. The tables are there, and are not made again."""

    def __init__(self, world, kind):
        self.kind, self.broken_at = kind, None
        super().__init__(world, rules=50, lanes=1)
        self.process.config["postgres"]["create_tables"] = False
        del self.process.config["breaker"]
        with world.postgres.connect(self.database) as c:
            c.execute("DROP SCHEMA tidegate CASCADE")
            c.execute(f"CREATE TABLE {BROKEN} (LIKE {GOOD})")

    def made(self):
        return self.world.fresh(template="bench_shape")

    def fill(self, home):
        super().fill(home)
        if not self.kind:
            return
        text = (home / "scripts/reference.lua").read_text(encoding="utf-8")
        text = text.partition("\n  tests")[0] + "\n}\n"  # with them it would not even start
        text = text.replace(f'"{GOOD}"', f'"{BROKEN}"')
        self.process.script(f"{BROKEN}.lua", text.replace(*KINDS[self.kind], 1))

    def query(self, what, rest=""):
        return self.session.execute(
            f"SELECT {what} FROM tidegate.segment s JOIN tidegate.partition p"
            f" ON p.id = s.partition_id WHERE p.topic = '{GOOD}' {rest}").fetchall()

    def loaded(self):
        self.break_it()
        return self.query("coalesce(sum(to_offset - from_offset), 0)")[0][0]

    def break_it(self):
        """The table goes while rows come into it."""
        if self.kind != "dropped table" or self.broken_at:
            return
        if self.session.execute(f"SELECT EXISTS (SELECT FROM {BROKEN})").fetchone()[0]:
            self.broken_at = time.time()
            self.session.execute(f"DROP TABLE {BROKEN}")

    def figures(self, sampler):
        """From the first commit without the neighbour to the last one; `all`: from the assignment
        of partitions, or the loss of the table, on."""
        self.check()
        began = self.broken_at or self.assigned()
        commits = [c for c in self.commits() if c[0] > began]
        first, last, count = commits[0][0], commits[-1][0], sum(int(n) for _, n in commits)
        steady = count - int(commits[0][1])
        return {"rate": steady / (last - first), "rate_all": count / (last - began),
                "own_cpu": sampler.spent("own", first, last) / steady * 1e6,
                "own_cpu_all": sampler.spent("own", began, last) / count * 1e6,
                "pg_cpu": sampler.spent("pg", first, last) / steady * 1e6,
                "rss_mb": self.process.rss_peak_bytes() / 1e6, "loads": len(commits)}

    def commits(self):
        return self.query("extract(epoch FROM pg_xact_commit_timestamp(s.xmin))::float8 AS at,"
                          " sum(n_in)::bigint", "GROUP BY 1 ORDER BY 1")

    def check(self):
        """Raises unless the neighbour is as broken as it should be."""
        state = {t["topic"]: t for t in self.process.status()["topics"]}.get(BROKEN)
        if self.kind and not (state and state["waits"]):
            raise RuntimeError(f"the neighbour is not broken: {state}")


def beside(kind):
    def variant(world):
        shape(world)
        make_topic(world)
        return measured(Beside(world, kind))
    return variant


def make_topic(world):
    """The broken topic's events are those of the good one."""
    if BROKEN not in world.kafka.admin().list_topics(timeout=60).topics:
        world.generate("--brokers", world.kafka.bootstrap, "--topic", BROKEN, "--partitions", "8",
                       stdout=subprocess.DEVNULL).wait()


NEIGHBOURS = {ALONE: beside(None), **{f"beside: {kind}": beside(kind) for kind in KINDS}}


def times(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def against_alone(rounds):
    """Lines: each variant's wall time and CPU time an event, over those of the good topic alone in
    the same round; once the neighbour is broken, and with what breaking costs."""
    for name in [n for n in rounds[0] if n in NEIGHBOURS and n != ALONE]:
        for part, title in (("", "once broken"), ("_all", "all in all")):
            wall = [r[ALONE][f"rate{part}"] / r[name][f"rate{part}"] for r in rounds]
            cpu = [r[name][f"own_cpu{part}"] / r[ALONE][f"own_cpu{part}"] for r in rounds]
            yield (f"{name}, over {ALONE}, {title}: wall time an event {times(wall)},"
                   f" CPU time {times(cpu)}")
