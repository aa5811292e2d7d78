// The result of a function that returns rows: kept in the server's tuplestore, which spills to disk
// at work_mem, until the query takes them. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::digest {

struct RowSet {
    Tuplestorestate *store;
    TupleDesc row_type;
};

/// Raises feature_not_supported where the query cannot take a set of rows.
RowSet make_row_set(FunctionCallInfo fcinfo);

inline void put_row(const RowSet *set, Datum *values, bool *nulls) {
    tuplestore_putvalues(set->store, set->row_type, values, nulls);
}

} // namespace custody::digest
