"""The commands: data on stdout and nothing else there, what is wrong on stderr, exit codes that a
script can trust: 0 ok, 1 failure, 2 usage, 3 nothing to do, 75 later, 78 configuration."""
import json
import os
import pathlib
import re
import subprocess

import pytest

from lib import scripts
from lib.server import TOP
from lib.tidegate import PROGRAM

COMMANDS = re.findall(r"(?m)^  (\w+) ", subprocess.run(
    [PROGRAM, "--help"], capture_output=True, text=True, check=True).stdout)


def run(*args, cwd="/", stdin=None, env=None):
    """(exit code, stdout, stderr)"""
    done = subprocess.run([PROGRAM, *map(str, args)], cwd=cwd, input=stdin, capture_output=True,
                          text=True, check=False, timeout=180,
                          env={**os.environ, **(env or {})},
                          **({} if stdin is not None else {"stdin": subprocess.DEVNULL}))
    return done.returncode, done.stdout, done.stderr


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def home(tmp_path):
    """What `tidegate init` makes."""
    code, out, err = run("init", tmp_path / "shop")
    assert (code, err) == (0, "")
    for line in out.splitlines()[:-1]:
        assert pathlib.Path(line).is_file()
    return tmp_path / "shop"


# --- without servers

def test_every_command_explains_itself():
    assert {"run", "check", "test", "demo", "reload", "status", "init", "eval", "trace", "rules",
            "quarantine", "partitions", "breaker", "generate", "version",
            "docs", "health"} <= set(COMMANDS)
    for name in COMMANDS:
        code, out, err = run(name, "--help")
        assert (code, err) == (0, ""), name
        assert out.startswith(f"usage: tidegate {name}") and "example: tidegate" in out, out
        assert run(name, "-h") == (0, out, ""), name


def test_what_is_misspelt_is_guessed():
    for args, guess in [(("chekc",), "check"), (("check", "--conect"), "--connect"),
                        (("quarantine", "list", "--topics", "x"), "--topic")]:
        code, out, err = run(*args)
        assert (code, out) == (2, "") and guess in err, (args, err)
    assert run()[0] == 2 and run()[1] == ""
    assert run("--help")[0] == 0


@pytest.mark.parametrize("args", [
    ("generate", "orders", "--count", "many"), ("generate", "orders", "--count"),
    ("generate", "nothing"), ("eval",), ("trace", "1"), ("quarantine",), ("quarantine", "lits"),
    ("breaker", "hold"), ("docs",), ("docs", "nothing"), ("init",), ("status", "--json=yes"),
    ("check", "surplus"), ("run", "surplus"), ("status", "surplus"), ("version", "surplus")],
    ids=" ".join)
def test_wrong_usage_is_2(args):
    code, out, err = run(*args)
    assert (code, out) == (2, "") and err.startswith(f"tidegate {args[0]}"), (out, err)


def test_a_new_home_is_good(home):
    code, out, err = run("test", cwd=home)
    assert (code, err) == (0, "")
    assert "ok   orders: currency is upper-cased" in out and ", 0 failed" in out
    assert run("check", cwd=home)[0] == 0
    code, out, err = run("init", home)
    assert (code, out) == (1, "") and "tidegate.yaml" in err and "nothing was changed" in err


def test_test_tells_failures_from_nothing_to_do(home):
    topic = home / "scripts/orders.lua"
    topic.write_text(topic.read_text().replace('currency = "EUR" } } }', 'currency = "USD" } } }'))
    code, out, err = run("test", "--quiet", cwd=home)
    assert (code, err) == (1, "")
    assert "FAIL orders: currency is upper-cased" in out and "scripts/orders.lua:" in out
    assert "ok  " not in out
    code, out, err = run("test", "--json", cwd=home)
    failed = [t for t in lines(out) if not t["ok"]]
    assert code == 1 and len(failed) == 1 and failed[0]["subject"] == "orders"
    assert run("test", "--filter", "amount_present", cwd=home)[0] == 0
    assert run("test", "--filter", "no such test", cwd=home)[0] == 3
    topic.write_text("return {")
    code, out, err = run("test", cwd=home)
    assert code == 78 and "scripts/orders.lua:1" in err


BAD_CONFIG = """pipelin: shop
kafka:
  brokers: localhost:9092
  properties: { enable.auto.commit: "true" }
load: { rows: many, bytes: 24MiB }
lanes: 0
lanes: 2
"""


def test_check_finds_all_faults_at_once(home):
    (home / "tidegate.yaml").write_text(BAD_CONFIG)
    (home / "rules/worse.lua").write_text("return {\n  doc = 5,\n}\n")
    code, out, err = run("check", cwd=home)
    assert (code, out) == (78, "")
    for part in ["tidegate.yaml:1:1: ", "`pipeline`?", "tidegate.yaml:4:17: ", "enable.auto.commit",
                 "tidegate.yaml:5:15: load.rows: 'many'", "tidegate.yaml:6:8: ", "1 to 64",
                 "tidegate.yaml:7:1: `lanes` is given twice", "`pipeline` is missing",
                 "rules/worse.lua"]:
        assert part in err, (part, err)
    code, out, _ = run("check", "--json", cwd=home)
    assert code == 78 and len(lines(out)) == err.count("error: ")
    assert all(set(fault) == {"where", "what"} for fault in lines(out))
    code, out, err = run("check", "--config", "elsewhere.yaml", cwd=home)
    assert (code, out) == (78, "") and "elsewhere.yaml: the file cannot be read" in err


def test_what_is_odd_and_no_fault_is_told(home):
    (home / "scripts/odd.lua").write_text(
        'return {\n  table = "odd",\n  fields = { "v float8" },\n'
        '  rules = { z_score_below { "v", 1e6, shadow = true } },\n}\n')
    code, out, err = run("check", cwd=home)
    assert code == 0 and "no fault found" in out
    threshold, rules = err.splitlines()
    assert threshold.startswith("warning: scripts/odd.lua:4: z_score_below: in a batch of at most")
    assert rules.startswith("warning: scripts/odd.lua:4: no rule is active on odd: ")
    code, out, _ = run("check", "--json", cwd=home)
    assert code == 0 and [w["warning"] for w in lines(out)] == [True, True]
    code, _, again = run("test", "scripts/odd.lua", cwd=home)
    assert code == 3 and again.startswith(err)


def test_the_configuration_is_found_by_its_variable(home):
    assert run("check", env={"TIDEGATE_CONFIG": str(home / "tidegate.yaml")})[0] == 0
    assert run("check", env={"TIDEGATE_CONFIG": "/nowhere.yaml"})[0] == 78


def test_eval_shows_where_events_would_end(home):
    good = {"order_id": "00000000-0000-4000-8000-000000000001", "ts": "2026-01-01T00:00:00Z",
            "customer_id": 7, "amount": 5, "currency": "eur"}
    events = "\n".join(json.dumps({**good, **more}) for more in (
        {}, {"amount": -3}, {"customer_id": None}, {"amount": None})) + "\n"
    code, out, err = run("eval", "orders", cwd=home, stdin=events)
    rows = lines(out)
    assert code == 0 and [r["fate"] for r in rows] == ["load", "quarantine", "quarantine", "tag"]
    assert rows[0]["row"]["currency"] == "EUR" and rows[0]["issues"] == []
    assert rows[1]["issues"][0]["rule"] == "between(amount)"
    assert rows[2]["issues"][0]["stage"] == "decode"
    assert re.search(r"fail +between\(amount\) +evaluated 2, skipped 1, failed 1", err), err
    (home / "events").write_text(events)
    assert run("eval", "orders", "--input", "events", cwd=home)[1] == out
    code, out, err = run("eval", "odrers", "--input", "events", cwd=home)
    assert (code, out) == (78, "") and "odrers" in err
    code, out, err = run("eval", "orders", "--input", "nothing", cwd=home)
    assert (code, out) == (1, "") and "nothing" in err


def test_generate_is_deterministic():
    code, out, err = run("generate", "orders", "--count", 50, "--seed", 7)
    assert (code, err) == (0, "") and len(out.splitlines()) == 50
    assert run("generate", "orders", "--count", 50, "--seed", 7)[1] == out
    assert run("generate", "orders", "--count", 50, "--seed", 8)[1] != out
    tail = run("generate", "orders", "--first", 40, "--count", 10, "--seed", 7)[1]
    assert out.endswith(tail)
    for line in lines(run("generate", "payments", "--count", 20)[1]):
        assert set(line) == {"payment_id", "paid_at", "card", "method", "amount"}


def test_version_and_docs():
    code, out, err = run("version")
    assert (code, err) == (0, "") and out.startswith("tidegate ") and "librdkafka " in out
    assert run("--version")[1] == out
    assert run("docs", "config")[1] == (TOP / "docs/CONFIG.md").read_text()
    assert json.loads(run("docs", "schema")[1])["type"] == "object"


def test_rules_lists_what_there_is(home):
    code, out, err = run("rules", cwd=home)
    assert (code, err) == (0, "")
    assert re.search(r"(?m)^between +accuracy ", out) and "amount_present" in out


def test_servers_that_are_away_mean_later(home):
    for args in (("quarantine", "list"), ("trace", "1", "1"), ("breaker", "status", "orders"),
                 ("status",), ("reload",), ("health",)):
        config = (home / "tidegate.yaml").read_text()
        (home / "away.yaml").write_text(config.replace("localhost/", "127.0.0.1:1/")
                                        .replace(":8080", ":1"))
        code, out, err = run(*args, "--config", "away.yaml", cwd=home)
        assert (code, out) == (75, "") and "error: " in err, (args, code, err)


# --- with servers

def test_questions_about_what_was_loaded(kafka, topic, tidegate, database):
    name = topic("events", partitions=1)
    process = tidegate(lanes=1)
    process.script("events.lua", scripts.topic(name, "events", rules=[
        'between { "amount", min = 0, on_fail = "quarantine" }']))
    code, out, err = process.command("check", "--connect")
    assert (code, out, err) == (0, "tidegate.yaml: no fault found\n", "")
    process.start()
    code, out, err = process.command("quarantine", "list")
    assert (code, out) == (3, "") and "nothing" in err
    kafka.produce(name, [{"id": 1, "amount": 5}, {"id": 2, "amount": -5}, b"{", {"id": 3}])
    process.until(lambda: scripts.done(database, kafka, name))

    code, out, err = process.command("quarantine", "list", "--json")
    rows = lines(out)
    assert (code, err, len(rows)) == (0, "", 2)
    by_stage = {r["stage"]: r for r in rows}
    assert by_stage["rule"]["rule"] == "between(amount)" and by_stage["rule"]["topic"] == "events"
    assert "not JSON" in by_stage["decode"]["reason"] and by_stage["decode"]["offset"] == "2"
    assert [r["stage"] for r in lines(process.command(
        "quarantine", "list", "--json", "--stage", "decode")[1])] == ["decode"]
    assert process.command("quarantine", "list", "--topic", "other")[0] == 3
    assert len(lines(process.command("quarantine", "list", "--json", "--limit", "1")[1])) == 1
    assert process.command("quarantine", "list", "--since", "soon")[0] == 78
    assert process.command("quarantine", "list", "--since", "1 hour")[0] == 0
    counts = lines(process.command("quarantine", "list", "--count", "--json")[1])
    assert {(c["stage"], c["rows"]) for c in counts} == {("rule", "1"), ("decode", "1")}
    _, out, _ = process.command("quarantine", "list")
    assert out.splitlines()[0].split()[:2] == ["id", "created_at"] and "between(amount)" in out
    code, out, err = process.command("quarantine", "show", name, "0", "2", "--json")
    assert (code, err) == (0, "") and lines(out)[0]["value"] == "{"
    assert re.search(r"(?m)^value +\{$", process.command("quarantine", "show", name, "0", "2")[1])
    assert process.command("quarantine", "show", name, "0", "0")[0] == 3

    part, offset = database.rows("SELECT _part, _offset FROM events WHERE id = 3")[0]
    code, out, err = process.command("trace", str(part), str(offset), "--json")
    found = lines(out)[0]
    assert (code, err) == (0, "") and (found["topic"], found["part"], found["offset"]) == (
        name, "0", str(offset))
    assert found["generation"] == process.status()["generation"]
    assert "generation" in process.command("trace", str(part), str(offset))[1]
    assert process.command("trace", str(part), "99")[0] == 3

    process.until(lambda: process.status()["topics"][0]["loaded"] == 2)
    assert process.command("health") == (0, "alive\n", "")
    code, out, err = process.command("status", "--json")
    assert (code, err) == (0, "")
    status = json.loads(out)
    assert status["pipeline"] == process.config["pipeline"]
    seen = status["topics"][0]
    assert (seen["topic"], seen["loaded"], seen["quarantined"], seen["lag_records"]) == (
        "events", 2, 2, 0)
    code, out, err = process.command("status")
    assert (code, err) == (0, "") and re.search(r"(?m)^ +events +2 +0 +2 ", out), out
    assert process.stop() == 0


def test_check_connect_names_what_does_not_answer(kafka, topic, tidegate, database):
    process = tidegate(lanes=1)
    name = topic("events", partitions=1)
    process.script("events.lua", scripts.topic(name, "events"))
    database.execute("CREATE TABLE events (id text)")
    assert process.command("check")[0] == 0
    code, out, err = process.command("check", "--connect")
    assert (code, out) == (78, "") and "events" in err and "id is text" in err
    process.config["postgres"]["dsn"] = "host=127.0.0.1 port=1 dbname=nothing"
    process.configure()
    code, out, err = process.command("check", "--connect")
    assert out == "" and "127.0.0.1" in err and code in (75, 78)


def test_partitions_are_listed_restarted_and_adopted(kafka, topic, tidegate, database):
    name = topic("events", partitions=2)

    def member(**more):
        process = tidegate(lanes=1, **more)
        process.script("events.lua", scripts.topic(name, "events"))
        return process
    first = member().start()
    assert first.command("partitions", "list", "nothing")[0] == 3
    kafka.produce(name, [{"id": n} for n in range(5)], partition=1)
    first.until(lambda: scripts.done(database, kafka, name))
    code, out, err = first.command("partitions", "list", name, "1", "--json")
    seen = lines(out)[0]
    assert (code, err) == (0, "") and (seen["part"], seen["next_offset"], seen["gaps"]) == (
        "1", "5", "0")
    assert first.command("partitions", "list")[1].splitlines()[0].split()[0] == "topic"

    code, out, err = first.command("partitions", "restart", name, "1")
    assert code == 1 and "nothing was changed" in err and "--yes" in err and name in out
    assert scripts.chain(database, name) == {0: 0, 1: 5}

    other = member(pipeline=first.config["pipeline"] + "-2")
    adopt = ("partitions", "adopt", name, "--from-pipeline", first.config["pipeline"])
    code, out, err = other.command(*adopt)
    assert code == 1 and "nothing was changed" in err
    assert first.stop() == 0
    code, out, err = other.command(*adopt, "--yes", "--json")
    assert (code, err) == (0, "") and {r["next_offset"] for r in lines(out)} == {"0", "5"}
    assert other.command(*adopt, "--yes")[0] == 3  # there is nothing more of it
    kafka.produce(name, [{"id": n} for n in range(5, 8)], partition=1)
    other.start(ready=False)
    other.until(lambda: scripts.done(database, kafka, name))
    assert [r[0] for r in database.rows("SELECT id FROM events ORDER BY id")] == [*range(8)]

    assert other.command("partitions", "restart", name, "1", "--yes")[0] == 0
    kafka.produce(name, [{"id": 8}], partition=1)  # with its load the process learns it
    other.until(lambda: database.value("SELECT count(*) FROM events") == 8 + 9)
    for args in (("adopt", name), ("restart",), ("restart", name, "x"), ("remove", name)):
        assert other.command("partitions", *args)[0] == 2
    assert other.stop() == 0
