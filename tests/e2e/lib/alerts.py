"""Who gets alerts: a real Alertmanager, and a webhook that behaves as told."""
import http.server
import json
import threading
import time
import urllib.parse
import urllib.request

from lib.server import Server


class Alertmanager(Server):
    """`address` is host:port; stopped, it can be started again there and has forgotten nothing."""

    script = "alertmanager.sh"

    def stop(self):
        self.run("stop")

    def start(self):
        self.run("start", "--port", self.address.rpartition(":")[2])

    def alerts(self, **labels):
        """Those that fire and have these labels, as it shows them."""
        filters = "&".join(f"filter={urllib.parse.quote(f'{k}={json.dumps(v)}')}"
                           for k, v in labels.items())
        url = f"http://{self.address}/api/v2/alerts?{filters}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return json.load(answer)


class Webhook:
    """Keeps what it gets. mode: "take"; "refuse" answers 503; "hang" answers never."""

    def __init__(self, mode="take"):
        self.mode, self.requests, self.headers = mode, [], []
        self.over = threading.Event()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.headers.append(dict(self.headers))
                came = time.time()
                hook.requests.append([{**a, "came": came} for a in json.loads(body)])
                if hook.mode == "hang":
                    hook.over.wait()
                self.send_response(503 if hook.mode == "refuse" else 200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def told(self, **labels):
        """All alerts with these labels it was told of, oldest first; `came`: when."""
        return [a for r in list(self.requests) for a in r
                if all(a["labels"].get(k) == v for k, v in labels.items())]

    def close(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
