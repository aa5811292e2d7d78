// A scan of a table as a person sees it: all partitions of a partitioned table, and the children of
// a table where they are asked for. Plain C-style.
#pragma once

#include "extension/digest/relation_scan.hpp"

namespace custody::digest {

struct TreeScan {
    Relation root; // open; the caller has checked that it may be read
    const RowShape *shape;
    ScanKind kind;
    bool children; // with those that inherit from it
    bool pinned;   // under the settings of output functions; the text form is in any case
    TakeRow take;
    void *taker;
};

/// Locks what it reads until the end of the transaction. `progress` is begun here and ended by the
/// caller, who may have more to do.
void scan_tree(const TreeScan *scan, ScanProgress *progress);

} // namespace custody::digest
