#!/usr/bin/python3
"""Negative controls of the lint: each check must report a bad sample and leave a good one alone."""
import os
import stat
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import house  # noqa: E402

GOOD = """/* A noun. */
#include "core/data/noun.h"

#include "core/base/err.h"
#include <string.h>

static int sum(int a, int b) { return a + b; }

enum tg_rc tg_noun_verb(const struct tg_noun *n, struct tg_err *err)
{
  if (!n->ptr) return tg_err_set(err, TG_DATA, "noun", "exit() and printf(): 'strcpy(a, b)'");
  for (int i = 0; i < 3; i++) {
    if (i) {
      if (sum(i, 1) > 2) return TG_AGAIN;
    }
  }
  return TG_OK; // not abort()
}
"""


FOLDER = tempfile.TemporaryDirectory()


def tearDownModule():
    FOLDER.cleanup()


class Tree:
    """Files in a temporary folder, as a House."""

    def __init__(self):
        self.root = tempfile.mkdtemp(dir=FOLDER.name)

    def write(self, path, text, executable=False):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)
        if executable:
            os.chmod(full, os.stat(full).st_mode | stat.S_IXUSR)
        return self

    def findings(self, check):
        return [f"{p}:{n}: {m}" for p, n, m in house.CHECKS[check](house.House(self.root))]

    def run(self, tool, *args):
        return subprocess.run([os.path.join(HERE, tool), *args, self.root], capture_output=True,
                              text=True, check=False)


def function(body, head="int f(void)"):
    return f"{head}\n{{\n{body}\n}}\n"


class Checks(unittest.TestCase):
    def bad(self, check, path, text, expect):
        tree = Tree().write("core/data/good.c", GOOD).write(path, text)
        found = tree.findings(check)
        self.assertEqual(len(found), 1, f"{check}: {found}")
        self.assertTrue(found[0].startswith(path + ":"), found)
        self.assertIn(expect, found[0])

    def good(self, check, path, text):
        self.assertEqual(Tree().write(path, text).findings(check), [])

    def test_good_sample_passes_every_source_check(self):
        for check in house.CHECKS:
            if check != "papers":
                self.good(check, "core/data/good.c", GOOD)

    def test_layers(self):
        for path, include, expect in [
                ("core/data/x.c", '#include "core/pg/conn.h"', "core/data may not"),
                ("core/base/x.h", '  #  include "core/data/batch.h"', "core/base may not"),
                ("core/pg/x.c", '#include "core/kafka/mock.h"', "core/pg may not"),
                ("core/flow/x.c", '#include "core/state/sketch.h"', "core/flow may not"),
                ("bindings/x.c", '#include "core/app/lane.h"', "bindings may not"),
                ("core/net/x.c", '#include "bindings/vm.h"', "core/net may not"),
                ("tests/unit/data/test_x.c", '#include "core/pg/conn.h"', "core/data may not"),
                ("core/cellar/x.c", '#include <stdio.h>', "no room"),
                ("core/data/x.c", '#include "batch.h"', "write the path")]:
            with self.subTest(path=path):
                self.bad("layers", path, include + "\n", expect)

    def test_layers_let_the_app_include_all(self):
        self.good("layers", "core/app/x.c", '#include "core/pg/conn.h"\n#include "bindings/vm.h"\n')

    def test_layers_see_through_comments(self):
        self.good("layers", "core/base/x.c", '/* #include "core/pg/conn.h" */\n')

    def test_libraries(self):
        for path, name in [("core/pg/x.c", "librdkafka/rdkafka.h"), ("core/app/x.c", "libpq-fe.h"),
                           ("core/app/x.c", "microhttpd.h"), ("bindings/x.c", "curl/curl.h"),
                           ("core/app/x.c", "lua.h"), ("core/state/x.c", "lauxlib.h"),
                           ("bindings/x.cc", "simdjson.h"), ("bindings/x.c", "pcre2.h"),
                           ("core/data/x.c", "jansson.h"), ("core/net/x.c", "yaml.h"),
                           ("core/data/x.c", "openssl/evp.h")]:
            with self.subTest(path=path, name=name):
                self.bad("libraries", path, f"#include <{name}>\n", "belongs in")

    def test_libraries_keep_simdjson_in_one_file(self):
        tree = Tree().write("core/data/a.cc", "#include <simdjson.h>\n")
        self.assertEqual(tree.findings("libraries"), [])
        tree.write("core/data/b.cc", "#include <simdjson.h>\n")
        self.assertIn("core/data/a.cc has it", tree.findings("libraries")[0])

    def test_files(self):
        self.good("files", "core/data/x.c", "\n" * 600)
        self.bad("files", "core/data/x.c", "\n" * 601, "601 lines")
        self.bad("files", "rules/x/y.lua", "\n" * 601, "601 lines")

    def test_lines(self):
        self.good("lines", "core/data/x.h", "x" * 100)
        self.bad("lines", "core/data/x.h", "x" * 101, "101 columns")
        self.bad("lines", "dev", "x" * 101, "101 columns")

    def test_function_size(self):
        self.good("functions", "core/data/x.c", function("\n".join(["  x;"] * 70)))
        self.bad("functions", "core/data/x.c", function("\n".join(["  x;"] * 71)), "f: 71 lines")
        self.bad("functions", "core/data/x.cc", "}\n" + function("\n" * 70), "f: 71 lines")

    def test_function_parameters(self):
        self.good("functions", "core/data/x.c",
                  function("", "int f(int a, int (*b)(int, int), int c, int d, int e,\n"
                               "      struct tg_err *err)"))
        self.bad("functions", "core/data/x.c",
                 function("", "int f(int a, int b, int c,\n      int d, int e, int g)"),
                 "f: 6 parameters")

    def test_function_parameters_that_a_library_dictates(self):
        text = function("", "int on_request(int a, int b, int c, int d, int e, int g)")
        self.good("functions", "core/net/http.c", text)
        self.bad("functions", "core/net/x.c", text, "on_request: 6 parameters")

    def test_function_nesting(self):
        text = "  if (a) {\n    if (b) {\n      if (c) {\n%s      }\n    }\n  }"
        self.good("functions", "core/data/x.c", function(text % ""))
        self.bad("functions", "core/data/x.c", function(text % "        while (d) e();\n"),
                 "nested deeper")

    def test_banned(self):
        for name in house.BANNED:
            with self.subTest(name=name):
                self.bad("banned", "core/app/x.c", function(f"  {name}(x);"), f"{name}() is banned")

    def test_banned_lets_safe_twins_pass(self):
        self.good("banned", "core/app/x.c", function(
            '  snprintf(a, b, "strcpy(x)"); strerror_r(e); x->system(1); gmtime_r(a, b);'))

    def test_quiet(self):
        for room in ("core/base", "core/pg", "bindings"):
            for text in ("exit(1);", "abort();", "_exit(2);", 'printf("x");', "puts(x);",
                         "fputs(x, stdout);"):
                with self.subTest(room=room, text=text):
                    self.bad("quiet", f"{room}/x.c", function("  " + text), "below core/app")

    def test_quiet_allows_the_app_and_fault_points(self):
        self.good("quiet", "core/app/x.c", function('  printf("x"); exit(1);'))
        self.good("quiet", "core/base/fault.c", function("  _exit(86);"))
        self.bad("quiet", "core/base/fault.c", function('  printf("x");'), "printf()")

    def test_faults(self):
        self.bad("faults", "core/pg/x.c", '  if (tg_fault("pg.begin")) x;\n', "pg.begin is not in")
        self.bad("faults", "docs/TESTING.md", "| `pg.begin` | before BEGIN |\n", "nowhere")
        tree = Tree().write("docs/TESTING.md", "| `pg.begin` | before BEGIN |\n")
        self.assertEqual(tree.write("core/pg/x.c", 'tg_fault("pg.begin");').findings("faults"), [])

    def test_unfinished(self):
        self.bad("unfinished", "core/data/x.c", "/* TO" "DO: later */\n", "finish it")
        self.bad("unfinished", "rules/x/y.lua", "-- FIX" "ME\n", "finish it")

    def test_papers(self):
        tree = Tree()
        for name in ("LICENSE", "README.md", "CONTRIBUTING.md", "VERSION"):
            tree.write(name, "x\n")
        self.assertEqual(tree.findings("papers"), ["CHANGELOG.md:1: is missing"])
        self.assertEqual(tree.write("CHANGELOG.md", "# Log\n").findings("papers"),
                         ["CHANGELOG.md:1: has no section"])
        self.assertEqual(tree.write("CHANGELOG.md", "## 0.1.0\n").findings("papers"), [])

    def test_runbook(self):
        entry = "### TidegateX\n\n**See**: a\n**Means**: b\n**Do**: c\n**Test**: %s\n\n"
        tree = Tree().write("tests/e2e/test_x.py", "def test_it(x):\n")
        book, alerts = "docs/OPERATIONS.md", "core/app/alerts.c"
        for text, code, findings in [
                (entry % "`tests/e2e/test_x.py::test_it`", '"TidegateX"', []),
                (entry % "`tests/e2e/test_x.py`", "", []),
                (entry % "`tests/e2e/test_x.py::test_i`", "", ["no test"]),
                (entry % "`tests/e2e/test_y.py`", "", ["no test"]),
                (entry.replace("**Do**", "Do") % "`tests/e2e/test_x.py`", "", ["no **Do**"]),
                (entry % "`tests/e2e/test_x.py`", '"TidegateX", "TidegateY"', ["TidegateY"])]:
            with self.subTest(text=text, code=code):
                found = tree.write(book, "# A\n\n" + text).write(alerts, code).findings("runbook")
                self.assertEqual(len(found), len(findings), found)
                for finding, part in zip(found, findings):
                    self.assertIn(part, finding)


class Tools(unittest.TestCase):
    def control(self, tool, good, bad, *args):
        """good and bad: (path, text); bad is written on top of good."""
        tree = Tree()
        for folder in ("core", "bindings", "tests", "rules", "scripts"):
            tree.write(f"{folder}/.keep", "")
        for name in (".clang-format", ".luacheckrc", "docs/lua/tidegate_std.lua"):
            with open(os.path.join(HERE, "..", "..", name), encoding="utf-8") as f:
                tree.write(name, f.read())
        first = tree.write(*good).run(tool, *args)
        self.assertEqual(first.returncode, 0, first.stdout + first.stderr)
        second = tree.write(*bad).run(tool, *args)
        self.assertNotEqual(second.returncode, 0, f"{tool} did not see {bad[0]}")
        self.assertIn(bad[0], second.stdout + second.stderr)

    def test_format(self):
        self.control("format.sh", ("core/data/a.c", "int x;\n"), ("core/data/b.c", "int   x ;\n"))

    def test_lua(self):
        self.control("lua.sh", ("rules/a/between.lua", "return { check = null }\n"),
                     ("rules/a/b.lua", "x = 1\n"))
        self.control("lua.sh", ("core/pg/a.lua", "return 1 // 2\n"),
                     ("core/pg/b.lua", "return null\n"))

    def test_lua_knows_the_catalogue_in_topics(self):
        self.control("lua.sh", ("rules/a/between.lua", "return {}\n"),
                     ("scripts/b.lua", "return { between {}, outside {} }\n"))

    def test_shell(self):
        self.control("shell.sh", ("a.sh", "#!/bin/sh\necho\n"), ("b.sh", "#!/bin/sh\necho $1\n"))
        self.control("shell.sh", ("a", "#!/bin/bash\necho\n", True),
                     ("b", "#!/bin/bash\necho $1\n", True))

    def test_generated(self):
        folder = "tests/lint/generated"
        self.control("generated.sh", (f"{folder}/a.sh", "#!/bin/sh\n[ \"$1\" = prog ]\n", True),
                     (f"{folder}/b.sh", "#!/bin/sh\nexit 1\n", True), "prog")

    def test_house_exits_with_one_for_a_finding(self):
        tree = Tree().write("core/pg/x.c", "#include <lua.h>\n")
        done = subprocess.run([os.path.join(HERE, "house.py"), "--root", tree.root, "libraries"],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout.split(":")[:2]), (1, ["core/pg/x.c", "1"]))


if __name__ == "__main__":
    unittest.main()
