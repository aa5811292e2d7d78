"""The bundles of the index: what is right, what was broken by whom, and what a verifier says."""
import copy
import json

from model import dump, export_event, export_ledger, export_org, text
from sample import ANN, BOB, CLARA, DAN, KEPT_OUT, LIES, NOBODY, build


class Case:
    """One line of the index. line: where a refutation points; 0: nowhere, or not fixed."""

    def __init__(self, kind, name, lines, digest, verdict, reason="-", line=0):
        self.kind, self.name, self.verdict, self.reason = kind, name, verdict, reason
        self.lines, self.digest, self.line = lines, digest, line


def at(lines, kind, n=0):
    """Index of the n-th line of this kind."""
    found = [i for i, line in enumerate(lines) if line.get("t") == kind]
    return found[n]


def flip(data):
    """Other hexadecimal digits: the last one changed."""
    return data[:-1] + ("0" if data[-1] != "0" else "1")


class Cases:
    def __init__(self):
        self.all = []
        self.good = build()
        self.last = self.good.digest(6)

    def add(self, kind, name, lines, digest, verdict, reason="-", line=0):
        texts = [x if isinstance(x, (str, bytes)) else dump([x])[0] for x in lines]
        texts = [x.encode() if isinstance(x, str) else x for x in texts]
        self.all.append(Case(kind, name, texts, digest, verdict, reason, line))

    def broken(self, name, reason, change, base, line=None):
        """change(lines) edits a copy of the bundle; line: index of the line that is named."""
        lines = copy.deepcopy(base)
        found = change(lines)
        where = found if line is None else line
        chain = max(line["number"] for line in base if line.get("t") == "block")
        self.add(base[0]["kind"], name, lines, self.good.digest(chain), "refuted", reason,
                 0 if where is None else where + 1)

    # What is right.
    def right(self):
        g, last = self.good, self.last
        for org, name in ((ANN, "uuid"), (BOB, "bigint"), (CLARA, "text"), (NOBODY, "nobody"),
                          (DAN, "without events")):
            self.add("org", "an organization, " + name, export_org(g, org, 1, 6, 6), last, "proven")
        self.add("org", "blocks from the middle", export_org(g, ANN, 2, 4, 6), last, "proven")
        self.add("org", "one block", export_org(g, ANN, 4, 4, 4), g.digest(4), "proven")
        self.add("org", "nothing in these blocks", export_org(g, BOB, 2, 3, 6), last, "proven")
        self.add("org", "a digest of four members", export_org(g, ANN, 1, 6, 6),
                 {k: last[k] for k in ("format", "ledger", "block", "hash")}, "proven")
        shown = export_org(g, ANN, 1, 6, 6)
        claims = [t.contexts for b in g.blocks for t in b.txs if t.xid == 100][0]
        for i, context in enumerate(claims):
            line = shown[at(shown, "context", i)]
            line["parts"][2] = {"salt": text(context[2][0]), "bytes": text(context[2][1])}
        self.add("org", "with claims", shown, last, "proven")
        for name, number, xid, seq in (("first of three", 1, 100, 1), ("of six", 2, 101, 5),
                                       ("second transaction", 1, 102, 1),
                                       ("third of four", 4, 107, 4),
                                       ("alone", 5, 740, 1),
                                       ("erased", 6, 741, 2)):
            self.add("event", "an event, " + name, export_event(g, number, xid, seq, 6), last,
                     "proven")
        for low, high in ((1, 6), (1, 1), (3, 6), (4, 4), (6, 6)):
            self.add("ledger", "blocks %d to %d" % (low, high), export_ledger(g, low, high),
                     g.digest(high), "proven")
        other = build(KEPT_OUT)
        self.add("ledger", KEPT_OUT, export_ledger(other, 1, 6), other.digest(6), "proven")

    @staticmethod
    def pruned(ledger):
        ledger = copy.deepcopy(ledger)
        for tx in ledger.blocks[0].txs:
            tx.pruned = True
        return export_ledger(ledger, 1, 6)

    def unproven(self):
        g, org = self.good, export_org(self.good, ANN, 1, 6, 6)
        for kind, lines in (("org", org), ("event", export_event(g, 1, 100, 1, 6)),
                            ("ledger", export_ledger(g, 1, 6))):
            self.add(kind, "no digest, " + kind, lines, None, "unproven")
        self.add("org", "a digest of a later block", export_org(g, ANN, 1, 4, 5), self.last,
                 "unproven")
        self.add("org", "a digest of a block below", export_org(g, ANN, 2, 5, 5), g.digest(2),
                 "unproven")
        self.add("ledger", "a digest of a block within", export_ledger(g, 1, 6), g.digest(5),
                 "unproven")
        self.add("ledger", "pruned", self.pruned(g), self.last, "unproven")

    def digests(self):
        g = self.good
        for kind, lines in (("org", export_org(g, ANN, 2, 6, 6)),
                            ("event", export_event(g, 1, 100, 1, 6)),
                            ("ledger", export_ledger(g, 1, 6))):
            for name, change in (
                    ("a digest of a fork", {"hash": flip(self.last["hash"])}),
                    ("a digest of another ledger",
                     {"ledger": "01234567-89ab-4def-8123-456789abcdee"}),
                    ("a digest of a fork, early",
                     dict(g.digest(3), hash=flip(g.digest(3)["hash"])))):
                self.add(kind, name + ", " + kind, lines, dict(self.last, **change), "refuted",
                         "digest")

    # A sealer who did one thing wrong: the chain and the digest are those of this ledger.
    def lied(self):
        ledger = {
            "a transaction that is not seen": "member", "a transaction in two blocks": "member",
            "transactions that do not ascend": "member", "a snapshot that goes back": "member",
            "no adoption": "member", "an adoption that is not there": "member",
            "an adoption of what the snapshot sees": "member",
            "an adoption that is listed twice": "member",
            "an adoption in a block of kind 0": "member",
            "an incarnation of which one is adopted and one is not": "member",
            "a lineage that is another's": "member", "two lineages of an incarnation": "member",
            "a first block of kind 0": "block",
            "a block of kind 1 within an incarnation": "block",
            "a block of kind 0 of another incarnation": "block",
            "one slot for two": "slot", "two slots for one": "slot",
            "a pair with the wrong first": "transaction", "a pair used twice": "transaction",
            "a second of a pair without pair": "transaction",
            "a first of a pair without second": "transaction", "seq steps back": "transaction"}
        images = ("an image of another kind", "an image with a column too few",
                  "an image with bytes left over", "a value longer than the image",
                  "a key with a column too many", "positions that do not ascend")
        for lie in (*ledger, *images, *LIES):
            other = build(lie)
            lines = export_ledger(other, 1, 6)
            if lie == "two slots for one":
                lines[at(lines, "block", 2)]["slot_of"] = [[17, text(ANN)]]
            reason = ledger.get(lie, "link" if lie in LIES else "form")
            self.add("ledger", lie + ", ledger", lines, other.digest(6), "refuted", reason)
            # In the bundle of one organization nothing says which blocks its links are of.
            if lie not in ledger and lie != "a link of another block":
                self.add("org", lie + ", org", export_org(other, ANN, 1, 6, 6), other.digest(6),
                         "refuted", reason)

        # In a block that the bundle begins behind.
        other = build("a first block of kind 0")
        self.add("ledger", "a first block of kind 0, before the first", export_ledger(other, 2, 6),
                 other.digest(6), "refuted", "block")

    def save(self, case, folder):
        """Writes the bundle; the file's name is the case's."""
        name = case.name.replace(",", "").replace(" ", "-") + ".jsonl"
        with open(folder / name, "wb") as file:
            file.write(b"".join(line + b"\n" for line in case.lines))
        return name

    def index_line(self, case, file):
        digest = "-" if case.digest is None else json.dumps(case.digest, separators=(",", ":"))
        return "\t".join([file, case.kind, case.verdict, case.reason,
                          str(case.line) if case.line else "-", digest])
