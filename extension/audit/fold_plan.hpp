// How images under older descriptors of a table become images under one of them: read from the text
// that custody.fold_plan() makes, once at a call site. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::audit {

enum class FoldSource : uint8 { position, null, constant, unknown };

/// Where a column's value comes from.
struct FoldColumn {
    FoldSource source;
    int position;           // in the older image
    const std::byte *bytes; // of a constant, as in the wire row
    Size length;
};

struct FoldMap {
    int32 descriptor;
    int source_count;    // columns of the older descriptor
    FoldColumn *columns; // by position of the result
    int *targets;        // by position of the older image: that of the result, or -1
};

struct FoldPlan {
    char *text; // that it was read from
    Size length;
    int count; // columns of the result
    int map_count;
    FoldMap *maps;
};

/// What is no plan, or not the one that a fold began with.
[[noreturn]] void refuse_fold_plan();

/// Text: lines, each of words. The first: number of columns. The others: id of a descriptor, number
/// of its columns, and for each column of the result a position, `-` (NULL), `?` (not known) or `x`
/// and bytes in hexadecimal. Raises data_corrupted for another text. Lives in the current context.
FoldPlan *read_fold_plan(const char *text, Size length);

/// nullptr: the plan leaves events of this descriptor out.
const FoldMap *find_fold_map(const FoldPlan *plan, int32 descriptor);

} // namespace custody::audit
