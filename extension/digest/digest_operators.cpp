// Comparison and arithmetic of digests. Plain C-style: no local has a destructor.
#include "extension/digest/digest_datum.hpp"

#include "common/wire_row.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

const char *name_of(Profile profile) { return profile_name(profile).data(); }

const char *name_of_form(uint8 form) {
    return wire::form_name(static_cast<wire::Form>(form)).data();
}

const char *what_it_is_of(const DigestValue *value) {
    return value->ad_hoc ? "rows of a query" : "a table's rows";
}

/// What makes two digests unlike; nullptr where nothing does.
const char *difference(const DigestValue *a, const DigestValue *b) {
    if (a->version != b->version) {
        return psprintf("encoding versions %d and %d", a->version, b->version);
    }
    if (a->profile != b->profile) {
        return psprintf("profiles %s and %s", name_of(a->profile), name_of(b->profile));
    }
    if (a->form != b->form) {
        return psprintf("forms %s and %s", name_of_form(a->form), name_of_form(b->form));
    }
    if (a->ad_hoc != b->ad_hoc) {
        return psprintf("one is of %s, the other of %s", what_it_is_of(a), what_it_is_of(b));
    }
    if (a->columns != b->columns) {
        return psprintf("column lists with fingerprints %016llx and %016llx",
                        static_cast<unsigned long long>(a->columns),
                        static_cast<unsigned long long>(b->columns));
    }
    return nullptr;
}

void require_like(const DigestValue *a, const DigestValue *b) {
    const char *found = difference(a, b);
    if (found != nullptr) {
        pg::raise(ERRCODE_INVALID_PARAMETER_VALUE, "digests are unlike", found,
                  "make both in the same version, profile and form, of the same columns in the "
                  "same order");
    }
}

void require_additive(const DigestValue *value) {
    if (value->profile == Profile::evidence) {
        pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED, "digests of profile \"evidence\" do not add up",
                  "such a digest is the root of a tree over sorted row hashes",
                  "digest all the rows at once with custody.table_digest()");
    }
}

} // namespace

CUSTODY_FUNCTION(custody_digest_eq) {
    const DigestValue *a = digest_of(PG_GETARG_DATUM(0));
    const DigestValue *b = digest_of(PG_GETARG_DATUM(1));
    require_like(a, b);
    PG_RETURN_BOOL(a->same(*b));
}

CUSTODY_FUNCTION(custody_digest_ne) {
    const DigestValue *a = digest_of(PG_GETARG_DATUM(0));
    const DigestValue *b = digest_of(PG_GETARG_DATUM(1));
    require_like(a, b);
    PG_RETURN_BOOL(!a->same(*b));
}

CUSTODY_FUNCTION(custody_digest_plus) {
    DigestValue sum = *digest_of(PG_GETARG_DATUM(0));
    const DigestValue *other = digest_of(PG_GETARG_DATUM(1));
    require_like(&sum, other);
    require_additive(&sum);
    if (other->rows > INT64_MAX - sum.rows) {
        pg::raise(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "sum of digests has too many rows",
                  psprintf("one has %llu, the other %llu",
                           static_cast<unsigned long long>(sum.rows),
                           static_cast<unsigned long long>(other->rows)));
    }
    sum.plus(*other);
    PG_RETURN_DATUM(digest_datum(sum));
}

CUSTODY_FUNCTION(custody_digest_minus) {
    DigestValue rest = *digest_of(PG_GETARG_DATUM(0));
    const DigestValue *other = digest_of(PG_GETARG_DATUM(1));
    require_like(&rest, other);
    require_additive(&rest);
    if (other->rows > rest.rows) {
        pg::raise(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
                  "cannot subtract a digest of more rows from one of fewer",
                  psprintf("%llu rows from %llu", static_cast<unsigned long long>(other->rows),
                           static_cast<unsigned long long>(rest.rows)));
    }
    rest.minus(*other);
    PG_RETURN_DATUM(digest_datum(rest));
}

} // namespace custody::digest
