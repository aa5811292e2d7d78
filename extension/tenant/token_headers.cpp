// The token of a request that PostgREST hands on: it puts the headers into the setting
// request.headers, as a JSON object with names in lower case.
#include "common/strict_json.hpp"
#include "extension/tenant/context.hpp"
#include "extension/tenant/token_enter.hpp"

namespace custody::tenant {

namespace {

constexpr char kSetting[] = "request.headers";
constexpr char kOwnHeader[] = "x-custody-token";
constexpr char kHeader[] = "authorization";
constexpr std::string_view kScheme = "bearer ";
constexpr std::size_t kLargestHeaders = 1 << 18;

/// In UTF-8, as JSON is; nullptr where it is not set.
const char *read_setting() {
    const char *text = GetConfigOption(kSetting, true, false);
    return text == nullptr ? nullptr
                           : pg_server_to_any(text, static_cast<int>(strlen(text)), PG_UTF8);
}

/// nullptr where the request has no such header.
const std::string *header(const nlohmann::json &headers, const char *name) {
    const auto found = headers.find(name);
    if (found == headers.end()) {
        return nullptr;
    }
    if (!found->is_string()) {
        refuse_token("the request's header is no text");
    }
    return found->get_ptr<const std::string *>();
}

std::string_view bearer(std::string_view value) {
    bool same = value.size() > kScheme.size();
    for (std::size_t i = 0; same && i < kScheme.size(); ++i) {
        same = pg_tolower(static_cast<unsigned char>(value[i])) ==
               static_cast<unsigned char>(kScheme[i]);
    }
    if (!same) {
        refuse_token("the request's authorization is no bearer token");
    }
    value.remove_prefix(kScheme.size());
    return value;
}

nlohmann::json parse_headers(const char *text) {
    try {
        const std::string_view all(text);
        if (all.size() > kLargestHeaders) {
            throw token::Refused("they are too large");
        }
        return token::parse_object(all);
    } catch (const token::Refused &refused) {
        refuse_token(("the request's headers: " + std::string(refused.what())).c_str());
    }
}

} // namespace

CUSTODY_FUNCTION(custody_enter_from_headers) {
    const char *text = pg::call<read_setting>();
    if (text != nullptr && *text != '\0') {
        const nlohmann::json headers = parse_headers(text);
        if (const std::string *own = header(headers, kOwnHeader)) {
            enter_token(*own);
            PG_RETURN_VOID();
        }
        if (const std::string *authorization = header(headers, kHeader)) {
            enter_token(bearer(*authorization));
            PG_RETURN_VOID();
        }
    }
    leave_current(); // a request without a token has no context, whatever the session had
    PG_RETURN_VOID();
}

} // namespace custody::tenant
