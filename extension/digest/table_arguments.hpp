// What the functions that scan a table are asked for: the relation, open and readable for the
// caller, and the shape of its rows. Plain C-style; all lives in the current memory context.
#pragma once

#include "extension/digest/row_encoder.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::digest {

struct TableArguments {
    Relation relation; // locked in ACCESS SHARE; to be closed with NoLock
    RowShape shape;
    bool children;
};

/// Arguments from `first` on are columns, profile, form, children; `key` is the number of the
/// argument that names the key (NULL: the primary key), -1 where there is none.
TableArguments open_table(FunctionCallInfo fcinfo, int first, int key);

} // namespace custody::digest
