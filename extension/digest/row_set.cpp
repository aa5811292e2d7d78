// Plain C-style: no local has a destructor.
#include "extension/digest/row_set.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::digest {

RowSet make_row_set(FunctionCallInfo fcinfo) {
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    RowSet set;
    if (result == nullptr || !IsA(result, ReturnSetInfo) ||
        (result->allowedModes & SFRM_Materialize) == 0 ||
        get_call_result_type(fcinfo, nullptr, &set.row_type) != TYPEFUNC_COMPOSITE) {
        pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED,
                  "function is called where it cannot return a set of rows");
    }
    MemoryContext caller = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
    set.row_type = CreateTupleDescCopy(set.row_type);
    set.store = tuplestore_begin_heap((result->allowedModes & SFRM_Materialize_Random) != 0, false,
                                      work_mem);
    MemoryContextSwitchTo(caller);
    result->returnMode = SFRM_Materialize;
    result->setResult = set.store;
    result->setDesc = set.row_type;
    return set;
}

} // namespace custody::digest
