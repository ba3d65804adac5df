"""Who sends the events: threads that remember what the broker acknowledged, what was aborted, and
what nobody knows."""
import threading
import time
from array import array

from confluent_kafka import KafkaException, Producer

import stream

UNKNOWN, ACKED, ABORTED = 0, 1, 2
TICK_S = 0.05
CONFIG = {"enable.idempotence": True, "linger.ms": 5, "message.timeout.ms": 600000,
          "reconnect.backoff.max.ms": 500, "socket.timeout.ms": 10000, "log_level": 0}


class Source:
    """Sends its numbers at `rate` a second, with a burst of a second's worth now and then, until
    end() or until `count` are sent. offsets[n]: of an acknowledged one, else -1."""

    def __init__(self, bootstrap, topic, plan, number, rate, count=None):
        self.topic, self.plan, self.number, self.rate = topic, plan, number, rate
        self.count = count
        self.config = {"bootstrap.servers": bootstrap, **CONFIG}
        self.states, self.offsets = bytearray(), array("q")
        self.ends = {}  # partition -> the offset after the last acknowledged one
        self.over, self.failure = threading.Event(), None
        self.thread = threading.Thread(target=self._guarded, name=f"source {number}", daemon=True)

    def start(self):
        self.thread.start()
        return self

    def end(self):
        self.over.set()

    def join(self):
        """Until everything that was sent is acknowledged or given up."""
        self.thread.join(300)
        if self.thread.is_alive():
            raise TimeoutError(f"{self.thread.name} does not end")
        if self.failure:
            raise self.failure

    def acked(self):
        return self.states.count(ACKED)

    def _guarded(self):
        try:
            self.run()
        except Exception as e:  # pylint: disable=broad-except
            self.failure = e

    def batches(self):
        """How many to send now; waits in between."""
        sent, due, at = 0, 0.0, time.monotonic()
        while not self.over.is_set() and (self.count is None or sent < self.count):
            now = time.monotonic()
            due += min(now - at, 1.0) * self.rate
            at = now
            burst = stream.draw(self.plan.seed, self.number, -1 - int(due / self.rate)) % 20 == 0
            size = int(due - sent) if not burst else int(due - sent) + self.rate // 10
            size = size if self.count is None else min(size, self.count - sent)
            if size > 0:
                yield size
                sent += size
                due = max(due, sent)
            self.over.wait(TICK_S)

    def send(self, producer):
        """The next event."""
        number = len(self.states)
        event = stream.event(self.plan, self.number, number)
        self.states.append(UNKNOWN)
        self.offsets.append(-1)
        while True:
            try:
                producer.produce(self.topic, event.value, key=b"%d" % event.account,
                                 partition=event.partition, on_delivery=self._delivered(number),
                                 headers=[("send", b"%d:%d" % (self.number, number))])
                return
            except BufferError:
                producer.poll(0.1)

    def _delivered(self, number):
        def delivered(error, message):
            if not error:
                self.offsets[number] = message.offset()
                self.acknowledge(number, message)
        return delivered

    def acknowledge(self, number, message):
        self.states[number] = ACKED
        self.ends[message.partition()] = message.offset() + 1

    def run(self):
        """A producer that failed for good (librdkafka 2.0.2 does so when a broker comes back, fixed
        in 2.3.0) is replaced; what it had under way stays unknown."""
        producer = Producer(self.config)
        for size in self.batches():
            for _ in range(size):
                try:
                    self.send(producer)
                except KafkaException:
                    producer = Producer(self.config)
            producer.poll(0)
        producer.flush(280)


class Transactional(Source):
    """Each batch is a transaction; one in ten is aborted."""

    def acknowledge(self, number, message):
        """Only the commit does."""

    def run(self):
        producer = self.connected()
        for size in self.batches():
            size = max(size, 20) if self.count is None else size
            first = len(self.states)
            abort = stream.draw(self.plan.seed, self.number, -first - 2) % 10 == 0
            wanted = ABORTED if abort else ACKED
            state = self.transact(producer, size, wanted)
            for number in range(first, len(self.states)):
                self.states[number] = state
            if state == UNKNOWN:
                producer = self.connected()

    def connected(self):
        """A producer after init_transactions, which ends what the one before left open."""
        while True:
            producer = Producer({**self.config, "transactional.id": f"{self.topic}-{self.number}",
                                 "message.timeout.ms": 25000, "transaction.timeout.ms": 30000})
            try:
                producer.init_transactions(60)
                return producer
            except KafkaException as e:
                if self.over.is_set() and not e.args[0].retriable():
                    raise

    def transact(self, producer, size, wanted):
        """What became of it: UNKNOWN when the answer did not come. A commit that was asked for may
        have come through, also when the client says that it has aborted the transaction since."""
        asked = False
        try:
            producer.begin_transaction()
            for _ in range(size):
                self.send(producer)
            if wanted == ABORTED:
                producer.flush(30)
                return self.retried(producer.abort_transaction, ABORTED)
            asked = True
            return self.retried(producer.commit_transaction, ACKED)
        except KafkaException as e:
            if e.args[0].txn_requires_abort():
                try:
                    aborted = self.retried(producer.abort_transaction, ABORTED)
                    return UNKNOWN if asked else aborted
                except KafkaException:
                    pass
            return UNKNOWN

    @staticmethod
    def retried(call, state):
        end = time.monotonic() + 60
        while True:
            try:
                call(30)
                return state
            except KafkaException as e:
                if not e.args[0].retriable() or time.monotonic() > end:
                    raise
