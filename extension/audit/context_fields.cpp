// Plain C-style: no local has a destructor.
// Who an event's context names: the fields of docs/ledger-format.md, section 4, as texts.
#include "common/ledger_transaction.hpp"

#include "extension/audit/image_table.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

constexpr int kFields[] = {6, 4, 3};
constexpr int kAllFields = 13;

/// Of an erased part nothing is known.
void take_part(const ledger::ContextPart *part, int first, int count, Datum *fields, bool *nulls) {
    if (part->erased) {
        return;
    }
    ledger::FieldReader reader(part->bytes);
    std::optional<std::string_view> field;
    for (int i = 0; i < count && reader.next(field); ++i) {
        if (field.has_value()) {
            fields[first + i] = CStringGetTextDatum(server_text(field->data(), field->size()));
            nulls[first + i] = false;
        }
    }
}

Datum make_array(Datum *fields, bool *nulls) {
    int dimensions[] = {kAllFields};
    int bounds[] = {1};
    return PointerGetDatum(
        construct_md_array(fields, nulls, 1, dimensions, bounds, TEXTOID, -1, false, TYPALIGN_INT));
}

} // namespace

} // namespace custody::audit

CUSTODY_FUNCTION(custody_context_fields) {
    using namespace custody::audit;
    namespace ledger = custody::ledger;
    bytea *bytes = PG_GETARG_BYTEA_PP(0);
    const int wanted = PG_GETARG_INT16(1);
    ledger::ContextReader reader(
        {reinterpret_cast<const std::byte *>(VARDATA_ANY(bytes)), VARSIZE_ANY_EXHDR(bytes)});
    std::array<ledger::ContextPart, ledger::kContextParts> parts;
    if (wanted < 0) {
        PG_RETURN_NULL();
    }
    for (int i = 0; i <= wanted; ++i) {
        if (!reader.next(parts)) {
            PG_RETURN_NULL();
        }
    }
    Datum fields[kAllFields] = {};
    bool nulls[kAllFields];
    std::fill(nulls, nulls + kAllFields, true);
    int first = 0;
    for (Size i = 0; i < parts.size(); ++i) {
        take_part(&parts[i], first, kFields[i], fields, nulls);
        first += kFields[i];
    }
    return make_array(fields, nulls);
}
