"""The bundled runner from outside: cases, series, scaffolds; no server."""
import json
import subprocess
import xml.etree.ElementTree

import pytest

from lib.tidegate import PROGRAM
from test_commands import lines, run


def case(**changes):
    return json.dumps({"id": "a", "rule": "between", "params": {"column": "x", "min": 2},
                       "types": {"x": "integer"}, "data": {"x": [1, 2, None]},
                       "expect": {"verdict": "fail", "failing_rows": [0]}, **changes}) + "\n"


def test_cases_end_with_0_only_when_all_agree(tmp_path):
    path = tmp_path / "cases.jsonl"
    path.write_text(case() + "\n" + case(id="b", rule="no_such_rule", expect={"verdict": "error"}))
    code, out, err = run("test", "--cases", path)
    assert (code, err) == (0, "")
    first, second, total = lines(out)
    assert first == {"id": "a", "verdict": "fail", "failing_rows": [0], "evaluated": 2,
                     "observed": None, "ok": True}
    assert (second["verdict"], second["ok"]) == ("error", True)
    assert total == {"cases": 2, "ok": 2, "failed": 0}
    code, out, err = run("test", "--cases", "-", stdin=case(expect={"verdict": "pass"}))
    assert code == 1 and lines(out)[0]["why"] == "verdict" and lines(out)[1]["failed"] == 1


def test_a_line_that_is_no_case_fails_and_is_named(tmp_path):
    path = tmp_path / "cases.jsonl"
    path.write_text(case() + "{\n" + case())
    code, out, err = run("test", "--cases", path)
    assert code == 1 and f"{path}:2: case: not JSON" in err
    assert lines(out)[-1] == {"cases": 3, "ok": 2, "failed": 1}
    assert run("test", "--cases", tmp_path / "none")[0] == 78
    path.write_text("\n")
    assert run("test", "--cases", path)[0] == 3


SERIES = "".join(json.dumps(row) + "\n" for row in [
    {"v": 1, "t": "2026-01-01T00:00:00Z"}, {"v": 2}, {"v": -3.5}, {"v": None, "s": "a"}, {"v": 7}])


def test_a_rule_runs_over_a_series_batch_by_batch():
    ask = ["eval", "--rule", "between", "--params", '{"column": "v", "min": 0}']
    code, out, err = run(*ask, "--batch", 2, "--json", stdin=SERIES)
    assert (code, err) == (0, "")
    first, second, third = lines(out)
    assert first == {"batch": 0, "first_row": 0, "rows": 2, "verdict": "pass", "observed": None,
                     "expected": None, "low": None, "high": None, "score": None, "evaluated": 2,
                     "failed": 0, "failing_rows": []}
    assert (second["verdict"], second["failed"], second["failing_rows"]) == ("fail", 1, [2])
    assert (third["batch"], third["first_row"], third["rows"]) == (2, 4, 1)
    code, out, err = run(*ask, stdin=SERIES)
    assert code == 0
    assert out == "rows 0-4: fail, evaluated 4, failed 1: row 2: v: -3.5 is below min 0\n"


def test_types_of_a_series_are_those_of_its_values_unless_said():
    ask = ["eval", "--json", "--rule", "between", "--params",
           '{"column": "t", "max": "2026-01-01T02:00:00+01:00"}']
    row = '{"t": "2026-01-01T01:30:00Z"}\n'
    assert lines(run(*ask, stdin=row)[1])[0]["verdict"] == "pass"   # as text
    said = run(*ask, "--types", '{"t": "timestamptz"}', stdin=row)
    assert lines(said[1])[0]["verdict"] == "fail"                   # as instants


def test_what_cannot_be_evaluated_is_said_before_the_first_batch():
    for args, code, text in [
            (["--rule", "betwen"], 78, "did you mean 'between'"),
            (["--rule", "between", "--params", "{"], 78, "--params: not JSON"),
            (["--rule", "between", "--params", '{"column": "w", "min": 0}'], 78, "no column 'w'"),
            (["--rule", "between", "--types", '{"v": "in"}'], 78, "in"),
            (["orders", "--rule", "between"], 2, "name one topic, or a rule"),
            ([], 2, "name one topic, or a rule")]:
        got, out, err = run("eval", *args, stdin=SERIES)
        assert (got, out) == (code, "") and text in err, (args, got, err)
    code, out, err = run("eval", "--rule", "between", "--params", '{"column": "v", "min": 0}',
                         stdin='{"v": 1}\n[1]\n')
    assert (code, out) == (1, "") and "line 2: not a JSON object" in err


RULE = """return {
  doc = "x is above a limit", params = { "column column", "limit number = 2" },
  check = function(b, p) return b[p.column]:gt(p.limit) end,
  tests = {
    { "two is not above", with = { "x" }, given = { x = { 1, 3 } }, fails = { %s } },
    { "a <b> & \\"c\\"", with = { "x" }, given = { x = { 3 } }, fails = {} },
  },
}
"""


@pytest.fixture
def rules(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "above.lua").write_text(RULE % 2)
    return tmp_path


def test_results_come_as_tap_and_junit(rules):
    code, out, err = run("test", "rules/above.lua", "--tap", "--junit", "r.xml", cwd=rules)
    assert code == 1 and "1 passed, 1 failed" in err
    assert out.splitlines() == [
        "TAP version 13", "not ok 1 - above: two is not above", "# rules/above.lua:5",
        "# fails: expected { 2 }, got { 1 }", 'ok 2 - above: a <b> & "c"', "1..2"]
    suite = xml.etree.ElementTree.parse(rules / "r.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    first, second = suite
    assert first.find("failure").get("message") == "fails: expected { 2 }, got { 1 }"
    assert second.get("name") == 'a <b> & "c"' and second.find("failure") is None
    assert run("test", "rules/above.lua", "--junit", "no/r.xml", cwd=rules)[0] == 78


def test_watch_runs_again_when_a_file_changes(rules):
    with subprocess.Popen([PROGRAM, "test", "rules/above.lua", "--watch", "--quiet"], cwd=rules,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        lines_of = iter(process.stdout.readline, "")
        assert any("1 failed" in line for line in lines_of)
        (rules / "rules" / "above.lua").write_text(RULE % 1)
        assert any("2 passed, 0 failed" in line for line in lines_of)
        process.terminate()


def test_a_new_rule_loads_and_its_tests_pass(tmp_path):
    code, out, err = run("new", "rule", "above", cwd=tmp_path)
    assert (code, out) == (0, "rules/above.lua\n") and "tidegate test rules/above.lua" in err
    code, out, err = run("test", "rules/above.lua", "--quiet", cwd=tmp_path)
    assert code == 0 and out.startswith("3 passed, 0 failed"), out + err
    assert run("new", "rule", "above", cwd=tmp_path)[0] == 78         # never overwritten
    assert run("new", "rule", "../x", cwd=tmp_path)[0] == 2
    assert run("new", "topic", "x", cwd=tmp_path)[0] == 2
    assert run("new", "rule", "b", "--dir", "mine", cwd=tmp_path)[0] == 0
    assert (tmp_path / "mine" / "b.lua").is_file()


def test_pages_are_made_of_the_rules():
    code, out, _ = run("rules", "positive")
    assert code == 0 and out.startswith("## compare(column, op, value)\n")
    assert "Alias `positive(column)`: `compare` with `{ op = \">\", value = 0 }`." in out
    assert "| `value` | value | required |" in out
    code, out, _ = run("rules", "between")
    assert "`between { \"x\", min = 1 }` on `{ x = { 0, 1, 99 } }`: row 1 fails (only min)" in out
    assert "between" in run("docs", "rules", "accuracy")[1]
    assert "accuracy" in run("docs", "rules")[1].splitlines()
    assert run("docs", "rules", "nonsense")[0] == 78
    assert run("rules", "betwen")[0] == 3


def test_names_and_stubs_come_from_the_api():
    code, out, _ = run("docs", "luacheck")
    assert code == 0 and '"lookup",' in out and '"print"' not in out and '"between"' not in out
    code, out, _ = run("docs", "lua")
    assert code == 0 and out.startswith("---@meta tidegate\n")
    assert "function Column:between(min, max, exclusive_min, exclusive_max) end" in out
    assert "---@param exclusive_min? any" in out and "---@field rows any\n" in out


def test_cost_is_told_by_rule_and_held_to_a_budget(tmp_path):
    assert run("init", "shop", cwd=tmp_path)[0] == 0
    home = tmp_path / "shop"
    code, out, err = run("rules", "--cost", "--json", cwd=home)
    costs = lines(out)
    assert code == 0 and costs, out + err
    assert all(c["rows"] == 50000 and c["ns_per_row"] >= 0 and c["topic"] for c in costs)
    assert "CPU-s per million events" in run("rules", "--cost", cwd=home)[1]
    assert run("rules", "--cost", "--topic", "nothing", cwd=home)[0] == 78
    assert run("rules", "--cost", "--budget", 10000000, cwd=home)[0] == 0
    events = home / "events.ndjson"
    events.write_text("{}\n{}\n")
    topic = costs[0]["topic"]
    told = lines(run("rules", "--cost", "--json", "--topic", topic, "--input", events, cwd=home)[1])
    assert told[0]["rows"] == 2


FIXTURE_RULE = """return {
  doc = "x is above a limit", params = { "column column", "limit number = 2" },
  check = function(b, p) return b[p.column]:gt(p.limit) end,
  tests = { { "rows of a file", with = { "x" }, given = fixture "above.csv", fails = { 1 } } },
}
"""


def test_rows_of_a_file_are_read_with_the_rules(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "above.lua").write_text(FIXTURE_RULE)
    rows = tmp_path / "rules" / "above.csv"
    rows.write_text("x,y\n1,a\n3,\n")
    ask = ["test", "rules/above.lua", "--quiet"]
    assert run(*ask, cwd=tmp_path)[0] == 0
    rows.write_text("x,y\n1,a\n3\n")
    code, out, _ = run(*ask, cwd=tmp_path)
    assert code == 1 and "rules/above.csv:3: 1 fields; the first line has 2" in out
    rows.unlink()
    code, out, _ = run(*ask, cwd=tmp_path)
    assert code == 1 and "rules/above.csv: there is no such file" in out


COVERED = """-- rules/above.lua: x is above a limit.
return {
  doc = "x is above a limit", params = { "column column", "odd flag = false" },
  check = function(b, p)
    if p.odd then
      return (b[p.column] % 2):ne(0)
    end
    return b[p.column]:gt(2)
  end,
  tests = { { "t", with = { "x" }, given = { x = { 1, 3 } }, expect = golden "a.golden.json" } },
}
"""


@pytest.fixture
def covered(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "above.lua").write_text(COVERED)
    return tmp_path


def test_what_tests_never_saw_is_noted(rules):
    (rules / "rules" / "above.lua").write_text(RULE % 1)
    (rules / "rules" / "bare.lua").write_text(
        'return { doc = "d", params = { "column column" }, '
        'check = function(b, p) return b[p.column]:gt(2) end }')
    code, out, _ = run("test", "--quiet", cwd=rules)
    assert code == 0 and "note bare: no test (rules/bare.lua:1)\n" in out and "above" not in out
    told = [t for t in lines(run("test", "--json", cwd=rules)[1]) if t["subject"] == "bare"]
    assert [(t["note"], t["detail"], "ok" in t) for t in told] == [(True, "no test", False)]


def without_ci(monkeypatch):
    monkeypatch.delenv("CI", raising=False)


def test_golden_files_are_written_on_demand_and_never_on_ci(covered, monkeypatch):
    ask = ["test", "rules/above.lua", "--quiet"]
    golden = covered / "rules" / "a.golden.json"
    without_ci(monkeypatch)
    code, out, _ = run(*ask, cwd=covered)
    assert code == 1 and "a.golden.json is not there: tidegate test --update writes it" in out
    monkeypatch.setenv("CI", "true")
    code, out, err = run(*ask, "--update", cwd=covered)
    assert code == 78 and "--update: the variable CI is set" in err and not golden.exists()
    without_ci(monkeypatch)
    code, out, err = run(*ask, "--update", cwd=covered)
    assert code == 0 and "written: rules/a.golden.json" in err
    assert json.loads(golden.read_text()) == {
        "verdict": "fail", "level": "warn", "evaluated": 2, "fails": [[1, "x: 1 fails above(x)"]]}
    assert run(*ask, cwd=covered)[0] == 0
    assert "written" not in run(*ask, "--update", cwd=covered)[2]
    golden.write_text(golden.read_text().replace('"evaluated": 2', '"evaluated": 3'))
    code, out, _ = run(*ask, cwd=covered)
    assert code == 1 and '- 4:   "evaluated": 3,\n     + 4:   "evaluated": 2,' in out


def test_lines_that_did_not_run_are_told(covered, monkeypatch):
    without_ci(monkeypatch)
    assert run("test", "rules/above.lua", "--update", cwd=covered)[0] == 0
    ask = ["test", "rules/above.lua", "--quiet"]
    code, out, err = run(*ask, "--coverage", "--lcov", "l.info", cwd=covered)
    assert (code, err) == (0, "")
    assert "rules/above.lua: 7 of 8 lines (87.5 %), not 6\n" in out
    assert out.endswith("coverage of 1 file: 7 of 8 lines (87.5 %)\n")
    records = (covered / "l.info").read_text().splitlines()
    assert records[:2] == ["TN:", "SF:rules/above.lua"] and "DA:6,0" in records
    assert records[-3:] == ["LF:8", "LH:7", "end_of_record"]
    told = lines(run(*ask, "--coverage", "--json", cwd=covered)[1])[-1]
    assert told == {"coverage": "rules/above.lua", "lines": 8, "run": 7, "missed": "6"}
    assert "# rules/above.lua: 7 of 8" in run(*ask, "--coverage", "--tap", cwd=covered)[1]
    assert run(*ask, "--lcov", "no/l.info", cwd=covered)[0] == 78
