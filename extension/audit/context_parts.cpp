// Plain C-style: no local has a destructor, an ERROR may jump over everything.
#include "extension/audit/context_parts.hpp"

#include "common/sha256.hpp"

#include "extension/digest/encode_value.hpp"

namespace custody::audit {

namespace {

using digest::RowBuffer;

constexpr Size kLongestKept = 1024; // of a query's text

RowBuffer who, where, claims;
bool who_known = false;
bool where_known = false;
bool claims_known = false;
Surroundings made_for; // each part by its own members

struct {
    bool known;
    char hash[65];
    Size length;
    char text[kLongestKept];
    const char *at;
    TimestampTz statement;
} query;

char application[NAMEDATALEN];

void begin(RowBuffer *part, uint16 fields) {
    if (part->data == nullptr) {
        part->capacity = 512;
        part->data = static_cast<std::byte *>(MemoryContextAlloc(TopMemoryContext, part->capacity));
    }
    part->length = part->value = 0;
    digest::append_big(part, fields);
}

void append_field(RowBuffer *part, const char *text) {
    if (text == nullptr) {
        digest::append_null(part);
        return;
    }
    const Size start = digest::begin_value(part);
    digest::append_utf8(part, text, strlen(text));
    digest::end_value(part, start);
}

/// The tenant context's texts have the database's encoding; none is empty.
void append_field(RowBuffer *part, std::string_view text) {
    if (text.empty()) {
        digest::append_null(part);
        return;
    }
    const Size start = digest::begin_value(part);
    digest::append_utf8(part, text.data(), text.size());
    digest::end_value(part, start);
}

void append_role(RowBuffer *part, Oid role) {
    char *name = GetUserNameFromId(role, true);
    append_field(part, name);
    if (name != nullptr) {
        pfree(name);
    }
}

void make_who(const Surroundings *now) {
    who_known = false;
    begin(&who, 6);
    append_role(&who, now->session_user);
    append_role(&who, now->outer_user);
    append_role(&who, now->current_user);
    const tenant::Context *tenant = now->tenant;
    append_field(&who, tenant == nullptr ? std::string_view{} : tenant->user);
    append_field(&who, tenant == nullptr ? std::string_view{} : tenant->role);
    append_field(&who, tenant == nullptr ? std::string_view{} : tenant->way);
    who_known = true;
}

void hash_query(const char *text, TimestampTz statement) {
    if (query.known && query.at == text && query.statement == statement) {
        return;
    }
    const Size length = strlen(text);
    if (!query.known || query.length != length || length > kLongestKept ||
        memcmp(query.text, text, length) != 0) {
        query.known = false;
        const bool as_it_is = GetDatabaseEncoding() == PG_SQL_ASCII;
        const char *utf8 =
            as_it_is ? text : pg_server_to_any(text, static_cast<int>(length), PG_UTF8);
        const digest::Sha256Bytes hash =
            digest::sha256(std::as_bytes(std::span(utf8, strlen(utf8))));
        hex_encode(reinterpret_cast<const char *>(hash.data()), hash.size(), query.hash);
        query.hash[64] = '\0';
        query.length = length;
        memcpy(query.text, text, Min(length, kLongestKept));
        if (utf8 != text) {
            pfree(const_cast<char *>(utf8));
        }
    }
    query.at = text;
    query.statement = statement;
    query.known = true;
}

/// Of the client; nullptr over a local socket and in a background worker. (The server's struct of a
/// connection needs headers of Kerberos, its SQL function does not.)
const char *client_address() {
    static char address[64];
    static int known_for = 0;
    if (known_for != MyProcPid) {
        LOCAL_FCINFO(fcinfo, 0);
        InitFunctionCallInfoData(*fcinfo, nullptr, 0, InvalidOid, nullptr, nullptr);
        const Datum found = inet_client_addr(fcinfo);
        address[0] = '\0';
        if (!fcinfo->isnull) {
            strlcpy(address, DatumGetCString(DirectFunctionCall1(inet_out, found)),
                    sizeof(address));
        }
        known_for = MyProcPid;
    }
    return address[0] == '\0' ? nullptr : address;
}

/// An origin may have been dropped.
void make_where(const Surroundings *now) {
    where_known = false;
    char pid[16];
    snprintf(pid, sizeof(pid), "%d", MyProcPid);
    char *origin = nullptr;
    if (now->origin != InvalidRepOriginId && !replorigin_by_oid(now->origin, true, &origin)) {
        origin = nullptr;
    }
    begin(&where, 4);
    append_field(&where, application);
    append_field(&where, client_address());
    append_field(&where, pid);
    append_field(&where, origin);
    where_known = true;
}

void append_json_text(RowBuffer *part, std::string_view text) {
    StringInfoData json;
    initStringInfo(&json);
    char *copy = pnstrdup(text.data(), text.size());
    escape_json(&json, copy);
    digest::append_utf8(part, json.data, static_cast<Size>(json.len));
    pfree(copy);
    pfree(json.data);
}

void make_claims(const Surroundings *now) {
    claims_known = false;
    begin(&claims, 3);
    const tenant::Context *tenant = now->tenant;
    append_field(&claims, tenant == nullptr ? std::string_view{} : tenant->claims);
    if (tenant == nullptr) {
        digest::append_null(&claims);
    } else {
        const Size start = digest::begin_value(&claims);
        digest::append(&claims, "[", 1);
        for (uint32 i = 0; i < tenant->org_count; ++i) {
            if (i > 0) {
                digest::append(&claims, ", ", 2);
            }
            append_json_text(&claims, tenant->orgs[i]);
        }
        digest::append(&claims, "]", 1);
        digest::end_value(&claims, start);
    }
    append_field(&claims, now->query == nullptr ? nullptr : query.hash);
    claims_known = true;
}

void forget_names(Datum, int, uint32) { who_known = false; }

bool same_who(const Surroundings *now) {
    return who_known && made_for.session_user == now->session_user &&
           made_for.outer_user == now->outer_user && made_for.current_user == now->current_user &&
           made_for.tenant_serial == now->tenant_serial;
}

bool same_where(const Surroundings *now) {
    const char *name = application_name == nullptr ? "" : application_name;
    const bool same_name = strncmp(application, name, sizeof(application)) == 0;
    if (!same_name) {
        strlcpy(application, name, sizeof(application));
    }
    return where_known && same_name && made_for.origin == now->origin;
}

/// True when the query's hash is the one the part has; the statement may be another one.
bool same_claims(const Surroundings *now) {
    char before[sizeof(query.hash)];
    memcpy(before, query.hash, sizeof(before));
    const bool had_query = made_for.query != nullptr;
    if (now->query != nullptr) {
        hash_query(now->query, now->statement);
    }
    return claims_known && made_for.tenant_serial == now->tenant_serial &&
           had_query == (now->query != nullptr) && (!had_query || strcmp(before, query.hash) == 0);
}

} // namespace

Surroundings current_surroundings(bool with_query) {
    Surroundings now;
    now.session_user = GetSessionUserId();
    now.outer_user = GetOuterUserId();
    now.current_user = GetUserId();
    now.origin = replorigin_session_origin;
    now.with_query = with_query;
    now.statement = GetCurrentStatementStartTimestamp();
    now.tenant = tenant::current();
    if (now.tenant != nullptr && now.tenant->expires <= now.statement) {
        now.tenant = nullptr;
    }
    now.tenant_serial = now.tenant == nullptr ? 0 : now.tenant->serial;
    now.query = with_query ? debug_query_string : nullptr;
    now.application = application_name;
    return now;
}

ContextParts context_parts(const Surroundings *now) {
    if (!same_who(now)) {
        make_who(now);
    }
    if (!same_where(now)) {
        make_where(now);
    }
    if (!same_claims(now)) {
        make_claims(now);
    }
    made_for = *now;
    return {{&who, &where, &claims}};
}

void watch_roles() { CacheRegisterSyscacheCallback(AUTHOID, forget_names, Datum{0}); }

} // namespace custody::audit
