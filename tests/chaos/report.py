"""What a run has seen, as a dict for JSON and as text."""
import collections
import json
import subprocess

from lib.tidegate import PROGRAM_FAULTS
from world import SESSION_S

RECOVERED_S = SESSION_S + 10


def version():
    said = subprocess.run([PROGRAM_FAULTS, "version"], capture_output=True, text=True, check=False)
    return said.stdout.split("\n")[0] or "unknown"


class Strikes:
    """The faults of a run: how often each kind came, hit, and how long the pipeline took then."""

    def __init__(self):
        self.tried, self.hit = collections.Counter(), collections.Counter()
        self.recoveries_s = collections.defaultdict(list)
        self.skipped = set()  # cannot be tried here
        self.late = []  # faults after which the pipeline did not go on in time

    def add(self, fault, hit):
        if hit is None:
            self.skipped.add(fault.kind)
            return
        self.tried[fault.kind] += 1
        self.hit[fault.kind] += bool(hit)

    def recovered(self, fault, seconds):
        if seconds is None:
            self.late.append(fault.kind)
        else:
            self.recoveries_s[fault.kind].append(round(seconds, 1))


def of_run(world, strikes, checked, unsettled):
    """checked: the Report of verify.check()."""
    counted = {name: int(sum(m.total(name) for m in world.members))
               for name in ("fenced_total", "pg_commit_unknown_total")}
    result = {
        "program": version(), "seed": world.plan.seed, "events": sum(checked.fates.values()),
        "acknowledged": world.acked(), "fates": dict(checked.fates),
        "lost": checked.count["lost"] + checked.count["unsent"],
        "doubled": checked.count["doubled"] + checked.count["resent"],
        "order": checked.count["order"] + checked.count["shuffled"],
        "misplaced": checked.count["misplaced"], "records": len(checked.due),
        "violations": dict(checked.count),
        "first": [f"{v.name} {v.where}: {v.what}" for v in checked[:50]],
        "cents": checked.cents, "unsettled": unsettled,
        "faults": {kind: {"tried": n, "hit": strikes.hit[kind],
                          "recoveries_s": strikes.recoveries_s[kind]}
                   for kind, n in strikes.tried.items()},
        "not_recovered": strikes.late, "skipped": sorted(strikes.skipped),
        "slow": {kind: slow for kind, each in strikes.recoveries_s.items()
                 if (slow := [s for s in each if s > RECOVERED_S])},
        "fenced": counted["fenced_total"],
        "refused_loads": world.refused(), "sessions_ended": world.ended(),
        "unknown_commits": counted["pg_commit_unknown_total"],
        "longest_stall_s": round(world.watcher.longest_s, 1),
        "longest_wait_s": round(checked.waited_s, 1), "longest_wait_in": checked.waited_in}
    if world.plan.straight:
        result["aborted"] = checked.aborted
    result["weak"] = weaknesses(result)
    return result


def weaknesses(result):
    """Why a good result would say little."""
    found = [f"{kind} never hit" for kind, f in result["faults"].items() if not f["hit"]]
    if not result["faults"]:
        found.append("no fault was tried")
    if result["events"] < 1000:
        found.append("hardly an event")
    if "aborted" in result:
        return found + ([] if result["aborted"] else ["no record of an aborted transaction"])
    if not result["fenced"] + result["refused_loads"] + result["sessions_ended"]:
        found.append("nobody was fenced")
    if not result["unknown_commits"]:
        found.append("no commit was of unknown outcome")
    return found


def text(result):
    fates = ", ".join(f"{n} {fate}" for fate, n in sorted(result["fates"].items()))
    lines = [f"seed {result['seed']}, {result['program']}",
             f"{result['events']} events ({fates}); {result['acknowledged']} acknowledged; "
             f"sum {result['cents'] / 100:.2f}; {result['records']} records in the outputs",
             f"lost {result['lost']}, doubled {result['doubled']}, order {result['order']}; "
             f"all violations: {result['violations'] or 'none'}",
             f"fenced: {result['fenced']} segments, {result['refused_loads']} loads refused, "
             f"{result['sessions_ended']} sessions ended by new owners; "
             f"{result['unknown_commits']} commits of unknown outcome; "
             f"longest stall {result['longest_stall_s']} s, longest wait for a commit "
             f"{result['longest_wait_s']} s ({result['longest_wait_in']})"]
    if "aborted" in result:
        lines.append(f"{result['aborted']} records of aborted transactions are in the outputs, for "
                     "readers that want all")
    for kind, f in sorted(result["faults"].items()):
        took = " ".join(map(str, f["recoveries_s"]))
        lines.append(f"  {kind:32} {f['hit']} of {f['tried']} hit"
                     + (f"; went on after {took} s" if took else ""))
    lines += [f"  not going on after 60 s: {kind}" for kind in result["not_recovered"]]
    lines += [f"  went on later than session timeout + 10 s: {kind}, after {seconds} s"
              for kind, seconds in result["slow"].items()]
    lines += [f"  cannot be tried here: {kind}" for kind in result["skipped"]]
    lines += [f"  weak: {why}" for why in result["weak"]]
    lines += [f"  not at its end in time: {what}" for what in result["unsettled"]]
    return "\n".join(lines + [f"  {first}" for first in result["first"]])


def write(folder, name, result):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    (folder / f"{name}.txt").write_text(text(result) + "\n", encoding="utf-8")
