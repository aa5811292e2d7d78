// Plain C-style: no local has a destructor.
// What a seal knows of the organizations when its block is written is what the next one begins
// with. A session that seals again keeps it: the block's hash, which has a secret of its own, tells
// whether nobody else sealed meanwhile, and whether the block was committed at all.
#include "extension/audit/seal.hpp"

namespace custody::audit {

namespace {

struct KeptOrgs {
    OrgTable *orgs; // nullptr: none; while a seal works they are its own
    uint64 number;  // of the block after which they are so
    ledger::Hash hash;
};

KeptOrgs kept = {};

} // namespace

void take_orgs(Seal *seal) {
    OrgTable *orgs = kept.orgs;
    kept.orgs = nullptr;
    seal->orgs_known =
        orgs != nullptr && kept.number == seal->last_number && kept.hash == seal->last_hash;
    if (seal->orgs_known) {
        MemoryContextSetParent(orgs->context, CurrentMemoryContext); // an ERROR ends them
        begin_block(orgs);
        seal->orgs = orgs;
        return;
    }
    if (orgs != nullptr) {
        MemoryContextDelete(orgs->context);
    }
    seal->orgs = make_org_table();
}

void leave_orgs(Seal *seal, uint64 number, const ledger::Hash *hash) {
    const Size limit = Size{1024} * static_cast<Size>(maintenance_work_mem);
    if (MemoryContextMemAllocated(seal->orgs->context, true) <= limit) {
        MemoryContextSetParent(seal->orgs->context, TopMemoryContext);
        kept = {seal->orgs, number, *hash};
    }
}

} // namespace custody::audit
