"""The image of deploy/Dockerfile as it is meant to run: not root, a root that cannot be written, no
shell, no capabilities. tests/container/run builds it, and runs this; elsewhere it is left out."""
import gzip
import json
import os
import pathlib
import subprocess

import pytest

from lib import scripts
from lib.poll import PATIENCE_S
from lib.server import TOP
from lib.tidegate import Died, Tidegate

IMAGE = os.environ.get("TIDEGATE_IMAGE", "")
# Nested containers may raise no limits and have no bridge; the rest is as in production.
HOST = ["--runtime", "runc", "--network", "host", "--ulimit", "nofile=1024:1024", "--ulimit",
        "nproc=1024:1024"]
TIGHT = ["--read-only", "--read-only-tmpfs=false", "--cap-drop", "all", "--security-opt",
         "no-new-privileges"]
MIB = 1 << 20


def podman(*args, code=0):
    """What it prints."""
    done = subprocess.run(["podman", *args], capture_output=True, text=True, check=False,
                          timeout=PATIENCE_S, stdin=subprocess.DEVNULL)
    assert code is None or done.returncode == code, (args, done.returncode, done.stderr)
    return done.stdout.strip() if code == 0 else done.stdout + done.stderr


def run(*args, code=0):
    return podman("run", "--rm", *HOST, *TIGHT, IMAGE, *args, code=code)


class Container(Tidegate):
    """A home that is mounted read-only into a container of its name."""

    name = None

    def start(self, ready=True):
        self.configure()
        self.name = f"tidegate-{os.getpid()}"
        self.folder.chmod(0o755)
        podman("run", "--detach", "--name", self.name, *HOST, *TIGHT, "--no-healthcheck",
               "--volume", f"{self.folder}:/etc/tidegate:ro", IMAGE)
        if ready:
            self.wait_ready()
        return self

    def state(self):
        return json.loads(podman("inspect", self.name))[0]["State"]

    def proc(self):
        """/proc/PID/status as a dict"""
        text = pathlib.Path(f"/proc/{self.state()['Pid']}/status").read_text(encoding="utf-8")
        return dict(line.split(":\t", 1) for line in text.splitlines())

    def running(self):
        return self.name is not None and self.state()["Running"]

    def until(self, ask, deadline=PATIENCE_S):
        try:
            return super().until(ask, deadline)
        except (AttributeError, TimeoutError) as e:
            raise Died(f"{e}\n{self.log()}") from None

    def log(self, size=20000):
        return podman("logs", self.name, code=None)[-size:]

    def signal(self, number):
        podman("kill", "--signal", str(int(number)), self.name)

    def stop(self, deadline=PATIENCE_S):
        podman("stop", "--time", str(int(deadline)), self.name)
        return self.state()["ExitCode"]

    def end(self):
        if self.name:
            podman("rm", "--force", "--time", "0", self.name, code=None)


@pytest.fixture
def shop(kafka, topic, database, tmp_path):
    made = Container(tmp_path / "home", {
        "pipeline": "container", "kafka": {"brokers": kafka.bootstrap, "session_timeout": "10s"},
        "postgres": {"dsn": database.dsn}, "lanes": 1})
    made.topic = topic("events", partitions=2)
    yield made
    made.end()


def test_it_loads_reloads_and_stops(shop, kafka, database):
    shop.script("events.lua", scripts.topic(shop.topic, "events"))
    shop.start()
    kafka.produce(shop.topic, [{"id": n, "name": "before"} for n in range(1000)])
    shop.until(lambda: scripts.done(database, kafka, shop.topic))
    shop.rule("calm.lua", "return {")  # refused: the set that runs stays
    shop.reload()
    shop.until(lambda: shop.metric("reloads_total", result="refused") == 1)
    (shop.folder / "rules/calm.lua").unlink()
    shop.script("events.lua", scripts.topic(
        shop.topic, "events", transform='b.name = b.name .. "!"'))
    shop.reload()
    shop.until(lambda: shop.metric("reloads_total", result="ok") == 1)
    shop.until(lambda: shop.status()["last_reload"] == "ok")
    kafka.produce(shop.topic, [{"id": n, "name": "after"} for n in range(1000)])
    shop.until(lambda: scripts.done(database, kafka, shop.topic))
    rows = database.rows("SELECT name, count(*) FROM events GROUP BY 1 ORDER BY 1")
    assert rows == [("after!", 1000), ("before", 1000)]
    assert podman("exec", shop.name, "/usr/bin/tidegate", "health") == "alive"
    process = shop.proc()
    assert process["NSpid"].split()[-1] == "1" and process["Uid"].split() == ["65532"] * 4
    assert process["CapEff"].strip("0") == "" and process["NoNewPrivs"] == "1"
    assert shop.stop() == 0
    assert database.value("SELECT count(*) FROM events") == 2000


def test_there_is_nothing_in_it_but_the_program():
    made = podman("create", *HOST, IMAGE)
    with subprocess.Popen(["podman", "export", made], stdout=subprocess.PIPE) as export:
        names = subprocess.run(["tar", "-t"], stdin=export.stdout, capture_output=True, text=True,
                               check=True).stdout.split("\n")
    podman("rm", made)
    programs = [n for n in names if "bin/" in n and not n.endswith("/")]
    assert programs == ["usr/bin/tidegate"]
    assert "usr/share/tidegate/rules/accuracy/between.lua" in names
    assert "etc/ssl/certs/ca-certificates.crt" in names


def test_the_catalogue_passes_its_tests_inside():
    assert " 0 failed" in run("test")


def test_its_labels_health_check_and_size(tmp_path):
    config = json.loads(podman("inspect", IMAGE))[0]
    labels = config["Config"]["Labels"]
    version = (TOP / "VERSION").read_text(encoding="utf-8").strip()
    assert labels["org.opencontainers.image.version"] == version
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert len(labels["org.opencontainers.image.revision"]) == 40
    assert config["User"] == "65532:65532"
    assert config["Healthcheck"]["Test"] == ["CMD", "/usr/bin/tidegate", "health"]
    assert config["Config"]["StopSignal"] in ("SIGTERM", "15")
    podman("save", "--output", str(tmp_path / "image.tar"), IMAGE)
    size = len(gzip.compress((tmp_path / "image.tar").read_bytes(), 6))
    print(f"compressed: {size / MIB:.1f} MiB")
    assert size < 60 * MIB
