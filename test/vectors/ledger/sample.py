"""The ledger that the vectors are cut from: a clinic's, of six blocks and three incarnations.

build() makes it; build(lie) makes one whose sealer did one thing wrong and hashed rightly what came
after, so that nothing but the rule that forbids it tells.
"""
import hashlib
import json
import uuid

from model import (Event, Hashed, Large, Ledger, Link, REDACTED, Transaction, fields, image,
                   incarnation, link_hash, wire_row)

ANN = b"u" + uuid.UUID("aaaaaaaa-0000-4000-8000-000000000001").bytes
BOB = b"b" + (7).to_bytes(8, "big")
CLARA = b"t" + "Klinik Ä".encode()
DAN = b"t" + b"dan"
NOBODY = b""
START = 848_000_000_000_000
A, B, C = incarnation(7300000000000000001, 1, 16384), \
    incarnation(7300000000000000001, 2, 16384), incarnation(7399999999999999999, 1, 16390)
D = incarnation(7399999999999999999, 1, 16391)  # of a lie only

ID, ORG, NAME, SSN, NOTE, SCAN = range(6)


def descriptor(name, version, columns, key, org, form="binary", excluded=()):
    return json.dumps({
        "table": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)), "schema": "clinic", "name": name,
        "version": version, "form": form, "columns": columns, "key": key, "org": org,
        "excluded": list(excluded)}, ensure_ascii=False).encode()


def column(name, kind="text", store="value"):
    return {"name": name, "type": kind, "store": store}


PATIENT_COLUMNS = [column("id", "bigint"), column("org", "uuid"), column("name"),
                   column("ssn", store="hash"), column("note", store="redact")]
PATIENT = descriptor("patient", 1, PATIENT_COLUMNS, [0], 1, excluded=["photo"])
PATIENT_2 = descriptor("patient", 2, PATIENT_COLUMNS + [column("scan", "bytea")], [0], 1)
VISIT = descriptor("visit", 1, [column("Größe", "numeric"), column("bmi", "numeric")
                                | {"generated": True}], [], None, "text")
STRUCTURE = b"{}"


def number(n): return n.to_bytes(8, "big")


class Random:
    """Bytes that look random and are the same each time."""

    def __init__(self):
        self.count = 0

    def __call__(self, size):
        self.count += 1
        return hashlib.sha256(b"custody vectors %d" % self.count).digest()[:size]


class Builder:
    def __init__(self, lie):
        self.random, self.lie, self.clock = Random(), lie, START
        self.kept_out = lie == KEPT_OUT
        self.slot = {NOBODY: 3, ANN: 0xABCDEF, BOB: 0xABCDEE, CLARA: 0, DAN: 0xFFFFFF}
        if lie == "one slot for two":
            self.slot[CLARA] = self.slot[BOB]
        self.ledger = Ledger("01234567-89ab-4def-8123-456789abcdef", self.slot)

    def tx(self, inc, xid, contexts=1):
        self.clock += 1_000_000
        t = Transaction(incarnation=inc, xid=xid, secret=self.random(32), started=self.clock,
                        committing=self.clock + 2500, events=[], contexts=[])
        for i in range(contexts):
            query = hashlib.sha256(b"query %d" % i).hexdigest()
            parts = (fields("app", "app", "app", "dr.müller", None, "token"),
                     fields("clinic", None, "4711", None),
                     fields('{"sub":"dr.müller"}', "[]", query))
            t.contexts.append([(self.random(16), p) for p in parts])
        return t

    def add(self, tx, org, op, desc, key=(), old=None, new=None, context=0, gap=1, **members):
        salt = self.random(16)
        seq = tx.events[-1].seq + gap if tx.events else gap
        e = Event(org=org, op=op, seq=seq, cid=seq // 2, lsn=0x1000000 * tx.xid + 64 * seq,
                  context=context, descriptor=desc, key_salt=self.random(16), images_salt=salt,
                  key=wire_row(list(key)) if key else b"", old=image(old, salt),
                  new=image(new, salt), **members)
        tx.events.append(e)
        return e

    def seal(self, inc, kind, lineage, snapshot, txs, notes="", new=(), **members):
        self.clock += 10_000_000
        self.ledger.seal(txs, incarnation=inc, kind=kind, lineage=lineage, snapshot=snapshot,
                         secret=self.random(32), lsn=self.clock, notes=notes,
                         sealed_at=self.clock, new=new, **members)


def patient(n, name, ssn="123", note=REDACTED, *more):
    return [number(n), ANN[1:], name.encode(), Hashed(ssn.encode()), note, *more]


def first(b):
    """Block 1: two transactions; 101 is still running."""
    t = b.tx(A, 100, contexts=2)
    b.add(t, ANN, "I", PATIENT, [number(1)], new=patient(1, "Ann"))
    b.add(t, ANN, "I", PATIENT, [number(2)], new=patient(2, ""))
    b.add(t, BOB, "I", PATIENT, [number(3)], new=patient(3, "Bob"), gap=3, context=1)
    b.add(t, ANN, "U", PATIENT, [number(2)], {NAME: b"", NOTE: REDACTED},
          {NAME: "Ännchen".encode(), NOTE: REDACTED}, context=1)
    if b.lie == "seq steps back":
        t.events[3].seq = 2
    if b.lie == "an image of another kind":
        t.events[0].old = image(patient(1, "Ann"), t.events[0].images_salt)
    if b.lie == "an image with a column too few":
        t.events[0].new = image(patient(1, "Ann")[:4], t.events[0].images_salt)
    if b.lie == "an image with bytes left over":
        t.events[0].new += b"\x00"
    if b.lie == "a value longer than the image":
        t.events[0].new = t.events[0].new[:-1]
    if b.lie == "a key with a column too many":
        t.events[0].key = wire_row([number(1), number(1)])
    if b.lie == "positions that do not ascend":
        t.events[3].new = t.events[3].new[:3] + b"\x00\x04" + t.events[3].new[5:]
    u = b.tx(A, 102)
    b.add(u, BOB, "U", PATIENT, [number(3)], patient(3, "Bob"), patient(3, "Bobby", "124"))
    b.add(u, NOBODY, "I", VISIT, new=[b"1.80", None])
    txs = [t, u]
    if b.lie == "a transaction that is not seen":
        txs.append(b.tx(A, 103))
        b.add(txs[-1], BOB, "D", PATIENT, [number(3)], patient(3, "Bobby"))
    kind, members = 0 if b.lie == "a first block of kind 0" else 1, {}
    if b.lie == "transactions that do not ascend":
        txs, members = txs[::-1], {"as_is": True}
    b.seal(A, kind, 1, "101:103:101", txs, **members)
    return t


def second(b, sealed):
    """Block 2: the long transaction, and what began later. Block 3: nothing."""
    t = b.tx(A, 101)
    for n in range(4, 10):
        b.add(t, ANN, "B", PATIENT, [number(n)], new=patient(n, "Name %d" % n, "9"))
    u = b.tx(A, 104)
    b.add(u, NOBODY, "S", STRUCTURE, new='{"kind": "audit_on", "table": "visit"}')
    b.add(u, NOBODY, "T", VISIT, new='{"kind": "truncate", "rows": 1}')
    txs = [t, u]
    if b.lie == "a transaction in two blocks":
        txs.append(sealed)
    b.seal(A, 0, 1, "105:105:", txs)
    if b.lie == "two slots for one":
        b.ledger.shadow[17] = ANN
    b.seal(A, 1 if b.lie == "a block of kind 1 within an incarnation" else 0, 1,
           "104:105:104" if b.lie == "a snapshot that goes back" else "105:107:105,106", [])


def moved(b):
    """Block 4: promoted; rows change organization, partition, and are too large."""
    old = b.tx(A, 105)
    b.add(old, ANN, "D", PATIENT, [number(2)], patient(2, "Ännchen"))
    b.add(old, BOB, "I", PATIENT, [number(30)], new=patient(30, "Bea"))
    t = b.tx(B, 107, contexts=3)
    row = patient(1, "Ann", "123", None, Large(bytes(100000)))
    leave = b.add(t, ANN, "L", PATIENT_2, [number(1)], row)
    b.add(t, BOB, "E", PATIENT_2, [number(1)], None, row, pair=leave.seq, context=1)
    out = b.add(t, BOB, "M", PATIENT_2, [number(3)], patient(3, "Bobby", "124", REDACTED, None))
    b.add(t, BOB, "N", PATIENT_2, [number(3)], None,
          patient(3, "Bobby", "124", REDACTED, None), pair=out.seq, context=2)
    b.add(t, BOB, "U", PATIENT_2, [number(3)], {SCAN: None}, {SCAN: b"\x00\xff"}, context=2)
    if b.lie == "a pair with the wrong first":
        t.events[3].pair = leave.seq
    if b.lie == "a second of a pair without pair":
        t.events[1].pair = None
    if b.lie == "a pair used twice":
        b.add(t, BOB, "E", PATIENT_2, [number(1)], None, row, pair=leave.seq, context=1)
    if b.lie == "a first of a pair without second":
        del t.events[1]
    if b.kept_out:
        del t.events[3]
    notes = ""
    if b.lie == "an adoption of what the snapshot sees":
        notes = json.dumps({"adopted": [[A.hex(), "105"]]})
    kind = 0 if b.lie == "a block of kind 0 of another incarnation" else 1
    b.seal(B, kind, 1, "107:110:108,109", [old, t], notes)


def restored(b):
    """Block 5: restored elsewhere, with one transaction that no block had. Block 6: what came."""
    left = b.tx(B, 109)
    b.add(left, BOB, "U", PATIENT_2, [number(3)], {NAME: b"Bobby"}, {NAME: b"Rob"})
    t = b.tx(C, 740)
    b.add(t, CLARA, "I", PATIENT_2, [number(20)], new=patient(20, "C", "1", None, b""))
    adopted = [[B.hex(), "109"]]
    if b.lie == "an adoption that is not there":
        adopted.append([B.hex(), "108"])
    if b.lie == "an adoption that is listed twice":
        adopted *= 2
    notes = json.dumps({"adopted": adopted})
    if b.lie == "no adoption":
        notes = ""
    came = [left, t]
    if b.lie == "an incarnation of which one is adopted and one is not":
        came += [b.tx(D, 300), b.tx(D, 301)]
        for stray in came[2:]:
            b.add(stray, CLARA, "I", PATIENT_2, [number(40)], new=patient(40, "C", "1", None, b""))
        notes = json.dumps({"adopted": adopted + [[D.hex(), "300"]]})
    b.seal(C, 1, 1 if b.lie == "a lineage that is another's" else 2, "741:741:", came, notes)
    t = b.tx(C, 741)
    for n in range(21, 24):
        b.add(t, CLARA, "I", PATIENT_2, [number(n)], new=patient(n, "C", "1", None, b""))
    b.add(t, ANN, "D", PATIENT_2, [number(9)], patient(9, "Name 9", "9", REDACTED, None))
    t.events[0].erased_images = True
    t.events[1].erased_images = t.events[1].erased_key = True
    u = b.tx(C, 743)
    b.add(u, NOBODY, "S", STRUCTURE, new='{"kind": "prune", "events": 1}')
    b.add(u, NOBODY, "S", STRUCTURE, new='{"kind": "erase", "events": 2}')
    lineage = 1 if b.lie == "two lineages of an incarnation" else 2
    notes = ""
    if b.lie == "an adoption in a block of kind 0":
        notes = json.dumps({"adopted": [[C.hex(), "741"]]})
    b.seal(C, 0, lineage, "744:744:", [t, u], notes, new=[DAN])


# No lie: a trigger kept the row out of the partition that it was on its way to.
KEPT_OUT = "a row kept out of the other partition"
LIES = {"k that jumps": dict(k=1), "a total that does not add up": dict(total=1),
        "a number of transactions that is not theirs": dict(transactions=1),
        "a number of events that is not theirs": dict(events=1),
        "a link of another block": dict(block=1)}


def lying_link(lie):
    """The second link of ANN, hashed with one number changed."""
    class Lying(Link):
        def __init__(self, org, block, txs, before):
            super().__init__(org, block, txs, before)
            if org == ANN and self.k == 2:
                for name, more in LIES[lie].items():
                    setattr(self, name, getattr(self, name) + more)
                self.hash = link_hash(org, self.k, self.block, self.transactions, self.events,
                                      self.total, self.tree, self.before)
    return Lying


def build(lie=None):
    import model
    model.Link = lying_link(lie) if lie in LIES else Link
    b = Builder(lie)
    sealed = first(b)
    second(b, sealed)
    moved(b)
    restored(b)
    model.Link = Link
    return b.ledger
