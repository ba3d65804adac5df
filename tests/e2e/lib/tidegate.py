"""The program as a process: its folder, its life, what it says."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import urllib.error
import urllib.request

from lib import metrics
from lib.poll import PATIENCE_S, eventually
from lib.server import TOP

PROGRAM = os.environ.get("TIDEGATE", str(TOP / "build/release/tidegate"))
PROGRAM_FAULTS = os.environ.get("TIDEGATE_FAULTS", str(TOP / "build/faults/tidegate"))


class Died(RuntimeError):
    """The process ended when it should not have; the message holds the end of its log."""


class Tidegate:
    """A home in `folder` (tidegate.yaml, scripts/, rules/, log) and at most one process of it."""

    answer_s = 60  # how long an answer of its HTTP endpoint may take

    def __init__(self, folder, config, faults=None, program=None):
        """config: the configuration as a dict; an HTTP address is added. faults: TG_FAULT_POINTS,
        and the build that knows them."""
        self.folder, self.faults, self.process = pathlib.Path(folder), faults, None
        self.program = program or (PROGRAM_FAULTS if faults else PROGRAM)
        for name in ("scripts", "rules"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.log_path = self.folder / "log"
        self.address = f"127.0.0.1:{_free_port()}"
        self.config = {"http": {"listen": self.address}, **config}

    def script(self, name, text):
        (self.folder / "scripts" / name).write_text(text, encoding="utf-8")

    def rule(self, name, text):
        (self.folder / "rules" / name).write_text(text, encoding="utf-8")

    def configure(self):
        """Writes the configuration; start() does it too, command() when there is none."""
        config = json.dumps(self.config, indent=2)  # JSON is YAML
        (self.folder / "tidegate.yaml").write_text(config, encoding="utf-8")

    # --- life

    def start(self, ready=True):
        assert not self.running(), "it runs already"
        self.configure()
        environment = {**os.environ, **({"TG_FAULT_POINTS": self.faults} if self.faults else {})}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "run", "--config", "tidegate.yaml"], cwd=self.folder, stdout=log,
                stderr=log, stdin=subprocess.DEVNULL, env=environment)
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self):
        self.until(lambda: self.http("/readyz")[0] == 200)

    def until(self, ask, deadline=PATIENCE_S):
        """As eventually(), and raises Died as soon as the process is gone."""
        def asked():
            if not self.running():
                raise Died(f"exit {self.process.returncode}; the end of its log:\n{self.log()}")
            return ask()
        try:
            return eventually(asked, deadline)
        except TimeoutError as e:
            raise TimeoutError(f"{e}; the end of its log:\n{self.log()}") from None

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        """Until it has ended by itself; the exit code."""
        return self.process.wait(PATIENCE_S)

    def stop(self, deadline=PATIENCE_S):
        """SIGTERM; returns the exit code."""
        self.signal(signal.SIGTERM)
        return self.process.wait(deadline)

    def kill9(self):
        self.signal(signal.SIGKILL)
        return self.wait()

    def pause(self):
        self.signal(signal.SIGSTOP)
        self.wait_paused()

    def resume(self):
        self.signal(signal.SIGCONT)

    def paused(self):
        """It stands: by pause(), or at a fault point with action stop."""
        return self._proc("stat").rpartition(")")[2].split()[0] == "T"

    def wait_paused(self):
        eventually(self.paused)

    def reload(self):
        self.signal(signal.SIGHUP)

    def end(self):
        """Whatever state it is in, it is gone afterwards."""
        if self.running():
            self.kill9()

    # --- what it says

    def log(self, size=20000):
        data = self.log_path.read_bytes() if self.log_path.exists() else b""
        return data[-size:].decode(errors="replace")

    def http(self, path, method="GET", headers=None, body=None):
        """(status, text); (0, the reason) when nobody answers."""
        request = urllib.request.Request(f"http://{self.address}{path}", data=body, method=method,
                                         headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=self.answer_s) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()
        except OSError as e:
            return 0, str(e)

    def status(self):
        """/status.json; an AssertionError, "not yet" to eventually(), without answer"""
        status, text = self.http("/status.json")
        assert status == 200, text
        return json.loads(text)

    def metrics(self):
        """{(name, labels): value}; an AssertionError, "not yet" to eventually(), without answer"""
        status, text = self.http("/metrics")
        assert status == 200, text
        return metrics.parse(text)

    def metric(self, name, **labels):
        """The sum over the series tidegate_<name> with these labels; None when there is none."""
        return metrics.total(self.metrics(), f"tidegate_{name}", **labels)

    def command(self, *args, deadline=PATIENCE_S):
        """Runs another command of the program in this home: (exit code, stdout, stderr)."""
        if not (self.folder / "tidegate.yaml").exists():
            self.configure()
        done = subprocess.run([self.program, *args], cwd=self.folder, capture_output=True,
                              text=True, timeout=deadline, stdin=subprocess.DEVNULL, check=False)
        return done.returncode, done.stdout, done.stderr

    # --- what it costs

    def rss_bytes(self):
        return self._memory("VmRSS")

    def rss_peak_bytes(self):
        return self._memory("VmHWM")

    def cpu_seconds(self):
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _memory(self, name):
        line = next(x for x in self._proc("status").splitlines() if x.startswith(name + ":"))
        return int(line.split()[1]) * 1024

    def _proc(self, name):
        return pathlib.Path(f"/proc/{self.process.pid}/{name}").read_text(encoding="utf-8")


def _free_port():
    """A port nobody listens on; taken by the process a moment later."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
