// Digests of records: the aggregate, and the functions of one row. Plain C-style: no local has a
// destructor.
#include "extension/digest/aggregate_argument.hpp"
#include "extension/digest/arguments.hpp"
#include "extension/digest/digest_datum.hpp"
#include "extension/digest/hidden_rows.hpp"
#include "extension/digest/record_reader.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

constexpr NullableDatum kDefault = {0, true};

void refuse_evidence(const DigestValue *none) {
    if (none->profile == Profile::evidence) {
        pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED, "rows cannot be added in profile \"evidence\"",
                  "it sorts the hashes of all rows of a table",
                  "use custody.table_digest(), or profile \"sql\"");
    }
}

/// The query whose aggregate, or window function, calls.
const EState *running_query(FunctionCallInfo fcinfo) {
    if (AggCheckCallContext(fcinfo, nullptr) == 0) {
        pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED, "function is called outside of its aggregate",
                  nullptr, "use custody.digest() or custody.row_digest()");
    }
    return reinterpret_cast<const PlanState *>(fcinfo->context)->state;
}

} // namespace

CUSTODY_FUNCTION(custody_digest_accum) {
    const EState *query = running_query(fcinfo);
    const bool has_profile = PG_NARGS() > 2;
    if (has_profile) {
        require(fcinfo, 2, "profile");
    }
    const RecordOptions options = {PG_NARGS() > 3 ? fcinfo->args[3] : kDefault,
                                   kDefault,
                                   has_profile ? fcinfo->args[2] : kDefault,
                                   kDefault,
                                   false,
                                   query};
    const RecordReader *reader = read_record(fcinfo, 1, &options);
    const RowHash hash = encoded_row_hash(&reader->encoder);
    if (PG_ARGISNULL(0)) {
        refuse_evidence(&reader->none);
        DigestValue first = reader->none;
        first.add(hash);
        PG_RETURN_DATUM(digest_datum(first)); // which the aggregate copies to where it lasts
    }
    auto *state = reinterpret_cast<DigestValue *>(PG_GETARG_POINTER(0));
    if (!state->like(reader->none)) {
        pg::raise(ERRCODE_INVALID_PARAMETER_VALUE, "rows of one digest differ in what they are",
                  "their type, profile or column list is not the same for all rows");
    }
    state->add(hash);
    PG_RETURN_POINTER(state);
}

CUSTODY_FUNCTION(custody_digest_final) {
    const EState *query = running_query(fcinfo);
    const Oid type = get_fn_expr_argtype(fcinfo->flinfo, 1);
    refuse_plan_of_another_role(type, query);
    if (!PG_ARGISNULL(0)) {
        PG_RETURN_DATUM(PG_GETARG_DATUM(0));
    }
    RecordOptions options = {kDefault, kDefault, kDefault, kDefault, false, query};
    if ((PG_NARGS() > 2 && !aggregate_argument(fcinfo, 1, &options.profile)) ||
        (PG_NARGS() > 3 && !aggregate_argument(fcinfo, 2, &options.columns))) {
        pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED, "cannot describe the digest of no rows",
                  "profile and column list are known only where there is a row", "give constants");
    }
    if (PG_NARGS() > 2 && options.profile.isnull) {
        pg::raise(ERRCODE_NULL_VALUE_NOT_ALLOWED, psprintf("argument \"%s\" is null", "profile"));
    }
    DigestValue none;
    if (!describe_records(type, &options, &none)) {
        PG_RETURN_NULL();
    }
    refuse_evidence(&none);
    PG_RETURN_DATUM(digest_datum(none));
}

CUSTODY_FUNCTION(custody_row_digest) {
    require(fcinfo, 2, "profile");
    const RecordOptions options = {fcinfo->args[1], kDefault, fcinfo->args[2],
                                   fcinfo->args[3], false,    nullptr};
    const RecordReader *reader = read_record(fcinfo, 0, &options);
    refuse_evidence(&reader->none);
    DigestValue digest = reader->none;
    digest.add(encoded_row_hash(&reader->encoder));
    PG_RETURN_DATUM(digest_datum(digest));
}

CUSTODY_FUNCTION(custody_row_bucket) {
    require(fcinfo, 1, "buckets");
    require(fcinfo, 4, "profile");
    const uint32 buckets = buckets_of(PG_GETARG_DATUM(1));
    const RecordOptions options = {
        fcinfo->args[3], fcinfo->args[2], fcinfo->args[4], fcinfo->args[5], true, nullptr};
    RecordReader *reader = read_record(fcinfo, 0, &options);
    const RowHash row_hash = encoded_row_hash(&reader->encoder);
    const RowHash key_hash = encoded_key_hash(&reader->encoder, &row_hash);
    PG_RETURN_INT32(static_cast<int32>(bucket_of(reader->none.profile, key_hash, buckets)));
}

} // namespace custody::digest
