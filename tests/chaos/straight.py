"""A run of a pipeline with `sink: kafka`: from Kafka to Kafka, without PostgreSQL. What a World
knows from the ledger is in the group's offsets here, and the outputs are all there is to check."""
import collections

from confluent_kafka import Consumer, TopicPartition

import outputs
import verify
from log import Reader
from world import World


class Straight(World):
    def __init__(self, servers, plan, out):
        super().__init__(servers, plan, out)
        self.skipped = collections.defaultdict(set)  # partition -> deleted before they were read

    def store(self):
        return Offsets(self)

    def sink(self, config):
        """Every second member is a static one: it comes back as the one that it was."""
        name = {"instance": f"m{len(self.members)}"} if len(self.members) % 2 else {}
        return {**config, "sink": "kafka", "kafka": {**config["kafka"], **name}}

    def patient(self, config):
        return config

    def owners(self):
        return {m.process.pid for m in self.alive() if not m.stands() and m.reading()}

    def loaded(self):
        committed = self.kafka.committed(self.topic, self.topic)
        return {part: offset for part, offset in committed.items() if offset >= 0}

    def forget(self, part, choose):
        """What the pipeline had not read is passed over."""
        loaded, unread = self.loaded().get(part, 0), super().forget(part, choose)
        if unread:
            self.skipped[part].update(o for o in self.deleted[part] if o >= loaded)
        return unread

    def said(self, text):
        """There is no log of PostgreSQL."""
        return 0

    def unsent(self):
        """The chain's end is the group's offset: what is before it is out."""
        return []

    def check(self):
        """.aborted of the Report: records in the outputs that only a reader of all of them sees."""
        log, report, due = verify.Log(self.kafka.bootstrap, self), verify.empty(), {}
        for part in range(self.partitions):
            there, _ = log.read(part)
            verify.check_log(report, part, there, self)
            events = verify.place(self.plan, part, {offset: sent for offset, sent in there.items()
                                                    if offset not in self.skipped[part]})
            report.fates.update(placed.fate for placed in events.values())
            report.fates["deleted"] += len(there) - len(events)
            due.update(outputs.due(self.topic, part, events))
        records = log.records()
        outputs.check(report, records, due)
        outputs.check_group(report, log)
        every = log.records(Reader(self.kafka.bootstrap, "read_uncommitted"))
        report.due, report.aborted = due, len(every) - len(records)
        return report


class Offsets:
    """Asks the group's coordinator how far it is."""

    def __init__(self, world):
        self.world = world
        self.reader = Consumer({"bootstrap.servers": world.kafka.bootstrap, "group.id": world.topic,
                                "isolation.level": "read_uncommitted", "log_level": 0})

    def chain(self):
        parts = [TopicPartition(self.world.topic, p) for p in range(self.world.partitions)]
        return {p.partition: p.offset for p in self.reader.committed(parts, 5) if p.offset >= 0}

    def close(self):
        """It connects anew by itself."""
