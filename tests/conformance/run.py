#!/usr/bin/env python3
"""run.py TIDEGATE: every case of gx/*.jsonl through `tidegate test --cases`.

Fails when a case differs that allowed.txt does not name, when one that it names does not differ,
and when it names more than LIMIT cases, or one of the tier `checked`, as differing for good.

allowed.txt: one a line, `#` comments.
  ID REASON..           this case may differ
  pending RULE|ID REASON..  cases that wait for a rule, or for a feature, that is being made"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
LIMIT = 2


def allowed():
    ids, pending = {}, {}
    for line in (HERE / "allowed.txt").read_text().splitlines():
        words = line.split(None, 2)
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "pending":
            pending[words[1]] = words[2]
        else:
            ids[words[0]] = " ".join(words[1:])
    return ids, pending


def run(program, path):
    """The cases of a file, each with what came out."""
    done = subprocess.run([program, "test", "--cases", path], cwd="/", capture_output=True,
                          text=True, check=False, timeout=300)
    got = [json.loads(line) for line in done.stdout.splitlines()]
    cases = [json.loads(line) for line in path.read_text().splitlines()]
    bad = [f"{path.name}: {line}" for line in done.stderr.splitlines()]
    if [c["id"] for c in cases] != [g.get("id") for g in got[:-1]]:
        bad.append(f"{path.name}: not one line a case")
    elif (done.returncode == 0) != all(g["ok"] for g in got[:-1]):
        bad.append(f"{path.name}: exit code {done.returncode} does not fit its lines")
    return list(zip(cases, got)), bad


def judge(pairs, ids, pending):
    bad, waiting, limit = [], set(), 0
    for case, got in pairs:
        name, rule = case["id"], case["rule"]
        if got["ok"]:
            if name in ids:
                bad.append(f"{name}: agrees now: take it out of allowed.txt")
        elif name in pending or rule in pending and "there is no rule" in got.get("error", ""):
            waiting |= {name, rule}
        elif name not in ids:
            bad.append(f"{name} ({rule} {json.dumps(case['params'])[:200]}): {got.get('why')}: "
                       f"expected {json.dumps(case['expect'])[:300]}, got "
                       f"{json.dumps(got)[:400]}")
        else:
            limit += 1
            if case["tier"] == "checked":
                bad.append(f"{name}: a checked case may not differ")
    if limit > LIMIT:
        bad.append(f"{limit} cases differ: at most {LIMIT} may")
    bad += [f"pending {what}: it is there now: take it out of allowed.txt"
            for what in pending if what not in waiting]
    return bad


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    ids, pending = allowed()
    pairs, bad = [], []
    for path in sorted((HERE / "gx").glob("*.jsonl")):
        more, faults = run(program, path)
        pairs += more
        bad += faults
    bad += judge(pairs, ids, pending)
    bad += [f"{name}: allowed.txt names a case that there is not"
            for name in set(ids) - {case["id"] for case, _ in pairs}]
    print("\n".join(bad))
    print(f"{sum(g['ok'] for _, g in pairs)} of {len(pairs)} cases agree, {len(ids)} may differ, "
          f"{len(pending)} entries pending")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
