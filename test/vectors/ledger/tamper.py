"""What somebody does to a bundle after it was exported. Each entry: name, reason, change, line.

A change gets the lines, alters them, and may return the index of the line that is to be named.
"""
import copy

from cases import at, flip
from model import dump, export_event, export_ledger, export_org, text
from sample import ANN, BOB
from texts import texts


def edit(kind, n, *keys_and_value):
    """Sets a member, however deep, of the n-th line of a kind; a function gets the old value."""
    *keys, value = keys_and_value

    def change(lines):
        i = at(lines, kind, n)
        inside = lines[i]
        for key in keys[:-1]:
            inside = inside[key]
        inside[keys[-1]] = value(inside[keys[-1]]) if callable(value) else value
        return i
    return change


def header(**members):
    return lambda lines: lines[0].update(members)


def drop(kind, n=0, count=1):
    def change(lines):
        i = at(lines, kind, n)
        del lines[i:i + count]
    return change


def swap(kind, n, m):
    def change(lines):
        i, j = at(lines, kind, n), at(lines, kind, m)
        lines[i], lines[j] = lines[j], lines[i]
    return change


def repeat(kind, n=0):
    def change(lines):
        i = at(lines, kind, n)
        lines.insert(i, dict(lines[i]))
        return i + 1
    return change


def more(n): return n + 1


def rename(data):
    """Another letter in a value of an image."""
    for old, new in (("6d65", "6d66"), ("6e6e", "6e6f"), ("6262", "6263")):
        data = data.replace(old, new, 1)
    return data


def drop_transaction(n, adjust=0):
    """With its events and contexts; adjust: the link's numbers are made to fit."""
    def change(lines):
        i = at(lines, "transaction", n)
        begin = i
        while lines[begin - 1]["t"] in ("event", "context") + ("descriptor",) * (not adjust):
            begin -= 1
        if adjust:
            link = next(line for line in lines[i:] if line["t"] == "link")
            link["transactions"] -= 1
            link["events"] -= lines[i]["events"]
            link["total"] -= lines[i]["events"]
        del lines[begin:i + 1]
    return change


def drop_event(kind, n, adjust):
    """One event withheld; adjust: so that all numbers fit."""
    def change(lines):
        i = at(lines, "event", n)
        org = lines.pop(i).get("org")
        if kind == "ledger":
            j = max(j for j in range(i) if lines[j].get("t") == "transaction")
            if adjust:
                next(o for o in lines[j]["orgs"] if o["org"] == org)["events"] -= 1
            return j
        j = next(j for j in range(i, len(lines)) if lines[j]["t"] == "transaction")
        if not adjust:
            return j
        lines[j]["events"] -= 1
        link = next(line for line in lines[j:] if line["t"] == "link")
        link["events"] -= 1
        link["total"] -= 1
        return lines.index(link)
    return change


def without_links(lines):
    """Nothing happened: the events between the heads are gone, the last head says so."""
    begin, end = at(lines, "head", 0) + 1, at(lines, "head", 1)
    del lines[begin:end]
    return at(lines, "head", 1)


def without_link_before(lines):
    """As if these were the organization's first blocks."""
    i = at(lines, "link", 0)
    del lines[i:i + 2]
    number = lines[0]["to_block"]
    lines[:] = [x for x in lines if x.get("t") != "block" or x["number"] >= number]
    return at(lines, "link", 0)


def claims_of_other_transaction(lines):
    """Events that name a context of a transaction before."""
    first = lines[at(lines, "context", 0)]
    context = next(i for i, line in enumerate(lines)
                   if line.get("t") == "context" and line["parts"] != first["parts"])
    named = lines[at(lines, "event", 0)]["context"]
    del lines[context]
    lines[context]["context"] = named
    return context


def reseed_descriptor(lines):
    """Another meaning of the columns: the descriptor changes, events name the new one."""
    from model import descriptor
    i = at(lines, "descriptor")
    old = descriptor(lines[i]["text"].encode()).hex()
    lines[i]["text"] = lines[i]["text"].replace('"name": "ssn"', '"name": "tax"')
    for line in lines:
        if line.get("descriptor") == old:
            line["descriptor"] = descriptor(lines[i]["text"].encode()).hex()
    return at(lines, "link", 1)


def quiet(ledger):
    """Another organization's heads, in whose blocks nothing happened, under the name of ANN."""
    def change(lines):
        lines[:] = export_org(ledger, BOB, 2, 3, 6)
        lines[0]["org"] = text(ANN)
        return at(lines, "head", 0)
    return change


def org_changes(ledger):
    """On ANN's blocks 2 to 4."""
    link, tx = "link", "transaction"
    return [
        ("an event withheld", tx, drop_event("org", 0, False)),
        ("an event withheld, numbers adjusted", link, drop_event("org", 0, True)),
        ("an event twice", tx, lambda x: repeat("event")(x) and at(x, tx)),
        ("events in another order", link, lambda x: swap("event", 0, 1)(x) or at(x, link, 1)),
        ("another operation", link, edit("event", 0, "op", "I"), 1),
        ("another image", link, edit("event", 0, "images", "new", rename), 1),
        ("another key", link, edit("event", 0, "key", "bytes", flip), 1),
        ("another salt of the key", link, edit("event", 0, "key", "salt", flip), 1),
        ("another salt of the images", link, edit("event", 0, "images", "salt", flip), 1),
        ("another order hash", link, edit("event", 0, "order", flip), 1),
        ("images of another event", link, swap_images, 1),
        ("another descriptor", "place", edit("descriptor", 0, "text",
                                             lambda t: t.replace("patient", "patients")), None),
        ("another descriptor, named by its hash", link, reseed_descriptor),
        ("another context", "place", edit("context", 0, "parts", 0, "bytes", flip), None),
        ("a context of another transaction", "place", claims_of_other_transaction),
        ("a context twice", "place", repeat("context")),
        ("a context too many", "place", extra_context, None),
        ("a descriptor twice", "place", repeat("descriptor")),
        ("another token", link, edit(tx, 0, "token", flip), 1),
        ("another time of begin", link, edit(tx, 0, "started", lambda s: str(int(s) - 1)), 1),
        ("another time of commit", link, edit(tx, 0, "committing", lambda s: str(int(s) + 1)), 1),
        ("more events than there are", tx, edit(tx, 0, "events", more)),
        ("a transaction withheld", link, drop_transaction(0)),
        ("a transaction withheld, numbers adjusted", link, drop_transaction(1, True)),
        ("a transaction without events", tx, no_events),
        ("a link withheld", link, drop(link, 1), 1),
        ("all links withheld", "head", without_links),
        ("the link before withheld", "place", drop(link, 0), ("head", 0)),
        ("everything before withheld", link, without_link_before),
        ("a link's k", link, edit(link, 1, "k", more)),
        ("a link's total", link, edit(link, 1, "total", more)),
        ("a link's tree", link, edit(link, 1, "tree", flip)),
        ("a link's before", link, edit(link, 1, "before", flip)),
        ("the link before's total", "head", edit(link, 0, "total", more), ("head", 0)),
        ("a link's block", link, edit(link, 1, "block", more), 2),
        ("a link of a later block", link, edit(link, 2, "block", 5)),
        ("the first head withheld", "place", drop("head", 0)),
        ("the last head withheld", "place", drop("head", 1)),
        ("a head's slot", "head", edit("head", 1, "slot", flip_slot)),
        ("a head's blinding", "head", edit("head", 0, "blinding", flip)),
        ("a head's link", "head", edit("head", 1, "link", flip)),
        ("a head's path", "head", edit("head", 1, "path", 7, flip)),
        ("a head of another block", "head", edit("head", 1, "block", more)),
        ("heads of an organization without events", "head", quiet(ledger)),
        ("another organization", "head", header(org=text(BOB)), ("head", 0)),
        ("other first block", "block", header(from_block=3), ("block", 0)),
        ("other last block", link, header(to_block=3), 2),
        ("a block withheld", "block", drop("block", 1), ("block", 1)),
        ("a block twice", "block", repeat("block", 1)),
        ("a block's number", "block", edit("block", 2, "number", more)),
        ("a block's before", "block", edit("block", 2, "before", flip)),
        ("a block's slots", "block", edit("block", 1, "slots", flip), ("block", 2)),
        ("a block's private part", "block", edit("block", 1, "private", flip), ("block", 2)),
        ("the last block's private part", "digest", edit("block", -1, "private", flip), None),
        ("the last block's time", "digest", edit("block", -1, "sealed_at", "848"), None),
        ("a header that says it is one", "form", header(t="header"), None),
        ("an unknown line", "place", lambda x: x.insert(at(x, "head"), {"t": "heads"}), None),
        ("a line after the last", "place", lambda x: x.append(dict(x[-1])) or len(x) - 1),
        ("a prune line in kind org", "place", lambda x: x.insert(3, {"t": "prune"}) or 3),
    ]


def flip_slot(n): return n ^ 1


def swap_images(lines):
    i, j = at(lines, "event", 0), at(lines, "event", 1)
    lines[i]["images"], lines[j]["images"] = lines[j]["images"], lines[i]["images"]


def extra_context(lines):
    i = at(lines, "context")
    line = copy.deepcopy(lines[i])
    line["parts"][0]["salt"] = flip(line["parts"][0]["salt"])
    lines.insert(i, line)
    return at(lines, "transaction")


def no_events(lines):
    i = at(lines, "transaction")
    lines.insert(i + 1, dict(lines[i], events=0))
    return i + 1


def event_changes():
    """On BOB's second of four events, in a block with two transactions of his."""
    return [
        ("another index", "link", edit("path", 0, "index", 0), ("link", 0)),
        ("another number of events", "transaction", edit("transaction", 0, "events", more)),
        ("another number of leaves", "transaction", edit("path", 0, "of", more), None),
        ("an index beyond the leaves", "transaction", edit("path", 0, "index", 9), None),
        ("a path too long", "transaction", edit("path", 0, "hashes", lambda h: h + h[:1]), None),
        ("a path too short", "transaction", edit("path", 0, "hashes", lambda h: h[:-1]), None),
        ("another path", "link", edit("path", 0, "hashes", 0, flip), ("link", 0)),
        ("another second index", "link", edit("path", 1, "index", 0), ("link", 0)),
        ("another second path", "link", edit("path", 1, "hashes", 0, flip), ("link", 0)),
        ("a second path too long", "link", edit("path", 1, "hashes", lambda h: h + h), None),
        ("another image, event", "link", edit("event", 0, "images", "old", rename), ("link", 0)),
        ("the link of another block", "link", edit("link", 0, "block", more)),
        ("a block too many in the header", "form", header(from_block=3), None),
        ("two events", "place", repeat("event"), None),
        ("no first path", "place", drop("path", 0), ("transaction", 0)),
        ("no second path", "place", drop("path", 1), ("link", 0)),
        ("no head", "place", drop("head"), None),
        ("a head's slot, event", "head", edit("head", 0, "slot", flip_slot)),
    ]


def ledger_changes():
    """On blocks 1 and 2."""
    tx = "transaction"
    orgs = ("orgs", 0)
    return [
        ("an event withheld, ledger", tx, drop_event("ledger", 0, False)),
        ("an event withheld, orgs adjusted", tx, drop_event("ledger", 0, True)),
        ("an event of another organization", tx, edit("event", 0, "org", text(BOB)), (tx, 0)),
        ("another seq", tx, edit("event", 3, "seq", more), (tx, 0)),
        ("another cid", tx, edit("event", 0, "cid", more), (tx, 0)),
        ("another lsn", tx, edit("event", 0, "lsn", "1"), (tx, 0)),
        ("another image, ledger", tx, edit("event", 0, "images", "new", rename), (tx, 0)),
        ("another secret", tx, edit(tx, 0, "secret", flip)),
        ("another time of commit, ledger", "link", edit(tx, 0, "committing", "848000001000001"),
         ("link", 1)),
        ("another tree of an organization", tx, edit(tx, 0, *orgs, "tree", flip)),
        ("an organization too many", tx, edit(tx, 0, "orgs", lambda o: o + [dict(o[0], org="74")])),
        ("organizations in another order", tx, edit(tx, 0, "orgs", lambda o: o[::-1])),
        ("a transaction withheld, ledger", "link", drop_ledger_transaction, ("link", 0)),
        ("a link withheld, ledger", "link", drop("link", 0), None),
        ("links in another order", "link", swap("link", 0, 1), ("link", 1)),
        ("a link's total, ledger", "link", edit("link", 1, "total", more)),
        ("a link of nobody's", "link", edit("link", 0, "org", "74"), None),
        ("another secret of the block", "slot", edit("block", 0, "secret", flip)),
        ("another slot", "slot", edit("block", 0, "slot_of", 0, 0, more)),
        ("another slot before the right one", "slot",
         edit("block", 0, "slot_of", lambda s: [[s[0][0] ^ 1, s[0][1]], *s])),
        ("a slot beyond the last", "form", edit("block", 0, "slot_of", 0, 0, 2**24), None),
        ("slots in an object", "form", edit("block", 1, "slot_of", {}), None),
        ("a slot withheld", "slot", edit("block", 0, "slot_of", lambda s: s[1:])),
        ("other slots", "slot", edit("block", 1, "slots", flip)),
        ("other transactions of the block", "block", edit("block", 0, "transactions", more)),
        ("other events of the block", "block", edit("block", 0, "events", more)),
        ("another tree of the block", "block", edit("block", 0, "tree", flip)),
        ("another lsn of the block", "block", edit("block", 0, "lsn", "1"), ("block", 1)),
        ("another lineage", "member", edit("block", 1, "lineage", 3)),
        ("other notes", "digest", edit("block", 1, "notes", '{"by": "me"}'), None),
        ("another snapshot", "digest", edit("block", 1, "snapshot", "105:106:"), None),
        ("another ledger", "block", header(ledger="01234567-89ab-4def-8123-456789abcdee"),
         ("block", 1)),
        ("another last block", "place", header(to_block=3), None),
        ("nothing but a header", "place", lambda x: x.__delitem__(slice(1, None)), None),
    ]


def drop_ledger_transaction(lines):
    del lines[at(lines, "transaction", 1):at(lines, "link", 0)]


def opening_changes():
    """On blocks 3 to 6: what is taken from the block before."""
    return [
        ("an organization's newest link withheld", "slot", drop("link", 0), ("block", 0)),
        ("another newest link", "slot", edit("link", 0, "total", more), ("block", 0)),
        ("the block before withheld", "place", drop("block", 0), ("link", 0)),
        ("the block before, another slot", "slot", edit("block", 0, "slot_of", 0, 0, more)),
        ("the block before, another tree", "block", edit("block", 0, "tree", flip), ("block", 1)),
        ("a prune line before events", "place", prune_with_events),
        ("a prune line for a transaction", "link", prune, None),
        ("a prune line without incarnation", "form", prune_nowhere, None),
    ]


def prune_with_events(lines):
    """A transaction passed off as pruned; its events are left over."""
    i = at(lines, "transaction", 0)
    line = lines[i]
    lines[i] = {"t": "prune", "token": "00" * 32,
                **{k: v for k, v in line.items() if k not in ("t", "secret")}}


def prune(lines):
    """The same without its events, and with a token of one's own."""
    prune_with_events(lines)
    i = at(lines, "prune", 0)
    while lines[i + 1]["t"] in ("descriptor", "context", "event"):
        del lines[i + 1]


def prune_nowhere(lines):
    prune(lines)
    edit("prune", 0, "incarnation", "nowhere")(lines)


def tampered(cases):
    """Adds all of them."""
    def look(changes, base):
        for name, reason, change, *line in changes:
            def apply(lines, change=change, line=line):
                found = change(lines)
                if not line:
                    return found
                where = line[0]
                where = ("link", where) if isinstance(where, int) else where
                return None if where is None else at(lines, *where)
            cases.broken(name, reason, apply, base)
    good = cases.good
    look(org_changes(good), export_org(good, ANN, 2, 4, 6))
    look(event_changes(), export_event(good, 4, 107, 3, 6))
    look([("a path in an object", "form", edit("path", 0, "hashes", {}), None)],
         export_event(good, 5, 740, 1, 6))
    look(ledger_changes(), export_ledger(good, 1, 2))
    look(opening_changes(), export_ledger(good, 3, 6))
    lines = [line.encode() for line in dump(export_org(good, ANN, 4, 4, 4))]
    for name, old, new in texts():
        i = next((i for i, line in enumerate(lines) if old in line), None)
        assert i is not None, name
        changed = b"\n".join(lines[:i] + [lines[i].replace(old, new, 1)] + lines[i + 1:])
        cases.add("org", name, changed.split(b"\n"), good.digest(4), "refuted", "form", i + 1)
    cases.add("org", "half a line", [*lines[:-1], lines[-1][:-20]], good.digest(4), "refuted",
              "form", len(lines))
    cases.add("org", "an empty file", [], good.digest(4), "refuted", "place")
