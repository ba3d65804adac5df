"""A TCP proxy that spoils connections, and one for PostgreSQL that knows a COMMIT. Threads, no
privileges; everything between 127.0.0.1 and 127.0.0.1."""
import socket
import struct
import threading
import time

UP, DOWN = "up", "down"  # to the server, to the client
CHUNK = 65536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends a reset


class Proxy:
    """Listens from the beginning; targets, a port for each of its own, may be set later. What it
    does to every connection: delay_s before each piece, at most bytes_per_s (0: any), nothing in
    the stalled directions."""

    def __init__(self, targets):
        self.targets = list(targets)
        self.delay_s, self.bytes_per_s, self.stalled = 0.0, 0, set()
        self.connections, self.lock = set(), threading.Lock()
        self.listeners = [socket.create_server(("127.0.0.1", 0), backlog=64) for _ in self.targets]
        self.ports = [listener.getsockname()[1] for listener in self.listeners]
        for index in range(len(self.targets)):
            threading.Thread(target=self._listen, args=(index,), daemon=True).start()

    def close(self):
        for listener in self.listeners:
            listener.close()
        self.heal()
        self.reset()

    def heal(self):
        self.delay_s, self.bytes_per_s, self.stalled = 0.0, 0, set()

    def reset(self):
        """Ends all connections without a goodbye; how many."""
        with self.lock:
            pairs = list(self.connections)
        for pair in pairs:
            self._end(pair)
        return len(pairs)

    def _listen(self, index):
        while True:
            try:
                client, _ = self.listeners[index].accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client, index), daemon=True).start()

    def _connect(self, client, index):
        try:
            server = socket.create_connection(("127.0.0.1", self.targets[index]), 10)
        except OSError:  # the server is away: so is the proxy
            client.close()
            return
        pair = (client, server)
        for each in pair:
            each.settimeout(None)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.lock:
            self.connections.add(pair)
        for way in ((client, server, UP), (server, client, DOWN)):
            threading.Thread(target=self._carry, args=(pair, *way), daemon=True).start()

    def _carry(self, pair, source, sink, way):
        try:
            while data := source.recv(CHUNK):
                self._wait(len(data), way, pair)
                if not self.passes(pair, data, way):
                    break
                sink.sendall(data)
                self.passed(pair, way)
        except OSError:
            pass
        self._end(pair)

    def _wait(self, size, way, pair):
        time.sleep(self.delay_s + (size / self.bytes_per_s if self.bytes_per_s else 0))
        while way in self.stalled and pair in self.connections:
            time.sleep(0.05)

    def _end(self, pair):
        with self.lock:
            if pair not in self.connections:
                return
            self.connections.discard(pair)
        for each in pair:
            try:
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                each.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads it
                each.close()
            except OSError:
                pass

    def passes(self, pair, data, way):  # pylint: disable=unused-argument
        """Whether the piece is sent on; else the connection ends."""
        return True

    def passed(self, pair, way):
        """After it was sent on."""


class PostgresProxy(Proxy):
    """arm() makes it cut the next connections that send a COMMIT: before the server gets the last
    piece of it, or when the server's answer comes, which is lost."""

    MARK = b"COMMIT\0"  # the end of the message that commits

    def __init__(self, target):
        self.tails, self.deaf = {}, set()
        self.before, self.after, self.cuts = 0, 0, 0
        super().__init__([target])

    def arm(self, before=0, after=0):
        self.before, self.after, self.cuts = before, after, 0

    def disarm(self):
        """How many were cut."""
        self.before = self.after = 0
        return self.cuts

    def passes(self, pair, data, way):
        if way == DOWN:
            return pair not in self.deaf
        tail = (self.tails.get(pair, b"") + data)[-len(self.MARK):]
        self.tails[pair] = tail
        if tail != self.MARK:
            return True
        with self.lock:
            if self.before:
                self.before, self.cuts = self.before - 1, self.cuts + 1
                return False
            if self.after:
                self.after, self.cuts = self.after - 1, self.cuts + 1
                self.deaf.add(pair)
        return True

    def _end(self, pair):
        super()._end(pair)
        self.tails.pop(pair, None)
        self.deaf.discard(pair)
