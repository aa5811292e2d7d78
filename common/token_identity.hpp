// What a token says once it is verified, whatever its kind; and the one way in which reading one
// fails. Texts are UTF-8 without NUL.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace custody::token {

/// Why a token is refused. For the server's log only: whoever sent it learns no cause.
class Refused : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

enum class OrgKind { none, uuid, bigint, text };

struct Identity {
    OrgKind kind = OrgKind::none;
    std::vector<std::string> orgs; // canonical texts; none: only the user is verified
    std::string user;
    std::string role;         // "" = none
    std::string claims;       // text of a JSON object, "" = none
    std::int64_t expires = 0; // seconds since 1970
};

inline constexpr std::size_t kLongestText = 1024; // of an org, a user, a role

/// The canonical text of an org: uuid in lower case with hyphens, bigint without leading zeros,
/// text as it is. Throws Refused.
std::string canonical_org(OrgKind kind, std::string_view org);

/// "uuid", "bigint" or "text"; OrgKind::none for any other word.
OrgKind org_kind(std::string_view word) noexcept;
std::string_view org_kind_word(OrgKind kind) noexcept;

/// A text that may name an org, a user or a role: valid UTF-8, no control characters, not empty,
/// not too long. Throws Refused, naming `what`.
void check_text(std::string_view text, const char *what);

/// Valid UTF-8 (RFC 3629: shortest form, no surrogates).
bool is_utf8(std::string_view text) noexcept;

} // namespace custody::token
