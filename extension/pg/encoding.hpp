// Calls into the server under another client encoding than the session's. What a send function
// emits goes through client_encoding, which a parallel worker cannot SET; the level below it, which
// workers use themselves, can be changed for the time of one call. The setting keeps its value.
#pragma once

#include "extension/pg/boundary.hpp"

namespace custody::pg {

/// SendFunctionCall with texts in UTF-8, or as they are where the database has no encoding
/// (SQL_ASCII). May ereport; the session's client encoding is back on every way out. Messages
/// below ERROR that the function sends to the client while it runs have the wrong encoding.
bytea *send_in_utf8(FmgrInfo *function, Datum value);

/// ReceiveFunctionCall, without a typmod, of a message with texts in the same encoding. May
/// ereport; the session's client encoding is back on every way out.
Datum receive_from_utf8(FmgrInfo *function, StringInfo message, Oid io_parameter);

} // namespace custody::pg
