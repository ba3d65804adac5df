"""The orders stream on its way: generated into a topic, loaded by processes, checked."""
import random
import re
import time

import psycopg

from lib import checker, oracle
from lib.poll import PATIENCE_S
from lib.server import TOP


class Orders:
    """A topic of generated orders and the processes that load it into one database."""

    def __init__(self, kafka, topic, tidegate, database, seed, clean=False):
        """topic, tidegate: the fixtures. The seed is printed; it decides events and moments."""
        print(f"seed {seed}")
        self.kafka, self.database = kafka, database
        self.seed, self.clean = seed, clean
        self.topic, self.tidegate = topic("orders", partitions=8), tidegate
        self.random = random.Random(seed)
        self.count, self.members = 0, 0
        self.ends = {}

    def generate(self, count, rate=0):
        """The next `count` events, by the program; returns when the brokers have them."""
        command = ["generate", "orders", "--first", self.count, "--count", count, "--seed",
                   self.seed, "--brokers", self.kafka.bootstrap, "--topic", self.topic,
                   "--partitions", 8, "--rate", rate, *(["--clean"] if self.clean else [])]
        code, _, err = self.member().command(*map(str, command))
        assert code == 0, err
        self.count += count
        self.ends = self.kafka.ends(self.topic)
        assert sum(self.ends.values()) == self.count

    def member(self, faults=None, **config):
        """A process of the pipeline, not started."""
        self.members += 1
        process = self.tidegate(name=f"member-{self.members}", faults=faults, **config)
        text = (TOP / "scripts/orders.lua").read_text(encoding="utf-8")
        process.script("orders.lua", re.sub(r"(?m)^return \{$", "return {\n  topics = "
                                            f'{{ "{self.topic}" }},', text, count=1))
        process.script("rates.csv", (TOP / "scripts/rates.csv").read_text(encoding="utf-8"))
        return process

    # --- how far it is

    def chain(self):
        """{partition: the end of its chain}, empty when PostgreSQL does not answer"""
        try:
            return dict(self.database.rows(
                "SELECT part, next_offset FROM tidegate.chain WHERE topic = %s"
                " AND next_offset IS NOT NULL", (self.topic,)))
        except psycopg.Error:  # down, or nothing there yet
            return {}

    def loaded(self):
        return sum(self.chain().values())

    def owners(self):
        """{partition: process id of the owner}"""
        rows = self.database.rows("SELECT part, owner FROM tidegate.partition WHERE topic = %s",
                                  (self.topic,))
        return {part: int(re.search(r":(\d+) lane", owner)[1]) for part, owner in rows if owner}

    def until_loaded(self, count, process):
        """Until the chains have come to `count` events."""
        return process.until(lambda: self.loaded() >= count)

    def until_done(self, process, deadline=PATIENCE_S):
        """Until every chain has come to the end of its partition."""
        process.until(lambda: self.chain() == self.ends, deadline)

    def pause_midway(self, *processes, left=20000):
        """Pauses them after a random number of events more, with about so many left to load. Then
        these stay, however slow a busy machine is with what comes next."""
        while True:
            if self.count - self.loaded() < left:
                self.generate(2 * left)
            until = self.loaded() + self.random.randrange(1, 10000)
            self.until_loaded(min(until, self.count), processes[0])
            for process in processes:
                process.pause()
            if self.loaded() < self.count:
                return
            for process in processes:
                process.resume()

    # --- is it right

    def check(self):
        began = time.monotonic()
        stream = oracle.orders(self.seed, self.count, self.clean)
        report = checker.check(self.database, self.kafka.bootstrap, self.topic, stream)
        print(f"{self.count} events checked in {time.monotonic() - began:.1f} s:",
              dict(report.fates))
        return report

    def assert_exact(self):
        report = self.check()
        assert not report, str(report)
        return report
