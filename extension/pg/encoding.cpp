// Plain C-style but for the guard: between setting the encoding and putting it back nothing else
// has to be undone.
#include "extension/pg/encoding.hpp"

namespace custody::pg {

namespace {

struct SendCall {
    FmgrInfo *function;
    Datum value;
    bytea *sent;
};

void send(void *frame) {
    auto *call = static_cast<SendCall *>(frame);
    call->sent = SendFunctionCall(call->function, call->value);
}

struct ReceiveCall {
    FmgrInfo *function;
    StringInfo message;
    Oid io_parameter;
    Datum value;
};

void receive(void *frame) {
    auto *call = static_cast<ReceiveCall *>(frame);
    call->value = ReceiveFunctionCall(call->function, call->message, call->io_parameter, -1);
}

/// The conversion is looked up in the catalog once in a session, then found in the server's list.
void set_client_encoding(int encoding) {
    if (SetClientEncoding(encoding) < 0 &&
        (PrepareClientEncoding(encoding) < 0 || SetClientEncoding(encoding) < 0)) {
        raise(ERRCODE_FEATURE_NOT_SUPPORTED,
              psprintf("conversion between %s and %s is not supported",
                       pg_encoding_to_char(encoding), GetDatabaseEncodingName()));
    }
}

/// Runs a call under the encoding of wire rows.
void in_utf8(void (*thunk)(void *), void *frame) {
    const int wanted = GetDatabaseEncoding() == PG_SQL_ASCII ? PG_SQL_ASCII : PG_UTF8;
    const int before = pg_get_client_encoding();
    if (before == wanted) {
        thunk(frame);
        return;
    }
    set_client_encoding(wanted);
    const bool done = try_guarded(thunk, frame);
    (void)SetClientEncoding(before); // it was set, so its conversion is in the server's list
    if (!done) {
        PG_RE_THROW();
    }
}

} // namespace

bytea *send_in_utf8(FmgrInfo *function, Datum value) {
    SendCall call = {function, value, nullptr};
    in_utf8(send, &call);
    return call.sent;
}

Datum receive_from_utf8(FmgrInfo *function, StringInfo message, Oid io_parameter) {
    ReceiveCall call = {function, message, io_parameter, Datum{0}};
    in_utf8(receive, &call);
    return call.value;
}

} // namespace custody::pg
