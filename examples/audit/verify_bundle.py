#!/usr/bin/python3
"""usage: verify_bundle.py BUNDLE [--digest FILE]: as docs/ledger-format.md says. FILE: digest from elsewhere, or lines
of an anchor (their signatures are not checked here). Exits with 0 if proven, 5 if not, 1 for a wrong call."""
import collections, functools, hashlib, json, os, re, sys, types, uuid
class Refuted(Exception): """reason, what, line (None: the one that was read last)."""
def need(truth, reason, what, line=None):
    if not truth: raise Refuted(reason, what, line)
def form(truth, value): need(truth, "form", f"{value!r:.70}"); return value
def H(kind, *parts): return hashlib.sha256(bytes([kind]) + b"".join(parts)).digest()
def u(size, n): return form(type(n) is int, n).to_bytes(size, "big")
def lp(data): return u(4, len(data)) + data
def decimal(v): return int(form(str(int(v)) == v, v))
def unhex(v, size=None): return bytes.fromhex(form(bytes.fromhex(v).hex() == v and size in (None, len(v) // 2), v))
READ = {"1": lambda n: u(1, n), "4": lambda n: u(4, n), "8": lambda n: u(8, n), "d": lambda v: u(8, decimal(v)),
        "x": unhex, "h": lambda v: unhex(v, 32), "s": lambda v: unhex(v, 16), "l": lambda v: lp(unhex(v)),
        "t": lambda v: lp(v.encode()), "i": lambda v: decimal(v).to_bytes(8, "big", signed=True),
        "p": lambda n: u(4, 2**32 - 1 if n is None else n), "o": lambda v: form(v in [*"BIUDLEMNTS"], v).encode()}
EVENT, ORDER, TX = "o.op h.context h.descriptor", "4.seq 4.cid d.lsn p.pair", "h.token i.started i.committing"
LINK = "8.k 8.block 4.transactions 8.events 8.total h.tree h.before"  # layout: members, each with its reader's letter
BLOCK = "8.number h.incarnation h.before h.slots h.private i.sealed_at"
PRIVATE = "h.secret 1.kind 4.lineage t.snapshot 8.transactions 8.events h.tree d.lsn t.notes"
FIRST = types.SimpleNamespace(k=0, hash="00" * 32, total=0, block=0)  # before the first link
def pack(layout, x): return b"".join(READ[m[0]](getattr(x, m[2:])) for m in layout.split())
def fields(v, *layouts):  # an object with exactly the members of one of the layouts
    return form(v.keys() in [{*re.sub(r"\b.\.", "", layout).split()} for layout in layouts], types.SimpleNamespace(**v))
def sealed(kind, value, layout, *before):  # the commitment to what is there, or that is there alone
    x = fields(value, layout, "hash")
    return pack("h.hash", x) if "hash" in value else H(kind, *before, pack(layout, x))
def whole(v): return form(v.isdigit() and int(v) < 2**53, int(v) if v.isdigit() else v)
def real(v): return form(abs(float(v)) < float("inf"), int(v) if v.lstrip("-").isdigit() else float(v))  # a double's
def once(pairs): return form(len(dict(pairs)) == len(pairs), dict(pairs))
def parse(text, read=real):
    return {**json.loads(text, object_pairs_hook=once, parse_constant=whole, parse_int=read, parse_float=read)}
class Tree:  # RFC 6962, leaf by leaf: peaks are the roots of its complete subtrees, largest first
    def __init__(self): self.count, self.events, self.peaks = 0, 0, []
    def add(self, leaf, events=1):
        self.count, self.events = self.count + 1, self.events + events
        for _ in range((self.count & -self.count).bit_length() - 1): leaf = H(1, self.peaks.pop(), leaf)
        self.peaks.append(leaf)
    def root(self): return functools.reduce(lambda r, l: H(1, l, r), self.peaks[::-1] or [H(0x13)]).hex()
def way(leaf, i, n, hashes, reason):  # the root that an audit path leads to from leaf i of n
    need(0 <= i < n and (n == 1) == (not hashes), reason, "an audit path of another length")
    if n == 1: return form(hashes == [], leaf)
    k, side, below = 1 << (n - 1).bit_length() - 1, unhex(hashes[-1], 32), hashes[:-1]
    return H(1, way(leaf, i, k, below, reason), side) if i < k else H(1, side, way(leaf, i - k, n - k, below, reason))
def slots_root(secret, links, depth=0, index=0):  # links: the newest below this node, by slot
    if not links: return H(0xe, secret, u(1, depth), u(4, index))
    if depth == 24: return H(0xd, H(0xc, secret, u(4, index)), unhex(links[index]))
    return H(1, *(slots_root(secret, {slot: links[slot] for slot in links if slot >> 23 - depth == side},
                             depth + 1, side) for side in (2 * index, 2 * index + 1)))
def sees(snapshot, xid): return xid < snapshot[1] and xid not in snapshot[2:]
class Bundle:
    def __init__(self, file):
        self.file, self.where, self.next, self.hash, self.digests, self.slots = file, 0, None, None, {}, {}
        self.known, self.count, self.met, self.fork = {"descriptor": {}, "context": {}}, collections.Counter(), 0, False
    def peek(self):  # what the next line is; None at the end
        if self.next is None and (data := self.file.readline()):
            self.where += 1
            self.next = parse(data.decode(), whole)
        return self.next if self.next is None else self.next.get("t", "header")
    def take(self, t, *layouts):
        need(self.peek() == t, "place", f"{t} expected, not {self.peek() or 'the end'}")
        taken, self.next = fields(self.next, *("t " * (t != "header") + layout for layout in layouts)), None
        return taken
    def block(self, number):  # the next one of the chain
        x = self.take("block", BLOCK.replace("h.private", PRIVATE + " slot_of") if self.ledger else BLOCK)
        need((x.number, x.before) == (number, FIRST.hash if number == 1 else self.hash or x.before), "block", x.number)
        if self.ledger: x.private = H(0xf, pack(PRIVATE, x)).hex()
        self.slots[number], self.hash = x.slots, H(0x10, b"\1", self.uuid.bytes, pack(BLOCK, x)).hex()
        if number in self.digests: self.met, self.fork = number, self.fork or self.digests[number] != {self.hash}
        return x
    def event(self, tx=None, new=frozenset()):  # its line and leaf; descriptor and context may stand before it
        while self.peek() in self.known:
            x = self.take(self.next["t"], "text", "parts")
            hash = (H(7, x.text.encode()) if hasattr(x, "text") else H(6, *(sealed(5, part, "s.salt x.bytes", u(1, i))
                    for i, part in enumerate(form(len(x.parts) == 3, x.parts))))).hex()
            need(hash not in self.known[x.t], "place", "it is there already")
            self.count.update(erased_parts=sum("hash" in part for part in getattr(x, "parts", [])[:2 + self.ledger]))
            self.known[x.t][hash], new = parse(x.text) if hasattr(x, "text") else x, new | {hash}
        e = self.take("event", EVENT + " key images " + (ORDER + " org" if tx else "order"))
        need(e.context in self.known["context"] and e.descriptor in self.known["descriptor"] and
             new <= {e.context, e.descriptor}, "place", "not after its descriptor and context")
        self.count.update(events=1, erased_keys=int("hash" in e.key), erased_images=int("hash" in e.images))
        order = H(2, tx.place, pack(ORDER, e)) if tx else pack("h.order", e)
        return e, H(0, b"\1", order, pack(EVENT, e), sealed(3, e.key, "s.salt x.bytes"),
                    sealed(4, e.images, "s.salt l.old l.new"))
    def path(self, tree, reason):  # count and root of the tree; in kind event, of the one that has its leaf
        if self.head.kind != "event": return tree.count, tree.root()
        need(tree.count == 1, "place", "more than one event")
        x = self.take("path", "index of hashes")
        return pack("8.index 8.of", x) and x.of, way(unhex(tree.root()), x.index, x.of, x.hashes, reason).hex()
    def transaction(self):  # an organization's: its leaf, and the number of its events
        tree = Tree()
        while self.peek() not in ("transaction", "path"): tree.add(self.event()[1])
        of, root = self.path(tree, "transaction")
        x, self.known["context"] = self.take("transaction", TX + " events"), {}
        need(x.events == of > 0, "transaction", f"{of} events, not {x.events}")
        return H(9, pack(TX + " 4.events", x), unhex(root)), of
    def link(self, org, low, high, over=None, last=None, events=0):  # over: number and root of its transactions
        x = self.take("link", LINK + " org" * self.ledger)
        need(x.k and low <= x.block <= high and over in (None, (x.transactions, x.tree)) and (not last or (
            x.k, x.before, x.events, x.total) == (last.k + 1, last.hash, events, last.total + events) and
            x.block > last.block and (x.transactions or x.k == 1)), "link", f"not after the link before: {x.block}")
        x.hash = H(0xb, lp(unhex(org)), pack(LINK, x)).hex()
        return x
    def newest(self, number, link, slot=None):  # the head: the slot that has this link at the block
        x = self.take("head", "block slot blinding path link")
        root = way(H(0xd, pack("h.blinding h.link", x)), x.slot, 2**24, x.path, "head").hex()
        need((x.block, x.link, root) == (number, link.hash, self.slots.get(number)) and link.k and
             slot in (None, x.slot), "head", f"it does not lead from this link to block {number}")
        return pack("8.block 4.slot", x) and x.slot
    def organization(self, last=FIRST, slot=None):  # kinds org and event
        org, single, number = self.head.org, self.head.kind == "event", self.high
        if self.peek() == "block" and not single and self.next.get("number") == self.low - 1: number = self.low - 1
        while self.peek() == "block": number = self.block(number).number + 1
        if self.low - 1 in self.slots: slot = self.newest(self.low - 1, last := self.link(org, 1, self.low - 1))
        while self.peek() != "head" and not (single and last is not FIRST):
            tree = Tree()
            while self.peek() not in ("link", "path"): tree.add(*self.transaction())
            last = self.link(org, self.low, self.high, self.path(tree, "link"), not single and last, tree.events)
        self.newest(self.high, last, slot)
    def whole_transaction(self, trees):  # kind ledger: its leaf, and the number of its events
        names, line = "started committing incarnation xid orgs ", self.where
        x = self.take(t := self.peek(), names + ("token" if t == "prune" else "secret"))
        given, last, row, mine, firsts = [fields(o, "org events tree") for o in x.orgs], 0, [], {}, {}
        need(sorted({o.org for o in given if o.events}) == [o.org for o in given] != [], "transaction", "its orgs")
        x.place = pack("h.secret " * (t != "prune") + "h.incarnation d.xid", x)
        self.count.update(pruned=t == "prune")
        if t == "transaction":
            while self.peek() in (*self.known, "event"):
                e, leaf = self.event(x)
                need(e.seq > last and firsts.pop(e.pair, e.pair) == {"E": "L", "N": "M"}.get(e.op), "transaction",
                     f"xid {x.xid}: seq {e.seq} after {last}, or its pair", line)
                last, firsts[e.seq if e.op in "LM" else ""], key = e.seq, e.op, unhex(e.key.get("bytes", ""))[6:]
                row = row[-9:] + [(self.known["descriptor"][e.descriptor].get("name"), key)]
                mine.setdefault(e.org, Tree()).add(leaf)
            found = sorted((org, tree.count, tree.root()) for org, tree in mine.items())
            need(found == [(o.org, o.events, o.tree) for o in given] and "L" not in firsts.values(),
                 "transaction", f"xid {x.xid}: not what was sealed, in one of {row}", line)
            x.token, self.known["context"] = H(8, x.place).hex(), {}
        for o in given: trees[o.org].add(H(9, pack(TX, x), pack("4.events h.tree", o)), o.events)
        return H(0xa, pack(TX, x), u(4, len(given)), *(pack("l.org 4.events h.tree", o) for o in given)), sum(
            o.events for o in given)
    def everything(self, incarnation=None, ever=frozenset(), foreign=frozenset()):  # kind ledger
        newest, slot_of, lineages, snapshots = {}, {}, {}, collections.defaultdict([0, 0].copy)
        for number in range(max(1, self.low - 1), self.high + 1):
            x, line, opening = self.block(number), self.where, number < self.low
            trees, every, last, links = collections.defaultdict(Tree), Tree(), ("", 0), {}
            now, old = [int(n) for n in re.findall("[0-9]+", x.snapshot)], snapshots[x.lineage]
            listed = [(unhex(i, 32).hex(), u(8, decimal(n)) and decimal(n)) for i, n in map(list.copy, list.copy(parse(
                x.notes or "{}").get("adopted", [])))]
            adopted, foreign = {*listed}, foreign | {(i, x.lineage) for i, n in listed}  # whose lineage is another
            need(lineages.setdefault(x.incarnation, x.lineage) == x.lineage and foreign.isdisjoint(lineages.items()) and
                 (x.kind or not listed) and old[0] <= now[0] and old[1] <= now[1] and len(adopted - ever) == len(
                     listed) and not any(sees(old, xid) for xid in now[2:]), "member", "lineage, snapshot or adoption")
            while not opening and self.peek() in ("transaction", "prune"):
                where, xid = mine = self.next.get("incarnation"), decimal(self.next.get("xid"))
                home = lineages.get(where) if mine in adopted else lineages.setdefault(where, x.lineage)
                need(last < mine and foreign.isdisjoint(lineages.items()) and not sees(snapshots[home], xid) and (
                    mine in adopted or home == x.lineage and mine not in ever and sees(now, xid)), "member", xid)
                adopted, last = adopted - {mine}, mine
                every.add(*self.whole_transaction(trees))
            while self.peek() == "link":
                need([org := self.next.get("org")] > [*links][-1:], "link", "not in order")
                newest[org] = links[org] = self.link(org, 1, number) if opening else self.link(org, number, number, (
                    (tree := trees.pop(org, Tree())).count, tree.root()), newest.get(org, FIRST), tree.events)
            need(self.peek() in ("block", None), "place", f"{self.peek()} is neither link nor block")
            need(not trees and (opening or not adopted), "link" if trees else "member", "one is missing", line)
            slot_of.update(new := {org: slot for slot, org in form(type(x.slot_of) is list, x.slot_of) if u(3, slot)})
            taken = {slot: newest[org].hash for org, slot in slot_of.items() if org in newest}
            need(new.keys() == {org for org in links if opening or links[org].k == 1} and len(taken) == len(slot_of) and
                 [[slot, org] for org, slot in new.items()] == x.slot_of and
                 slots_root(unhex(x.secret), taken).hex() == x.slots, "slot", "not the slots", line)
            need(x.kind in (number == 1, 1) and (opening or (x.transactions, x.events, x.tree, x.kind) == (every.count,
                 every.events, every.root(), x.incarnation != incarnation)), "block", "transactions or kind", line)
            incarnation, snapshots[x.lineage], ever = x.incarnation, now, ever | {*listed}
    def verify(self):
        x = self.head = self.take("header", *("format kind ledger from_block to_block" + org for org in ("", " org")))
        self.ledger, self.low, self.high, self.uuid = x.kind == "ledger", x.from_block, x.to_block, uuid.UUID(x.ledger)
        form(x.format == "custody-bundle-1" and x.kind in (("org", "event") if hasattr(x, "org") else ("ledger",)) and
             x.ledger == str(self.uuid) and type(self.low) == type(self.high) == int and 0 < self.low <= self.high and
             (x.kind != "event" or self.low == self.high), x)
        self.everything() if self.ledger else self.organization()
        need(self.peek() is None, "place", "a line after the last")
        need(not self.fork and self.ledgers <= {x.ledger}, "digest", "the digest is of other blocks", 0)
        return "proven" if self.met >= self.high and not self.count["pruned"] else "unproven", (
            f"{x.kind} {getattr(x, 'org', '')} blocks {self.low} to {self.high} of {x.ledger}: {dict(self.count)}, "
            f"digest of block {self.met}, the newest of {max(self.digests, default=0)}")
def main(path, option="--digest", digests=os.devnull, whole=re.compile(r'(?!\0*$|\{"?$|\{"s(?!.*[0-9a-f]"\}$))').match):
    bundle, verdict, bundle.ledgers = Bundle(open(path, "rb")), "refuted", set()
    for one in (parse(x["signed"]) if "signed" in x else x for x in map(parse, filter(whole, open(digests)))):
        bundle.digests.setdefault(form(type(n := one["block"]) is int and 0 < n < 2**53, n), set()).add(one["hash"])
        bundle.ledgers.add(form(one["format"] == "custody-digest-1" and unhex(one["hash"], 32), one["ledger"]))
    try: verdict, what = bundle.verify()
    except Refuted as r: what = f"line {bundle.where if r.args[2] is None else r.args[2]}: {r.args[0]}: {r.args[1]}"
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        what = f"line {bundle.where}: form: {error!r:.70}"
    sys.exit(print(f"{verdict}: {what}") or (0 if verdict == "proven" else 5))
try: main(*sys.argv[1:]) if len(sys.argv) in (2, 4) and sys.argv[2:3] in ([], ["--digest"]) else sys.exit(__doc__)
except (OSError, TypeError, ValueError, LookupError, Refuted) as error: sys.exit(f"{error}\n{__doc__}")
