// Chosen columns of a record as a wire row: what stands for a key in the ledger. Plain C-style.
#include "extension/digest/record_reader.hpp"
#include "extension/pg/boundary.hpp"

CUSTODY_FUNCTION(custody_wire_row) {
    constexpr NullableDatum kDefault = {Datum{0}, true};
    const custody::digest::RecordOptions options = {fcinfo->args[1], kDefault, kDefault,
                                                    fcinfo->args[2], false,    nullptr};
    const custody::digest::RecordReader *reader = custody::digest::read_record(fcinfo, 0, &options);
    const auto &row = reader->encoder.row;
    bytea *result = static_cast<bytea *>(palloc(VARHDRSZ + row.length));
    SET_VARSIZE(result, VARHDRSZ + row.length);
    memcpy(VARDATA(result), row.data, row.length);
    PG_RETURN_BYTEA_P(result);
}
