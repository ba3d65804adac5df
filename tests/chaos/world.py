"""What a run happens in: a broker, a database, producers, the pipeline's members, and a watcher who
sees how far the chains are."""
import collections
import json
import pathlib
import re
import random
import shutil
import tempfile
import threading
import time

import psycopg
from confluent_kafka import KafkaException

import outputs
import stream
import verify
from disk import Disk
from lib import metrics
from lib.kafka import Kafka
from lib.poll import eventually
from lib.postgres import Postgres
from lib.tidegate import PROGRAM_FAULTS, Tidegate
from log import Reader, sent_of
from proxy import PostgresProxy, Proxy
from producers import ACKED, Source, Transactional

SESSION_S, STATEMENT_S = 6, 3
REFUSED = "the claim was lost or the chain goes on elsewhere"
ENDED = "terminating connection due to administrator command"
STRANGER = """DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stranger') THEN
    CREATE ROLE stranger LOGIN IN ROLE pg_read_all_data, pg_write_all_data;
  END IF; END $$"""
COUNTED = ("fenced_total", "pg_commit_unknown_total")
CHAIN = """SELECT part, next_offset FROM tidegate.chain
  WHERE topic = %s AND next_offset IS NOT NULL"""


def port_of(dsn):
    return int(re.search(r"port=(\d+)", dsn)[1])


class Servers:
    """A Kafka and a PostgreSQL that syncs, each behind a proxy that only members use; several runs
    may follow each other in them. Databases are on a disk of their own, where there can be one.
    straight: without PostgreSQL."""

    def __init__(self, brokers=1, straight=False):
        self.brokers, self.straight, self.runs = brokers, straight, 0
        self.postgres = self.to_postgres = None
        self.disk = None if straight else Disk.make()

    def __enter__(self):
        self.to_kafka = Proxy([None] * self.brokers)
        self.kafka = Kafka(self.brokers, via=self.to_kafka.ports)
        self.to_kafka.targets = self.kafka.via()
        try:
            if not self.straight:
                self.start_postgres()
        except Exception:
            self.kafka.wipe()
            raise
        return self

    def start_postgres(self):
        self.postgres = Postgres(fsync=True)
        if self.disk:
            with self.postgres.connect() as c:
                c.execute(f"CREATE TABLESPACE disk LOCATION '{self.disk.space}'")
        self.to_postgres = PostgresProxy(port_of(self.postgres.address))

    def __exit__(self, *_):
        self.kafka.wipe()
        self.to_kafka.close()
        if self.postgres:
            self.postgres.wipe()
            self.to_postgres.close()
        if self.disk:
            self.disk.wipe()

    def create(self, name):
        return self.postgres.create(name, space="disk" if self.disk else "pg_default")

    def fail_over(self, lost_s):
        """A standby takes PostgreSQL's place, without the commits of the last lost_s seconds."""
        old, self.disk = self.disk, self.disk and Disk.make()
        space = old and (str(old.space), str(self.disk.space))
        self.postgres.fail_over(lost_s, space)
        self.to_postgres.targets = [port_of(self.postgres.address)]
        self.to_postgres.reset()
        if old:
            old.wipe()


class World:
    """One run: its topic, database, producers and members. Everything of it ends with it; when it
    failed the logs of its members are kept in `out`."""

    def __init__(self, servers, plan, out):
        servers.runs += 1
        self.servers, self.rate = servers, 0
        self.kafka, self.postgres = servers.kafka, servers.postgres
        self.to_kafka, self.to_postgres = servers.to_kafka, servers.to_postgres
        self.out = out
        self.plan, self.random = plan, random.Random(plan.seed)
        self.partitions = plan.partitions  # by now
        self.deleted = collections.defaultdict(dict)  # partition -> what Kafka had to forget
        self.deleted_to = {}  # partition -> its first offset afterwards
        self.topic = f"chaos-{servers.runs}"
        self.name = f"chaos_{servers.runs}"
        self.sources, self.members, self.gone = [], [], []
        self.version, self.watcher = 1, None
        self.terminated = 0  # sessions that a fault ended
        self.before = {text: self.said(text) for text in (REFUSED, ENDED)}

    def __enter__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="tgchaos-", dir="/tmp"))
        self.kafka.create_topic(self.topic, self.partitions)
        for name in outputs.NAMES:
            self.kafka.create_topic(f"{self.topic}.{name}", 3)
        self.watcher = Watcher(self, self.store())
        return self

    def store(self):
        """Makes what the pipeline needs beside topics; how to see how far it is."""
        self.database = self.servers.create(self.name)
        self.database.execute(stream.TABLE)
        self.database.execute(STRANGER)
        return Ledger(self)

    def __exit__(self, failure, *_):
        for source in self.sources:
            source.end()
        if failure:
            self.keep_logs()
        self.watcher.end()
        for member in self.members:
            member.end()
        shutil.rmtree(self.home)

    def keep_logs(self):
        for member in self.members:
            folder = self.out / f"seed-{self.plan.seed}-{member.folder.name}"
            shutil.copytree(member.folder, folder, dirs_exist_ok=True)
        print(f"logs of the processes: {self.out}", flush=True)

    # --- producers

    def produce(self, rate):
        """Three sources, one of them transactional, at `rate` events a second together."""
        self.rate = rate
        for number, kind in enumerate((Source, Source, Transactional)):
            self.sources.append(kind(self.kafka.bootstrap, self.topic, self.plan, number,
                                     rate // stream.SOURCES))
        for source in self.sources:
            source.start()

    def produce_all(self, count):
        """One source with so many events; until they are there."""
        self.sources.append(Source(self.kafka.bootstrap, self.topic, self.plan, len(self.sources),
                                   20000, count).start())
        self.sources[-1].join()

    def grow(self):
        """One more partition, and a source that fills it, until there is something in it."""
        self.partitions += 1
        self.kafka.add_partition(self.topic, self.partitions)
        source = Source(self.kafka.bootstrap, self.topic, self.plan, len(self.sources),
                        self.rate // 20).start()
        self.sources.append(source)
        eventually(lambda: source.ends)

    def forget(self, part, choose):
        """Kafka deletes the beginning of a partition: before choose(offsets), the offsets being
        those of its committed events. How many events that are not loaded; None: there is none."""
        log = Reader(self.kafka.bootstrap).messages(self.topic, [part])
        there = {m.offset(): sent_of(self.plan, m) for m in log}
        before = choose(list(there)) if there else None
        if before is None:
            return None
        loaded = self.loaded().get(part, 0)
        gone = {offset: sent for offset, sent in there.items() if offset < before}
        self.deleted[part].update(gone)
        self.deleted_to[part] = self.kafka.delete_records(self.topic, part, before)
        return sum(offset >= loaded for offset in gone)

    def end_producing(self):
        for source in self.sources:
            source.end()
        for source in self.sources:
            source.join()

    def acked(self):
        return sum(source.states.count(ACKED) for source in self.sources)

    # --- members

    def member(self, faults=None, **more):
        """A process of the pipeline, not started."""
        brokers = ",".join(f"127.0.0.1:{port}" for port in self.to_kafka.ports)
        config = {"pipeline": self.topic, "lanes": 1, "load": {"rows": 1000},
                  "breaker": {"quarantine_percent": 0},
                  "kafka": {"brokers": brokers, "session_timeout": f"{SESSION_S}s",
                            "on_gap": "skip"}}
        config = {**self.sink(config), **more}
        made = Member(self.home / f"member-{len(self.members) + 1}", config, faults=faults,
                      program=PROGRAM_FAULTS)
        self.members.append(made)
        self.write_script(made)
        return made

    def sink(self, config):
        """The configuration of the next member, with where it loads to. Every second one may not
        end the sessions of others: the chain must refuse them."""
        dsn = re.sub(r"port=\d+", f"port={self.to_postgres.ports[0]}", self.database.dsn)
        role = "stranger" if len(self.members) % 2 and not self.plan.clean else "postgres"
        return {**config, "postgres": {"dsn": dsn.replace("user=postgres", f"user={role}"),
                                       "owner_dsn": dsn, "statement_timeout": f"{STATEMENT_S}s"}}

    def patient(self, config):
        """The same, with a timeout of statements and idle transactions that nothing outlasts."""
        return {**config, "postgres": {**config["postgres"], "statement_timeout": "60s"}}

    def write_script(self, member, text=None):
        """Keys of the quarantine, of the outbox and of what rules remember fence, too: clean is
        without them."""
        member.script("payments.lua", text or stream.script(self.plan, self.topic, self.version))
        if not self.plan.clean | self.plan.straight:
            member.rule("turn.lua", stream.RULE)

    def alive(self):
        """Members that run, at present."""
        return [m for m in self.members if m.expected and m.running()]

    def pick(self):
        """A member that runs, owning partitions if there is such a one."""
        alive = self.alive()
        owners = self.owners()
        return self.random.choice([m for m in alive if m.process.pid in owners] or alive)

    def owners(self):
        """Process ids that own partitions."""
        try:
            rows = self.database.rows("SELECT owner FROM tidegate.partition WHERE owner <> ''")
        except psycopg.Error:
            return set()
        return {int(owner.split(" lane")[0].rpartition(":")[2]) for (owner,) in rows}

    def all_alive(self):
        """True; raises when a member ended although nobody told it to."""
        for m in self.members:
            if m.expected and not m.running():
                raise RuntimeError(f"{m.folder.name} ended with {m.process.returncode}; the end of "
                                   f"its log:\n{m.log(3000)}")
        return True

    def loaded(self):
        """{partition: the end of its chain}"""
        return dict(self.database.rows(CHAIN, (self.topic,)))

    # --- the end

    def said(self, text):
        """How often the log of PostgreSQL has it."""
        with open(f"{self.postgres.folder}/log", encoding="utf-8", errors="replace") as log:
            return sum(text in line for line in log)

    def refused(self):
        """Loads that the chain or a claim refused (TG001)."""
        return self.said(REFUSED) - self.before[REFUSED]

    def ended(self):
        """Sessions that a new owner ended."""
        return max(0, self.said(ENDED) - self.before[ENDED] - self.terminated)

    def settle(self, deadline=300.0):
        """What did not come to its end in time, as texts: chains, the group's offsets, outputs."""
        try:
            eventually(lambda: not self.behind(), deadline, every=0.2)
            eventually(lambda: not self.unsent(), deadline, every=0.2)
        except TimeoutError:
            said = [f"{m.folder.name}: {m.http('/status.json')[1]}" for m in self.alive()]
            return self.behind() + self.unsent() + said
        return []

    def behind(self):
        """Partitions whose chain is not at its end. The ends are asked for each time: markers of
        transactions, and what a producer that was given up had under way, may come yet."""
        ends, chain = self.kafka.ends(self.topic), self.watcher.chain
        return [f"partition {p}: loaded to {chain.get(p, 0)} of {end}" for p, end in ends.items()
                if end and chain.get(p, 0) != end]

    def unsent(self):
        """Partitions whose outputs are not out, as the group's offsets say; and the outbox."""
        if self.plan.clean:
            return []
        ends = self.kafka.ends(self.topic)
        out = self.kafka.committed(self.topic, self.topic)
        rows = self.database.value("SELECT count(*) FROM tidegate.outbox")
        return [f"partition {p}: out to {out.get(p)} of {end}" for p, end in ends.items()
                if end and out.get(p) != end] + ([f"{rows} rows in the outbox"] if rows else [])

    def check(self):
        """The Report of verify.py."""
        self.database.execute("CREATE INDEX ON payments (_part, arrived)")
        return verify.check(self.database, verify.Log(self.kafka.bootstrap, self), self)


class Member(Tidegate):
    """A process that ends when told to; what it counts is remembered when it is gone."""

    answer_s = 5  # some of them stand still

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.expected, self.counted, self.before = False, {}, collections.Counter()

    def begin(self):
        """Starts it; it is expected to run from now on."""
        self.before.update(self.counted)
        self.counted = {}
        self.start(ready=False)
        self.expected = True

    def leave(self):
        """SIGTERM; its exit code."""
        self.expected = False
        self.look()
        return self.stop(60)

    def kill9(self):
        self.expected = False
        self.look()
        return super().kill9()

    def stands(self):
        """Whether it was stopped, by somebody or by itself."""
        return self._proc("stat").rpartition(")")[2].split()[0] == "T"

    def reading(self):
        """Partitions that it reads; 0 when it does not answer."""
        status, text = self.http("/status.json")
        return sum(each["reading"] for each in json.loads(text)["lanes"]) if status == 200 else 0

    def look(self):
        """Reads its counters, when it answers."""
        status, text = self.http("/metrics")
        if status == 200:
            series = metrics.parse(text)
            self.counted = {n: metrics.total(series, f"tidegate_{n}") or 0 for n in COUNTED}

    def total(self, name):
        return self.before[name] + self.counted.get(name, 0)


class Ledger:
    """Asks PostgreSQL how far the chains are."""

    def __init__(self, world):
        self.world, self.connection = world, None

    def chain(self):
        self.connection = self.connection or self.world.postgres.connect(self.world.name)
        return dict(self.connection.execute(CHAIN, (self.world.topic,)).fetchall())

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class Watcher:
    """Asks five times a second how far the chains are, and members what they count."""

    def __init__(self, world, store):
        self.world, self.store, self.chain = world, store, {}
        self.moved = {}  # partition -> when its chain came further, or had nothing to do
        self.longest_s, self.over = 0.0, threading.Event()
        self.threads = [threading.Thread(target=self._repeat, args=each, daemon=True)
                        for each in ((0.2, self.look), (0.5, self.look_at_members))]
        for thread in self.threads:
            thread.start()

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        self.store.close()

    def _repeat(self, every, look):
        while not self.over.wait(every):
            try:
                look()
            except (psycopg.Error, KafkaException, OSError):  # away, or gone at this moment
                self.store.close()

    def look_at_members(self):
        for member in self.world.alive():
            if not member.stands():
                member.look()

    def look(self):
        now, before = time.monotonic(), self.chain
        try:
            self.chain = self.store.chain()
        finally:
            self.measure(now, before)

    def measure(self, now, before):
        for part, end in self.due().items():
            at = self.chain.get(part, 0)
            if at != before.get(part, 0) or at >= end or part not in self.moved:
                self.moved[part] = now
            self.longest_s = max(self.longest_s, now - self.moved[part])

    def due(self):
        """{partition: the offset after the last acknowledged event}"""
        ends = {}
        for source in list(self.world.sources):
            for part, end in list(source.ends.items()):
                ends[part] = max(end, ends.get(part, 0))
        return ends

    def recovery(self, deadline):
        """Seconds until every partition with events to load has loaded some; None: not in time."""
        began, start = time.monotonic(), dict(self.chain)
        due = self.due()

        def going():
            return all(self.chain.get(p, 0) > start.get(p, 0) or self.chain.get(p, 0) >= end
                       for p, end in due.items())
        try:
            eventually(going, deadline)
            return time.monotonic() - began
        except TimeoutError:
            return None
