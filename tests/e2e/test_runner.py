"""The bundled runner from outside: cases, series, scaffolds; no server."""
import json

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
