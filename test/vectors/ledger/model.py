"""docs/ledger-format.md as a model: hashes, a small ledger in memory, the bundles cut from it.

Written for make.py from that page alone and as naively as it reads: trees by the recursion of RFC
6962, the slots' tree by recursion over its 24 levels. Shares nothing with the verifiers.
"""
import hashlib
import json
import types
import uuid

ZERO = bytes(32)
NONE = 0xFFFFFFFF


def H(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def u8(n): return n.to_bytes(1, "big")
def u16(n): return n.to_bytes(2, "big")
def u32(n): return n.to_bytes(4, "big")
def u64(n): return n.to_bytes(8, "big")
def i32(n): return n.to_bytes(4, "big", signed=True)
def i64(n): return n.to_bytes(8, "big", signed=True)
def lp(x): return u32(len(x)) + x


# Section 1: trees, and the audit path of RFC 6962, 2.1.1.
def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def tree(leaves):
    if not leaves:
        return H(b"\x13")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return H(b"\x01", tree(leaves[:k]), tree(leaves[k:]))


def path(index, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return path(index, leaves[:k]) + [tree(leaves[k:])]
    return path(index - k, leaves[k:]) + [tree(leaves[:k])]


# Sections 2 to 6: one function for each byte of the table.
def incarnation(system, timeline, database):
    return H(b"\x12", u64(system), u32(timeline), u32(database))


def descriptor(text): return H(b"\x07", text)
def key_hash(salt, key): return H(b"\x03", salt, key)
def images_hash(salt, old, new): return H(b"\x04", salt, lp(old), lp(new))
def value_hash(salt, position, value): return H(b"\x11", salt, u16(position), value)
def part_hash(part, salt, data): return H(b"\x05", u8(part), salt, data)
def context_hash(parts): return H(b"\x06", *parts)


def order_hash(secret, inc, xid, seq, cid, lsn, pair):
    return H(b"\x02", secret, inc, u64(xid), u32(seq), u32(cid), u64(lsn), u32(pair))


def event_hash(order, op, context, desc, key, images):
    return H(b"\x00\x01", order, op.encode(), context, desc, key, images)


def token(secret, inc, xid): return H(b"\x08", secret, inc, u64(xid))


def org_transaction_hash(tok, started, committing, events, root):
    return H(b"\x09", tok, i64(started), i64(committing), u32(events), root)


def transaction_hash(tok, started, committing, orgs):
    return H(b"\x0a", tok, i64(started), i64(committing), u32(len(orgs)),
             *(lp(org) + u32(events) + root for org, events, root in orgs))


def link_hash(org, k, block, transactions, events, total, root, before):
    return H(b"\x0b", lp(org), u64(k), u64(block), u32(transactions), u64(events), u64(total),
             root, before)


def blinding(secret, slot): return H(b"\x0c", secret, u32(slot))
def slot_hash(blind, link): return H(b"\x0d", blind, link)
def empty_hash(secret, depth, index): return H(b"\x0e", secret, u8(depth), u32(index))


def slots_tree(secret, taken, depth=0, index=0):
    """taken: slot -> newest link; the subtree at this depth and index."""
    below = {s: link for s, link in taken.items() if s >> (24 - depth) == index}
    if not below:
        return empty_hash(secret, depth, index)
    if depth == 24:
        return slot_hash(blinding(secret, index), below[index])
    return H(b"\x01", slots_tree(secret, below, depth + 1, 2 * index),
             slots_tree(secret, below, depth + 1, 2 * index + 1))


def slots_path(secret, taken, slot):
    """The 24 neighbours on the way from the slot's leaf up."""
    return [slots_tree(secret, taken, depth, (slot >> (24 - depth)) ^ 1)
            for depth in range(24, 0, -1)]


def private_hash(secret, kind, lineage, snapshot, transactions, events, root, lsn, notes):
    return H(b"\x0f", secret, u8(kind), u32(lineage), lp(snapshot), u64(transactions), u64(events),
             root, u64(lsn), lp(notes))


def block_hash(ledger, number, inc, before, slots, private, sealed):
    return H(b"\x10\x01", ledger, u64(number), inc, before, slots, private, i64(sealed))


# Section 4: the bytes of keys, images, contexts.
REDACTED = object()


class Hashed(bytes):
    """Stored as its hash."""


class Large(bytes):
    """Stored as its length and hash."""


def value(data, salt, position):
    if data is None:
        return i32(-1)
    if data is REDACTED:
        return i32(-2)
    if isinstance(data, Hashed):
        return i32(-3) + value_hash(salt, position, data)
    if isinstance(data, Large):
        return i32(-4) + u64(len(data)) + value_hash(salt, position, data)
    return i32(len(data)) + data


def image(what, salt):
    if what is None:
        return b"\x00"
    if isinstance(what, list):
        return b"\x01" + u16(len(what)) + b"".join(value(v, salt, i) for i, v in enumerate(what))
    if isinstance(what, dict):
        return b"\x02" + u16(len(what)) + b"".join(u16(i) + value(v, salt, i)
                                                   for i, v in sorted(what.items()))
    return b"\x03" + what.encode()


def wire_row(values):
    return u16(len(values)) + b"".join(value(v, b"", 0) for v in values)


def fields(*texts):
    return u16(len(texts)) + b"".join(i32(-1) if t is None else lp(t.encode()) for t in texts)


def text(data): return data.hex()


class Event:
    """One event: what the page's section 4 lists, by the same names."""

    def __init__(self, **members):
        self.__dict__.update(dict(pair=None, erased_key=False, erased_images=False), **members)

    def leaf(self, tx):
        return event_hash(self.order(tx), self.op, context_hash(tx.parts(self.context)),
                          descriptor(self.descriptor), key_hash(self.key_salt, self.key),
                          images_hash(self.images_salt, self.old, self.new))

    def order(self, tx):
        pair = NONE if self.pair is None else self.pair
        return order_hash(tx.secret, tx.incarnation, tx.xid, self.seq, self.cid, self.lsn, pair)

    def line(self, tx, private):
        line = {"t": "event", "op": self.op, "context": text(context_hash(tx.parts(self.context))),
                "descriptor": text(descriptor(self.descriptor)),
                "key": {"salt": text(self.key_salt), "bytes": text(self.key)},
                "images": {"salt": text(self.images_salt), "old": text(self.old),
                           "new": text(self.new)}}
        if self.erased_key:
            line["key"] = {"hash": text(key_hash(self.key_salt, self.key))}
        if self.erased_images:
            line["images"] = {"hash": text(images_hash(self.images_salt, self.old, self.new))}
        if private:
            line.update(seq=self.seq, cid=self.cid, lsn=str(self.lsn), pair=self.pair,
                        org=text(self.org))
        else:
            line["order"] = text(self.order(tx))
        return line


class Transaction:
    def __init__(self, **members):
        self.__dict__.update(dict(pruned=False), **members)

    def parts(self, number):
        return [part_hash(i, salt, data) for i, (salt, data) in enumerate(self.contexts[number])]

    def token(self):
        return token(self.secret, self.incarnation, self.xid)

    def of(self, org):
        return [e for e in self.events if e.org == org]

    def orgs(self):
        return [(org, len(self.of(org)), tree([e.leaf(self) for e in self.of(org)]))
                for org in sorted({e.org for e in self.events})]

    def org_leaf(self, org):
        events = self.of(org)
        return org_transaction_hash(self.token(), self.started, self.committing, len(events),
                                    tree([e.leaf(self) for e in events]))

    def leaf(self):
        return transaction_hash(self.token(), self.started, self.committing, self.orgs())


class Link:
    def __init__(self, org, block, txs, before):
        leaves = [t.org_leaf(org) for t in txs]
        self.org, self.block, self.transactions = org, block, len(leaves)
        self.events = sum(len(t.of(org)) for t in txs)
        self.k = before.k + 1 if before else 1
        self.total = self.events + (before.total if before else 0)
        self.tree, self.before = tree(leaves), before.hash if before else ZERO
        self.hash = link_hash(org, self.k, block, self.transactions, self.events, self.total,
                              self.tree, self.before)

    def line(self, private):
        line = {"t": "link", "k": self.k, "block": self.block, "transactions": self.transactions,
                "events": self.events, "total": self.total, "tree": text(self.tree),
                "before": text(self.before)}
        return dict(line, org=text(self.org)) if private else line


class Ledger:
    def __init__(self, name, slots):
        self.uuid, self.slot, self.blocks, self.shadow = name, slots, [], {}

    def newest(self, org, number):
        links = [b.links[org] for b in self.blocks[:number] if org in b.links]
        return links[-1] if links else None

    def seal(self, txs, **members):
        """members: incarnation, kind, lineage, snapshot, secret, lsn, notes, sealed_at, new."""
        b = types.SimpleNamespace(**members)
        b.number = len(self.blocks) + 1
        b.txs = txs if "as_is" in members else sorted(txs, key=lambda t: (t.incarnation, t.xid))
        b.links = {org: Link(org, b.number, [t for t in b.txs if t.of(org)],
                             self.newest(org, b.number - 1))
                   for org in sorted({e.org for t in txs for e in t.events} | set(b.new))}
        self.blocks.append(b)
        b.taken = {slot: self.newest(org, b.number).hash for org, slot in self.slot.items()
                   if self.newest(org, b.number)}
        b.taken.update({slot: self.newest(org, b.number).hash for slot, org in self.shadow.items()})
        b.events, b.tree = sum(len(t.events) for t in txs), tree([t.leaf() for t in b.txs])
        b.slots = slots_tree(b.secret, b.taken)
        b.private = private_hash(b.secret, b.kind, b.lineage, b.snapshot.encode(), len(txs),
                                 b.events, b.tree, b.lsn, b.notes.encode())
        b.before = self.blocks[-2].hash if b.number > 1 else ZERO
        b.hash = block_hash(uuid.UUID(self.uuid).bytes, b.number, b.incarnation, b.before, b.slots,
                            b.private, b.sealed_at)

    def block_line(self, number, private, orgs=None):
        b = self.blocks[number - 1]
        line = {"t": "block", "number": number, "incarnation": text(b.incarnation),
                "before": text(b.before), "slots": text(b.slots)}
        if not private:
            return dict(line, private=text(b.private), sealed_at=str(b.sealed_at))
        new = [o for o in b.links if b.links[o].k == 1] if orgs is None else orgs
        return dict(line, secret=text(b.secret), kind=b.kind, lineage=b.lineage,
                    snapshot=b.snapshot, transactions=len(b.txs), events=b.events,
                    tree=text(b.tree), lsn=str(b.lsn), notes=b.notes, sealed_at=str(b.sealed_at),
                    slot_of=[[self.slot[o], text(o)] for o in new])

    def head_line(self, number, org):
        b, slot = self.blocks[number - 1], self.slot[org]
        return {"t": "head", "block": number, "slot": slot,
                "blinding": text(blinding(b.secret, slot)),
                "path": [text(h) for h in slots_path(b.secret, b.taken, slot)],
                "link": text(self.newest(org, number).hash)}

    def digest(self, number):
        b = self.blocks[number - 1]
        return {"format": "custody-digest-1", "ledger": self.uuid, "database": "clinic",
                "incarnation": text(b.incarnation), "block": number, "hash": text(b.hash),
                "previous": text(b.before), "sealed_at": str(b.sealed_at), "lsn": str(b.lsn)}


class Export:
    """Collects the lines of one bundle; descriptors once, contexts once for each transaction."""

    def __init__(self, ledger, kind, first, last, org=None):
        self.lines, self.seen = [], set()
        self.private = kind == "ledger"
        header = {"format": "custody-bundle-1", "kind": kind, "ledger": ledger.uuid}
        if org is not None:
            header["org"] = text(org)
        self.lines.append(dict(header, from_block=first, to_block=last))

    def event(self, tx, e, contexts):
        if e.descriptor not in self.seen:
            self.seen.add(e.descriptor)
            self.lines.append({"t": "descriptor", "text": e.descriptor.decode()})
        if e.context not in contexts:
            contexts.add(e.context)
            parts = [{"salt": text(salt), "bytes": text(data)}
                     for salt, data in tx.contexts[e.context]]
            if not self.private:
                parts[2] = {"hash": text(tx.parts(e.context)[2])}
            self.lines.append({"t": "context", "parts": parts})
        self.lines.append(e.line(tx, self.private))

    def transaction(self, tx, org=None):
        times = {"started": str(tx.started), "committing": str(tx.committing)}
        events = tx.events if self.private else tx.of(org)
        if self.private:
            line = {"t": "transaction", "secret": text(tx.secret)}
            if tx.pruned:
                line, events = {"t": "prune", "token": text(tx.token())}, []
            self.lines.append(dict(line, incarnation=text(tx.incarnation), xid=str(tx.xid), **times,
                                   orgs=[{"org": text(o), "events": n, "tree": text(root)}
                                         for o, n, root in tx.orgs()]))
        contexts = set()
        for e in events:
            self.event(tx, e, contexts)
        if not self.private:
            self.lines.append({"t": "transaction", "token": text(tx.token()), **times,
                               "events": len(events)})


def export_org(ledger, org, first, last, chain):
    """Blocks first to last, block lines up to chain."""
    out = Export(ledger, "org", first, last, org)
    before = ledger.newest(org, first - 1)
    out.lines += [ledger.block_line(n, False)
                  for n in range(first - 1 if before else last, chain + 1)]
    if before:
        out.lines += [before.line(False), ledger.head_line(first - 1, org)]
    for b in ledger.blocks[first - 1:last]:
        if org in b.links:
            for tx in b.txs:
                if tx.of(org):
                    out.transaction(tx, org)
            out.lines.append(b.links[org].line(False))
    out.lines.append(ledger.head_line(last, org))
    return out.lines


def export_event(ledger, number, xid, seq, chain):
    b = ledger.blocks[number - 1]
    tx = next(t for t in b.txs if t.xid == xid)
    e = next(e for e in tx.events if e.seq == seq)
    out = Export(ledger, "event", number, number, e.org)
    out.lines += [ledger.block_line(n, False) for n in range(number, chain + 1)]

    def add_path(leaf, leaves):
        index = leaves.index(leaf)
        out.lines.append({"t": "path", "index": index, "of": len(leaves),
                          "hashes": [text(h) for h in path(index, leaves)]})
    out.event(tx, e, set())
    add_path(e.leaf(tx), [x.leaf(tx) for x in tx.of(e.org)])
    out.lines.append({"t": "transaction", "token": text(tx.token()), "started": str(tx.started),
                      "committing": str(tx.committing), "events": len(tx.of(e.org))})
    add_path(tx.org_leaf(e.org), [t.org_leaf(e.org) for t in b.txs if t.of(e.org)])
    out.lines += [b.links[e.org].line(False), ledger.head_line(number, e.org)]
    return out.lines


def export_ledger(ledger, first, last):
    out = Export(ledger, "ledger", first, last)
    if first > 1:
        known = [o for o in sorted(ledger.slot) if ledger.newest(o, first - 1)]
        out.lines.append(ledger.block_line(first - 1, True, known))
        out.lines += [ledger.newest(o, first - 1).line(True) for o in known]
    for b in ledger.blocks[first - 1:last]:
        out.lines.append(ledger.block_line(b.number, True))
        for tx in b.txs:
            out.transaction(tx)
        out.lines += [link.line(True) for link in b.links.values()]
    return out.lines


def dump(lines):
    return [json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines]
