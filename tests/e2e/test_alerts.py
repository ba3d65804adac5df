"""What is wrong becomes an alert: a real Alertmanager and a webhook are told until it is right
again, and nobody waits for them."""
import datetime

import pytest

from lib import scripts
from lib.alerts import Alertmanager, Webhook
from lib.poll import eventually

# What fires is told to end in two minutes: no busy machine lets it end between two looks.
QUICK = {"keep": "1s", "resend": "30s", "group_wait": "0s", "rate": 6000, "timeout": "2s"}


@pytest.fixture(scope="module")
def alertmanager():
    server = Alertmanager()
    yield server
    server.wipe()


@pytest.fixture
def hook():
    made = Webhook()
    yield made
    made.close()


@pytest.fixture
def shop(kafka, topic, tidegate, alertmanager, hook):
    """A process of two lanes that tells both, not started."""
    process = tidegate(lanes=2, alerts={
        "alertmanager": f"http://{alertmanager.address}/", "webhook": hook.url, **QUICK})
    process.topic = topic("events", partitions=2)
    process.send = lambda *amounts: kafka.produce(
        process.topic, [{"id": n, "amount": a} for n, a in enumerate(amounts)], 0)
    return process


def judged(process, *rules):
    process.script("events.lua", scripts.topic(process.topic, "events", rules=rules))


def ended(alert):
    """Whether it was told as resolved: one that fires ends in the future."""
    end = datetime.datetime.fromisoformat(alert["endsAt"].replace("Z", "+00:00"))
    return end.timestamp() <= alert["came"]


def test_a_warning_is_told_until_the_rule_is_content(shop, alertmanager, hook):
    judged(shop, 'between { "amount", max = 10, warn = 1 }')
    shop.config["alerts"].update(instance="here", runbook_url="http://docs/OPERATIONS.md",
                                 token_file="token")
    (shop.folder / "token").write_text("s3cret\n", encoding="utf-8")
    shop.start()
    mine = {"pipeline": shop.config["pipeline"], "alertname": "TidegateRuleFailed"}
    shop.send(1, 2, 11)
    alert = shop.until(lambda: alertmanager.alerts(**mine))[0]
    assert alert["labels"] == {**mine, "severity": "warning", "instance": "here",
                               "topic": "events", "rule": "between(amount)"}
    assert alert["annotations"] == {
        "summary": "A rule warns: events, between(amount)",
        "description": "1 of 3 rows failed",
        "runbook_url": "http://docs/OPERATIONS.md#tidegaterulefailed"}
    assert shop.metric("alerts_firing") == 1
    told = shop.until(lambda: hook.told(**mine))
    assert told[0]["labels"] == alert["labels"] and not ended(told[0])
    assert hook.headers[0]["Authorization"] == "Bearer s3cret"
    shop.send(1, 2, 3)
    shop.until(lambda: not alertmanager.alerts(**mine))
    last = shop.until(lambda: [a for a in hook.told(**mine) if ended(a)])
    assert len(last) == 1 and last[0]["startsAt"] == told[0]["startsAt"]
    assert shop.metric("alerts_firing") == 0
    assert shop.metric("alerts_sent_total", receiver="webhook") >= 2
    assert shop.metric("alerts_failures_total") == 0
    assert shop.stop() == 0


def test_an_open_breaker_is_one_alert_over_restarts_until_it_is_closed(shop, alertmanager):
    judged(shop, 'between { "amount", max = 10, critical = 1 }')
    shop.start()
    mine = {"pipeline": shop.config["pipeline"]}
    shop.send(1, 11)
    first = shop.until(lambda: alertmanager.alerts(alertname="TidegateBreakerOpen", **mine))[0]
    assert first["labels"] == {**mine, "alertname": "TidegateBreakerOpen", "severity": "critical",
                               "topic": "events"}  # without instance: every process says so
    rule = shop.until(lambda: alertmanager.alerts(alertname="TidegateRuleFailed", **mine))[0]
    assert rule["labels"]["severity"] == "critical"
    shop.kill9()
    shop.start(ready=False)
    shop.until(lambda: shop.metric("alerts_sent_total", receiver="alertmanager-1"))
    again = alertmanager.alerts(alertname="TidegateBreakerOpen", **mine)
    assert [a["fingerprint"] for a in again] == [first["fingerprint"]]
    judged(shop)
    shop.reload()
    shop.until(lambda: not alertmanager.alerts(alertname="TidegateBreakerOpen", **mine))
    assert shop.stop() == 0


def test_a_refused_reload_is_told_until_a_good_one(shop, alertmanager):
    judged(shop)
    shop.start()
    mine = {"pipeline": shop.config["pipeline"], "alertname": "TidegateReloadFailed"}
    shop.script("broken.lua", "return {")
    shop.reload()
    alert = shop.until(lambda: alertmanager.alerts(**mine))[0]
    assert "broken.lua" in alert["annotations"]["description"]
    (shop.folder / "scripts/broken.lua").unlink()
    shop.reload()
    shop.until(lambda: not alertmanager.alerts(**mine))
    assert shop.stop() == 0


def test_a_halted_partition_is_told_until_it_is_read_again(shop, kafka, database, alertmanager):
    shop.config["alerts"]["resend"] = "1s"  # what the first process has told ends soon
    judged(shop)
    shop.send(*range(9))
    shop.start(ready=False)
    shop.until(lambda: scripts.done(database, kafka, shop.topic))
    assert shop.stop() == 0
    shop.send(*range(9))
    kafka.delete_records(shop.topic, 0, 12)
    shop.start(ready=False)
    mine = {"pipeline": shop.config["pipeline"]}
    alert = shop.until(
        lambda: alertmanager.alerts(alertname="TidegatePartitionHalted", **mine))[0]
    assert alert["labels"]["partition"] == "0" and alert["labels"]["topic"] == shop.topic
    assert "offsets 9 to 11 were deleted" in alert["annotations"]["description"]
    assert shop.stop() == 0
    shop.config["kafka"]["on_gap"] = "skip"
    shop.start()
    lost = shop.until(lambda: alertmanager.alerts(alertname="TidegateEventsLost", **mine))[0]
    assert lost["labels"]["severity"] == "critical"
    shop.until(lambda: not alertmanager.alerts(alertname="TidegatePartitionHalted", **mine))
    assert shop.stop() == 0


def test_what_a_killed_process_has_told_ends_by_itself(shop, alertmanager, hook):
    shop.config["alerts"]["resend"] = "1s"
    judged(shop, 'between { "amount", max = 10, warn = 1 }')
    shop.start()
    shop.send(11)
    mine = {"pipeline": shop.config["pipeline"]}
    shop.until(lambda: alertmanager.alerts(**mine))
    shop.until(lambda: len(hook.told(**mine)) >= 3)  # told again and again
    shop.kill9()
    eventually(lambda: not alertmanager.alerts(**mine))
    assert len({a["startsAt"] for a in hook.told(**mine)}) == 1


@pytest.mark.parametrize("mode", ["refuse", "hang"])
def test_a_receiver_that_is_away_holds_up_nobody(shop, kafka, database, alertmanager, hook, mode):
    """Neither the data, nor the other receiver, nor the end; later it hears how things stand."""
    hook.mode = mode
    alertmanager.stop()
    judged(shop, 'between { "amount", max = 10, warn = 1 }')
    shop.start()
    shop.send(*[11] * 20000)
    shop.until(lambda: scripts.done(database, kafka, shop.topic))
    for receiver in "webhook", "alertmanager-1":
        shop.until(lambda r=receiver: shop.metric("alerts_failures_total", receiver=r) >= 2)
    assert shop.metric("alerts_sent_total") == 0
    alertmanager.start()
    mine = {"pipeline": shop.config["pipeline"], "alertname": "TidegateRuleFailed"}
    shop.until(lambda: alertmanager.alerts(**mine))
    if mode == "hang":
        assert shop.stop() == 0
        return
    hook.mode = "take"
    shop.until(lambda: shop.metric("alerts_sent_total", receiver="webhook"))
    assert "webhook takes alerts again" in shop.log()
    assert shop.stop() == 0


def test_what_happens_together_is_one_request_and_the_rate_is_kept(shop, hook):
    shop.config["alerts"].update(group_wait="2s", rate=1, resend="1h")
    judged(shop, 'between { "amount", max = 10, warn = 1 }', 'between { "id", max = 0, warn = 1 }')
    shop.start()
    shop.send(1, 11)
    shop.until(lambda: hook.requests)
    assert len(hook.requests[0]) == 2
    shop.send(0)  # both are content: resolved within the minute, told after it
    shop.until(lambda: shop.metric("alerts_firing") == 0)
    assert len(hook.requests) == 1
    assert shop.stop() == 0


SEEN = """return {
  doc = "An event came.", every = "1s", owner = "ingest",
  judge = function(m, p, s, t) return t.newest ~= nil, (t.now - t.since) // 1000000 end,
}
"""


def test_what_the_clock_judges_is_told_too(shop, alertmanager):
    shop.rule("seen.lua", SEEN)
    judged(shop, "seen {}")
    shop.start()
    mine = {"pipeline": shop.config["pipeline"], "alertname": "TidegateRuleFailed"}
    alert = shop.until(lambda: alertmanager.alerts(**mine))[0]
    assert alert["labels"]["rule"] == "seen" and alert["labels"]["owner"] == "ingest"
    assert alert["annotations"]["description"].startswith("seen of now: ")
    shop.send(1)
    shop.until(lambda: not alertmanager.alerts(**mine))
    assert shop.stop() == 0
