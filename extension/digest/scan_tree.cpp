// Plain C-style: no local has a destructor.
// As in a SELECT from the root, privileges and policies are the root's: whoever may read a table
// may read its partitions and children through it.
#include "extension/digest/scan_tree.hpp"

#include "extension/digest/pinned_settings.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

bool has_rows(Relation relation) { return relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE; }

/// What is to be scanned, in a fixed order, all of it locked.
List *members(const TreeScan *scan) {
    const Oid root = RelationGetRelid(scan->root);
    if (has_rows(scan->root) && !scan->children) {
        return list_make1_oid(root);
    }
    List *all = find_all_inheritors(root, AccessShareLock, nullptr);
    check_members(scan->root, all);
    return all;
}

/// A SELECT passes over children that are temporary tables of other sessions, whose rows cannot be
/// read from here; so does the digest of the same rows.
bool passed_over(Relation root, Relation member) {
    return member->rd_id != root->rd_id && RELATION_IS_OTHER_TEMP(member);
}

/// Leaves in the list what has rows to read, and adds up how much that is.
List *select_members(const TreeScan *scan, List *all, ScanSize *size) {
    List *selected = NIL;
    ListCell *cell;
    foreach (cell, all) {
        Relation member = relation_open(lfirst_oid(cell), NoLock);
        if (has_rows(member) && !passed_over(scan->root, member)) {
            check_kind(member);
            selected = lappend_oid(selected, RelationGetRelid(member));
            ++size->relations;
            size->blocks += RelationGetNumberOfBlocks(member);
            size->rows += static_cast<int64>(Max(member->rd_rel->reltuples, 0.0F));
        }
        relation_close(member, NoLock);
        CHECK_FOR_INTERRUPTS();
    }
    return selected;
}

void scan_members(const TreeScan *scan, List *members, ScanProgress *progress) {
    ListCell *cell;
    foreach (cell, members) {
        Relation member = relation_open(lfirst_oid(cell), NoLock);
        scan_relation(member, scan->shape, progress, scan->take, scan->taker);
        relation_close(member, NoLock);
    }
}

} // namespace

void scan_tree(const TreeScan *scan, ScanProgress *progress) {
    ScanSize size = {};
    List *selected = select_members(scan, members(scan), &size);
    begin_progress(progress, RelationGetRelid(scan->root), scan->kind, &size);
    if (scan->pinned || scan->shape->form == wire::Form::text) {
        const int level = pin_settings();
        scan_members(scan, selected, progress);
        unpin_settings(level);
    } else {
        scan_members(scan, selected, progress);
    }
    list_free(selected);
}

} // namespace custody::digest
