"""A real Kafka, and an independent client (confluent-kafka) to feed it and to look into it."""
import json
import pathlib
import socket
import struct

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from lib.poll import PATIENCE_S, eventually
from lib.server import Server

NEW_LEADER = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)


class Kafka(Server):
    script = "kafka.sh"

    def __init__(self, brokers=1, version=None, via=None, **settings):
        """settings: of the brokers, with _ for the dots: log_retention_ms=1000. via: the ports of
        a proxy, one for each broker, that lead to the ports via()."""
        self.brokers = brokers
        args = ["--quick", "--brokers", str(brokers)] + (["--version", version] if version else [])
        args += ["--via", ",".join(map(str, via))] if via else []
        super().__init__(*args, *(f"{k.replace('_', '.')}={v}" for k, v in settings.items()))
        self.bootstrap = self.address
        self.reader = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "e2e-reader",
                                "log_level": 0})

    def via(self):
        """The ports of the brokers that tell clients to come through the proxy."""
        return list(map(int, pathlib.Path(self.folder, "via").read_text("utf-8").split()))

    def create_topic(self, name, partitions=8, **settings):
        config = {k.replace("_", "."): str(v) for k, v in settings.items()}
        topic = NewTopic(name, num_partitions=partitions, replication_factor=-1, config=config)
        admin = self.admin()  # the name keeps it alive until the answer is here
        admin.create_topics([topic], operation_timeout=60)[name].result(90)
        return name

    def add_partition(self, name, count):
        """It has so many afterwards."""
        admin = self.admin()
        wanted = [NewPartitions(name, count)]
        admin.create_partitions(wanted, operation_timeout=60)[name].result(90)

    def delete_topic(self, name):
        admin = self.admin()
        admin.delete_topics([name], operation_timeout=60)[name].result(90)

    def delete_records(self, topic, partition, before):
        """As retention does; returns the new first offset. The client has no call for it: one
        DeleteRecords request (API 21, version 0), to the leader."""
        def text(s):
            return struct.pack(">h", len(s)) + s.encode()
        body = (struct.pack(">hhi", 21, 0, 1) + text("e2e") + struct.pack(">i", 1) + text(topic)
                + struct.pack(">iiqi", 1, partition, before, 30000))
        cluster = self.admin().list_topics(topic, 60)
        leader = cluster.brokers[cluster.topics[topic].partitions[partition].leader]
        address = (leader.host, leader.port)
        with socket.create_connection(address, 60) as s, s.makefile("rb") as answers:
            s.sendall(struct.pack(">i", len(body)) + body)
            answer = answers.read(struct.unpack(">i", answers.read(4))[0])
        _, low, error = struct.unpack(">iqh", answer[-14:])
        if error:
            raise RuntimeError(f"DeleteRecords: error {error}")
        return low

    def admin(self):
        return AdminClient({"bootstrap.servers": self.bootstrap})

    def produce(self, topic, events, partition=None, **config):
        """Sends events and returns their [(partition, offset)], in order of sending. An event is
        bytes (the value), a dict (as JSON), None (a tombstone) or (key, value, headers). What goes
        to one partition goes there at once, as long as it is not much: flush() ends the linger."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 500,
                             "enable.idempotence": True, **config})
        events = list(events)
        places = [None] * len(events)
        for i, event in enumerate(events):
            key, value, headers = event if isinstance(event, tuple) else (None, event, None)
            if isinstance(value, (dict, list)):
                value = json.dumps(value).encode()
            where = {} if partition is None else {"partition": partition}
            while True:
                try:
                    producer.produce(topic, value, key=key, headers=headers,
                                     on_delivery=_place(places, i), **where)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
        if producer.flush(PATIENCE_S) or None in places:
            lost = places.count(None)
            raise TimeoutError(f"{topic}: {lost} of {len(places)} events not delivered")
        return places

    def produce_at(self, topic, events, partition, timestamp_ms):
        """Sends events (as JSON) to a partition, all with that Kafka timestamp."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 500,
                             "enable.idempotence": True})
        for event in events:
            producer.produce(topic, json.dumps(event).encode(), partition=partition,
                             timestamp=timestamp_ms)
        if producer.flush(PATIENCE_S):
            raise TimeoutError(f"{topic}: events not delivered")

    def consume(self, topic, count, deadline=PATIENCE_S, isolation="read_committed"):
        """The first `count` messages of all partitions, read by a client of no group."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "e2e-reader",
                             "enable.auto.commit": False, "isolation.level": isolation})
        try:
            parts = consumer.list_topics(topic, 60).topics[topic].partitions
            consumer.assign([TopicPartition(topic, p, 0) for p in parts])
            got = consumer.consume(count, deadline)
        finally:
            consumer.close()
        bad = [m.error() for m in got if m.error()]
        if bad or len(got) < count:
            raise TimeoutError(f"{topic}: {len(got)} of {count} messages in {deadline} s {bad}")
        return got

    def dump(self, topic):
        """All messages that are there now, read_committed, up to the end of every partition."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "e2e-reader",
                             "enable.auto.commit": False, "enable.partition.eof": True})
        messages = []
        try:
            left = set(consumer.list_topics(topic, 60).topics[topic].partitions)
            consumer.assign([TopicPartition(topic, p, 0) for p in left])
            while left:
                m = consumer.poll(60)
                if m is None:
                    raise TimeoutError(f"{topic}: {left} not at their end after 60 s")
                if not m.error():
                    messages.append(m)
                elif m.error().code() == KafkaError._PARTITION_EOF:
                    left.discard(m.partition())
                else:
                    raise KafkaException(m.error())
        finally:
            consumer.close()
        return messages

    def ends(self, topic):
        """{partition: the offset after its last message}"""
        return ends(self.reader, topic)

    def committed(self, topic, group):
        """{partition: the group's committed offset, or -1001}"""
        member = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group})
        try:
            parts = _partitions(member, topic)
            return {p.partition: p.offset for p in member.committed(parts, 60)}
        finally:
            member.close()

    def answers(self):
        try:
            return bool(self.admin().list_topics(timeout=10).brokers)
        except KafkaException:
            return False

    def stop(self, node=None):
        self.run("stop", *self._node(node))

    def start(self, node=None):
        self.run("start", *self._node(node))

    def kill9(self, node=None):
        self.run("kill9", *self._node(node))

    def pause(self, node=None):
        self.run("pause", *self._node(node))

    def resume(self, node=None):
        self.run("resume", *self._node(node))

    def restart(self, node=None):
        self.run("restart", *self._node(node))

    def wipe(self):
        if hasattr(self, "reader"):  # else it never came up
            self.reader.close()
        super().wipe()

    @staticmethod
    def _node(node):
        return [] if node is None else ["--node", str(node)]


def ends(consumer, topic):
    """{partition: the offset after its last message}"""
    return {p.partition: eventually(lambda p=p: _watermarks(consumer, p))[1]
            for p in _partitions(consumer, topic)}


def _partitions(consumer, topic):
    parts = consumer.list_topics(topic, 60).topics[topic].partitions
    return [TopicPartition(topic, p) for p in parts]


def _watermarks(consumer, partition):
    """(low, high), or None while its leader is new: librdkafka leaves that to its caller."""
    try:
        return consumer.get_watermark_offsets(partition, 60)
    except KafkaException as e:
        if e.args[0].code() not in NEW_LEADER:
            raise
        return None


def _place(places, i):
    def delivered(error, message):
        if not error:
            places[i] = (message.partition(), message.offset())
    return delivered
