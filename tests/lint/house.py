#!/usr/bin/python3
"""The house rules that a compiler does not check.  house.py [--root DIR] [CHECK ..]

Each check takes a House (a source tree) and yields (file, line, message). A line of output is a
finding; the exit status is 1 when there is one. tests/lint/test_lint.py shows every check a bad
sample, so that none of them can go blind. The table of rooms is the one of docs/HOUSE.md.
"""
import os
import re
import sys

MAY_INCLUDE = {
    "core/base": set(),
    "core/data": {"core/base"},
    "core/flow": {"core/base", "core/data"},
    "core/state": {"core/base", "core/data"},
    "core/kafka": {"core/base", "core/data"},
    "core/pg": {"core/base", "core/data"},
    "core/net": {"core/base", "core/data"},
    "bindings": {"core/base", "core/data", "core/flow", "core/state"},
    "core/app": {"core/base", "core/data", "core/flow", "core/state", "core/kafka", "core/pg",
                 "core/net", "bindings"},
}
LIBRARIES = {  # header -> the rooms that may include it
    r"librdkafka/.*": {"core/kafka"},
    r"libpq-fe\.h|libpq/.*|postgres.*\.h|pg_config.*": {"core/pg"},
    r"microhttpd\.h|curl/.*": {"core/net"},
    r"lua\.h|lauxlib\.h|lualib\.h|luaconf\.h": {"bindings"},
    r"simdjson.*|pcre2.*|zlib\.h|expat\.h": {"core/data"},
    r"jansson\.h": {"bindings", "core/net", "core/app"},
    r"openssl/.*": {"bindings", "core/app"},
    r"yaml\.h|jemalloc/.*": {"core/app"},
}
BANNED = ("strcpy strncpy stpcpy strcat strncat sprintf vsprintf strtok atoi atol atoll atof "
          "gmtime localtime ctime asctime strerror alloca gets tmpnam mktemp rand system "
          "popen").split()
ENDS = "exit _exit _Exit quick_exit abort".split()
PRINTS = "printf vprintf puts putchar perror".split()
MAY_END = {"core/base/fault.c"}  # dying at a fault point is what it is for
IMPOSED = {("core/net/http.c", "on_request"),  # a library dictates the parameters
           ("core/data/format_xml.c", "on_entity")}
FILE_MAX, FUNCTION_MAX, LINE_MAX, NESTING_MAX, PARAMETERS_MAX = 600, 70, 100, 3, 5
SOURCE = (".c", ".h", ".cc")
TEXT = SOURCE + (".lua", ".py", ".sh", ".sql", ".cmake")
SKIP = {".git", "build", "tmp", "__pycache__", ".cache", "golden", "corpus"}


class House:
    """The files below a root, read once; .code(path) has comments and strings blanked out."""

    def __init__(self, root):
        self.root, self.cache = root, {}
        self.paths = sorted(self.walk())

    def walk(self):
        for folder, names, files in os.walk(self.root):
            names[:] = [n for n in names if n not in SKIP]
            for name in files:
                yield os.path.relpath(os.path.join(folder, name), self.root)

    def text(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as f:
            return f.read()

    def code(self, path):
        if path not in self.cache:
            self.cache[path] = blank(self.text(path))
        return self.cache[path]

    def sources(self, *below):
        return [p for p in self.paths if p.endswith(SOURCE) and (not below or p.startswith(below))]


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(text):
    """The same text with comments and literals as spaces; #include lines keep their names."""
    def spaces(match):
        start = text.rfind("\n", 0, match.start()) + 1
        if match[0][0] == '"' and re.match(r"\s*#\s*include", text[start:match.start()]):
            return match[0]
        return re.sub(r"[^\n]", " ", match[0])
    return TOKEN.sub(spaces, text)


def room_of(path):
    """core/pg/x.c and tests/unit/pg/x.c -> core/pg; None outside the rooms."""
    parts = path.split("/")
    if parts[:2] == ["tests", "unit"] and len(parts) > 3:
        parts = ["bindings"] if parts[2] == "bindings" else ["core", parts[2]]
    if parts[0] == "bindings":
        return "bindings"
    return "/".join(parts[:2]) if parts[0] == "core" and len(parts) > 1 else None


def includes(house):
    for path in house.sources("core/", "bindings/", "tests/unit/"):
        for number, line in enumerate(house.code(path).split("\n"), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if match:
                yield path, number, room_of(path), match[1], match[2]


def layers(house):
    """A room includes itself and the rooms below it."""
    for path, number, room, kind, name in includes(house):
        if room not in MAY_INCLUDE:
            yield path, number, f"{room} is no room of the house"
            continue
        target = room_of(name)
        if target and target != room and target not in MAY_INCLUDE[room]:
            yield path, number, f"{room} may not include {name}"
        elif kind == '"' and not target and not path.startswith("tests/"):
            yield path, number, f'"{name}": write the path from the top, "core/room/name.h"'


def libraries(house):
    """A library is known by one room (a few by more); simdjson by one file."""
    simdjson = set()
    for path, number, room, _, name in includes(house):
        for pattern, rooms in LIBRARIES.items():
            if re.fullmatch(pattern, name) and room not in rooms:
                yield path, number, f"<{name}> belongs in {' or '.join(sorted(rooms))}"
        if name.startswith("simdjson") and not path.startswith("tests/"):
            simdjson.add(path)
            if len(simdjson) > 1:
                yield path, number, f"<{name}>: one file only, {min(simdjson - {path})} has it"


def files(house):
    for path in house.paths:
        if path.endswith(TEXT) or path == "dev":
            lines = house.text(path).count("\n")
            if lines > FILE_MAX:
                yield path, lines, f"{lines} lines; at most {FILE_MAX}"


def lines(house):
    for path in house.paths:
        if path.endswith(TEXT) or path == "dev":
            for number, line in enumerate(house.text(path).split("\n"), 1):
                if len(line) > LINE_MAX:
                    yield path, number, f"{len(line)} columns; at most {LINE_MAX}"


def bodies(house):
    """(path, first line, lines of the body, head): a body opens and closes at column 0."""
    for path in house.sources():
        text, start = house.code(path).split("\n"), None
        for i, line in enumerate(text):
            if line == "{":
                start = i
            elif line.startswith("}") and start is not None:
                head = start
                while head and re.match(r"[^#};]*$", text[head - 1]) and text[head - 1].strip():
                    head -= 1
                yield path, start, text[start + 1:i], " ".join(text[head:start])
                start = None


def functions(house):
    for path, start, body, head in bodies(house):
        name = (re.search(r"(\w+)\s*\(", head) or [0, "?"])[1]
        if len(body) > FUNCTION_MAX:
            yield path, start + 1, f"{name}: {len(body)} lines; at most {FUNCTION_MAX}"
        count = parameters(head)
        if count > PARAMETERS_MAX and (path, name) not in IMPOSED:
            yield path, start + 1, f"{name}: {count} parameters; at most {PARAMETERS_MAX}"
        deep = r" {%d,}(} else )?(if|for|while|do|switch)\b" % (2 * NESTING_MAX + 2)
        for i, line in enumerate(body):
            if re.match(deep, line) and not re.match(r" *} while\b", line):
                yield path, start + i + 2, f"{name}: nested deeper than {NESTING_MAX}"


def parameters(head):
    """Without the error that everything that can fail reports into."""
    match = re.search(r"\w\s*\((.*)\)[^()]*$", re.sub(r"__attribute__\s*\(\(.*?\)\)+", "", head))
    inner = match[1] if match else ""
    while re.search(r"\([^()]*\)", inner):
        inner = re.sub(r"\([^()]*\)", "", inner)
    inner = re.sub(r",?\s*struct tg_err \*\w+\s*$", "", inner)
    return inner.count(",") + 1 if inner.strip() else 0


def calls(house, names, paths):
    pattern = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(names))
    for path in paths:
        for number, line in enumerate(house.code(path).split("\n"), 1):
            for match in pattern.finditer(line):
                yield path, number, match[1]


def banned(house):
    for path, number, name in calls(house, BANNED, house.sources()):
        yield path, number, f"{name}() is banned"


def quiet(house):
    """Below core/app nothing ends the process or prints; callers decide."""
    below = [p for p in house.sources("core/", "bindings/") if not p.startswith("core/app/")]
    for path, number, name in calls(house, ENDS + PRINTS, below):
        if not (path in MAY_END and name in ENDS):
            yield path, number, f"{name}() below core/app"
    for path in below:
        for number, line in enumerate(house.code(path).split("\n"), 1):
            if re.search(r"\bstdout\b", line):
                yield path, number, "stdout below core/app"


def faults(house):
    """docs/TESTING.md lists the fault points that exist, and no other."""
    table = "docs/TESTING.md"
    text = house.text(table) if table in house.paths else ""
    listed = set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", text, re.M))
    seen = set()
    for path in house.sources("core/", "bindings/"):
        for number, line in enumerate(house.text(path).split("\n"), 1):
            for name in re.findall(r'\btg_fault(?:_in)?\("([^"]*)"[,)]', line):
                seen.add(name)
                if name not in listed:
                    yield path, number, f"fault point {name} is not in the table of {table}"
    for name in sorted(listed - seen):
        yield table, 1, f"fault point {name} is nowhere in the code"


def unfinished(house):
    for path in house.paths:
        if path.endswith(TEXT) and not path.startswith("tests/lint/"):
            for number, line in enumerate(house.text(path).split("\n"), 1):
                if re.search(r"\b(TODO|FIXME|XXX)\b", line):
                    yield path, number, "finish it or open an issue"


def papers(house):
    for name in ("CHANGELOG.md", "LICENSE", "README.md", "CONTRIBUTING.md", "VERSION"):
        if name not in house.paths:
            yield name, 1, "is missing"
    if "CHANGELOG.md" in house.paths and "## " not in house.text("CHANGELOG.md"):
        yield "CHANGELOG.md", 1, "has no section"


RUN_BOOK = "docs/OPERATIONS.md"
ENTRY_PARTS = ("See", "Means", "Do", "Test")


def runbook(house):
    """Every entry of the run book says what to see, what it means, what to do, and which test shows
    it; every alert has an entry."""
    entries = re.split(r"^### ", house.text(RUN_BOOK), flags=re.M) if (
        RUN_BOOK in house.paths) else [""]
    names, line = set(), 1 + entries[0].count("\n")
    for entry in entries[1:]:
        entry = entry.split("\n## ")[0]
        names.add(entry.split("\n")[0])
        for part in ENTRY_PARTS:
            if f"\n**{part}**: " not in entry:
                yield RUN_BOOK, line, f"no **{part}**: in this entry"
        for path, name in re.findall(r"`(tests/[^`:]+)(?:::(\w+))?`", entry):
            text = house.text(path) if path in house.paths else ""
            if not re.search(rf"\b{name}\b" if name else ".", text):
                yield RUN_BOOK, line, f"there is no test {path}{'::' * bool(name)}{name}"
        line += entry.count("\n")
    for alert in re.findall(r'"(Tidegate\w+)"', house.text("core/app/alerts.c") if (
            "core/app/alerts.c" in house.paths) else ""):
        if alert not in names:
            yield RUN_BOOK, 1, f"no entry for the alert {alert}"


CHECKS = {f.__name__: f for f in (layers, libraries, files, lines, functions, banned, quiet,
                                  faults, unfinished, papers, runbook)}


def main(args):
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    if args[:1] == ["--root"]:
        root, args = args[1], args[2:]
    unknown = [name for name in args if name not in CHECKS]
    if unknown:
        print(f"no such check: {unknown[0]}; there are {' '.join(CHECKS)}", file=sys.stderr)
        return 2
    house, status = House(root), 0
    for name in args or CHECKS:
        for path, number, message in CHECKS[name](house):
            print(f"{path}:{number}: {message} [{name}]")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
