"""Topic scripts as text, and where their events ended."""
import json

EVENTS = ['"id bigint not null"', '"name text"', '"amount numeric(6,2)"']


def topic(topics, table, fields=None, transform=None, rules=(), **more):
    """A topic script. topics: a Kafka topic or several; table: None for none; fields: lines as Lua
    literals; transform: the function's body; rules: Lua expressions; more: other keys, as Lua
    expressions."""
    names = [topics] if isinstance(topics, str) else topics
    lines = [f'  topics = {{ {", ".join(json.dumps(n) for n in names)} }},',
             *([f'  table = {json.dumps(table)},'] if table else []),
             '  fields = {', *(f"    {f}," for f in fields or EVENTS), "  },"]
    if transform is not None:
        lines += ["  transform = function(b)", *(f"    {x}" for x in transform.splitlines()),
                  "  end,"]
    if rules:
        lines += ["  rules = {", *(f"    {r}," for r in rules), "  },"]
    return "\n".join(["return {", *lines, *(f"  {k} = {v}," for k, v in more.items()), "}", ""])


def chain(database, name):
    """{partition: the end of its chain}; empty while there is none."""
    if not database.value("SELECT to_regclass('tidegate.chain') IS NOT NULL"):
        return {}
    return dict(database.rows("SELECT part, next_offset FROM tidegate.chain WHERE topic = %s"
                              " AND kind = 'kafka'"
                              " AND next_offset IS NOT NULL", (name,)))


def done(database, kafka, name):
    """Whether everything in the topic is in the ledger."""
    return chain(database, name) == kafka.ends(name)


def rejected(database, name):
    """{(partition, offset): (stage, field, reason)}; of rules and loads the field may be None."""
    rows = database.rows('SELECT part, "offset", stage, field, reason FROM tidegate.rejected'
                         " WHERE kafka_topic = %s", (name,))
    return {(part, offset): rest for part, offset, *rest in rows}


def balance(database, name):
    """{"in": .., "loaded": .., "quarantined": .., "dropped": ..} of a topic, 0 without a ledger."""
    row = database.rows("SELECT sum(n_in), sum(n_loaded), sum(n_quarantined), sum(n_dropped)"
                        " FROM tidegate.ledger WHERE topic = %s", (name,))[0]
    return dict(zip(("in", "loaded", "quarantined", "dropped"), (int(n or 0) for n in row)))
