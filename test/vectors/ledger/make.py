#!/usr/bin/python3
"""usage: make.py [FOLDER]

Writes the vectors of docs/ledger-format.md (README.md beside this file says what they are) into the
folder, which is this one unless told otherwise. What it writes is the same each time.
"""
import sys
from pathlib import Path

import model
from cases import Cases
from sample import A, ANN, BOB, NOBODY, Random
from tamper import tampered


class Hashes:
    """hashes.tsv: name, function, inputs, result."""

    def __init__(self):
        self.lines, self.random = [], Random()

    def add(self, name, function, result, **inputs):
        self.lines.append("\t".join([name, function, " ".join(
            "%s=%s" % (k, v.hex() if isinstance(v, bytes) else v) for k, v in inputs.items()),
            result.hex()]))

    def one(self, name, function, **inputs):
        """The model's function, its arguments by the names that stand in the line."""
        self.add(name, function, getattr(model, function + "_hash")(*inputs.values()), **inputs)

    def trees(self):
        for n in (*range(18), 31, 32, 33, 1000):
            leaves = [model.H(model.u32(i)) for i in range(n)]
            self.add("tree of %d" % n, "tree", model.tree(leaves), leaves=n)
            for index in sorted({0, n // 2, n - 1} if n else ()):
                hashes = b"".join(model.path(index, leaves))
                self.add("path of %d in %d" % (index, n), "path", hashes, leaves=n, index=index)

    def parts(self):
        r, zero = self.random, model.ZERO
        salt, secret, other = r(16), r(32), r(32)
        self.add("incarnation", "incarnation", model.incarnation(2**64 - 1, 2, 3),
                 system=2**64 - 1, timeline=2, database=3)
        self.add("descriptor", "descriptor", model.descriptor(b"{}"), text=b"{}")
        self.add("descriptor in UTF-8", "descriptor", model.descriptor('{"ä":1}'.encode()),
                 text='{"ä":1}'.encode())
        for name, key in (("no key", b""), ("key", model.wire_row([b"\x00\x01", b""]))):
            self.one(name, "key", salt=salt, key=key)
        images = {"none": None, "full": [b"1", None, b"", model.REDACTED],
                  "changed": {1: b"\xff", 300: None}, "text": '{"kind": "drop"}',
                  "hashed": [model.Hashed(b""), model.Hashed(b"x" * 100)],
                  "large": {2: model.Large(b"y" * 65536)}, "no columns": []}
        for name, what in images.items():
            self.one("images, " + name, "images", salt=salt, old=b"\x00",
                     new=model.image(what, salt))
        self.one("images, old and new", "images", salt=salt, old=model.image({0: b"1"}, salt),
                 new=model.image({0: b"2"}, salt))
        for position in (0, 1, 65535):
            self.one("value at %d" % position, "value", salt=salt, position=position, value=b"abc")
        parts = []
        for i, texts in enumerate(((None,) * 6, ("", "ä", None, "4711"), ("{}", "[]", "00"))):
            data = model.fields(*texts)
            self.one("part %d" % i, "part", part=i, salt=salt, bytes=data)
            parts.append(model.part_hash(i, salt, data))
        self.add("context", "context", model.context_hash(parts), who=parts[0], where=parts[1],
                 claims=parts[2])
        for name, xid, seq, cid, lsn, pair in (
                ("order", 1, 1, 0, 0, model.NONE),
                ("order, largest", 2**64 - 1, 2**32 - 2, 2**32 - 1, 2**64 - 1, 2**32 - 3)):
            self.one(name, "order", secret=secret, incarnation=A, xid=xid, seq=seq, cid=cid,
                     lsn=lsn, pair=pair)
        for op in "BIUDLEMNTS":
            self.one("event " + op, "event", order=other, op=op, context=parts[0],
                     descriptor=parts[1], key=parts[2], images=secret)
        self.add("token", "token", model.token(secret, A, 2**40), secret=secret, incarnation=A,
                 xid=2**40)
        for name, started, committing in (("", 848000000000000, 848000000000001),
                                          (", before 2000", -1, 0)):
            self.one("transaction of an organization" + name, "org_transaction", token=other,
                     started=started, committing=committing, events=7, tree=secret)
        self.transactions(other, secret)
        for name, org, k, before in (("first", ANN, 1, zero), ("later", NOBODY, 2**33, other)):
            self.one("link, " + name, "link", org=org, k=k, block=17, transactions=2, events=3,
                     total=2**33, tree=secret, before=before)

    def transactions(self, token, tree):
        for count, orgs in enumerate(((), ((ANN, 1, tree),), ((NOBODY, 2, token), (BOB, 3, tree)))):
            self.add("transaction of %d organizations" % count, "transaction",
                     model.transaction_hash(token, 5, 6, orgs), token=token, started=5,
                     committing=6, orgs=",".join("%s:%d:%s" % (o.hex(), n, t.hex())
                                                 for o, n, t in orgs))

    def blocks(self):
        r = self.random
        secret, link, previous = r(32), r(32), r(32)
        for slot in (0, 1, 2**24 - 1):
            self.add("blinding of slot %d" % slot, "blinding", model.blinding(secret, slot),
                     secret=secret, slot=slot)
        self.one("slot", "slot", blinding=previous, link=link)
        for depth, index in ((0, 0), (1, 1), (24, 2**24 - 1)):
            self.one("empty at %d, %d" % (depth, index), "empty", secret=secret, depth=depth,
                     index=index)
        for taken in ((), (0,), (2**24 - 1,), (0, 1), (0, 2**23), (5, 6, 7, 2**23 + 5, 2**24 - 1)):
            links = {slot: model.H(model.u32(slot)) for slot in taken}
            listed = ",".join(map(str, taken))
            self.add("slots " + (listed or "none"), "slots", model.slots_tree(secret, links),
                     secret=secret, taken=listed)
            for slot in taken[:1]:
                self.add("way of slot %d among %s" % (slot, listed), "slots_path",
                         b"".join(model.slots_path(secret, links, slot)), secret=secret,
                         taken=listed, slot=slot)
        for name, kind, notes in (("", 0, b""), (", adoption", 1, b'{"adopted": []}')):
            self.one("private part" + name, "private", secret=secret, kind=kind, lineage=3,
                     snapshot=b"10:20:10,14", transactions=2, events=9, tree=link, lsn=2**40,
                     notes=notes)
        self.one("block", "block", ledger=r(16), number=18, incarnation=A, before=previous,
                 slots=link, private=secret, sealed_at=848000000000000)


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    hashes = Hashes()
    hashes.trees()
    hashes.parts()
    hashes.blocks()
    (folder / "hashes.tsv").write_text("\n".join(hashes.lines) + "\n")
    bundles = folder / "bundles"
    bundles.mkdir(exist_ok=True)
    for old in bundles.glob("*.jsonl"):
        old.unlink()
    cases = Cases()
    cases.right()
    cases.unproven()
    cases.digests()
    cases.lied()
    tampered(cases)
    files = [cases.save(case, bundles) for case in cases.all]
    assert len(set(files)) == len(files), [f for f in files if files.count(f) > 1]
    (folder / "bundles.tsv").write_text(
        "".join(cases.index_line(c, f) + "\n" for c, f in zip(cases.all, files)))


main()
