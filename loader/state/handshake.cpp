#include "loader/state/handshake.hpp"

#include <fmt/format.h>

#include "common/digest.hpp"
#include "common/protocol.hpp"

namespace custody::state {
namespace {

constexpr auto kUpdate = "update the extension: install the loader's version on the target and run "
                         "ALTER EXTENSION custody UPDATE";
constexpr auto kOtherLoader = "use the loader that came with the extension";

Error does_not_match(std::string code, const std::string &message, std::string detail,
                     std::string hint) {
    return {Exit::mismatch, std::move(code), message, std::move(detail), std::move(hint)};
}

std::string literal(std::string_view name) {
    std::string text = "'";
    for (const char c : name)
        text.append(c == '\'' ? 2 : 1, c);
    return text + "'";
}

/// The extension's version; throws when it is not there, or too old to have a handshake.
std::string find_extension(pq::Connection &target, std::string_view duty) {
    const auto found = target.exec(
        "SELECT e.extversion, pg_catalog.has_schema_privilege(e.extnamespace, 'USAGE'), "
        "(SELECT pg_catalog.count(*) FROM pg_catalog.pg_proc p "
        "WHERE p.pronamespace = e.extnamespace AND p.pronargs = 0 "
        "AND p.proname IN ('protocol', 'encoding_version')) "
        "FROM pg_catalog.pg_extension e WHERE e.extname = 'custody'");
    if (found.rows() == 0)
        throw does_not_match("extension-missing",
                             "extension \"custody\" is not installed on the target",
                             "database " + target.description(),
                             "install it there and run CREATE EXTENSION custody as a superuser");
    if (!found.boolean(0, 1))
        throw Error(Exit::refused, "state-not-readable",
                    "no privilege on the schema of extension \"custody\"",
                    "database " + target.description(),
                    fmt::format("let the extension's owner run SELECT "
                                "custody.grant_duty({}, '{}') in that database",
                                literal(PQuser(target.raw())), duty));
    auto version = found.str(0, 0);
    if (found.number<int>(0, 2) < 2)
        throw does_not_match("extension-too-old", "extension \"custody\" on the target is too old",
                             "it is version " + version + " and has no handshake", kUpdate);
    return version;
}

void check_numbers(const Handshake &hands) {
    const auto seen = fmt::format("version {} has protocol {}, this loader has {}",
                                  hands.extension_version, hands.protocol, protocol::kProtocol);
    if (hands.protocol < protocol::kProtocol)
        throw does_not_match("extension-too-old", "extension \"custody\" on the target is too old",
                             seen, kUpdate);
    if (hands.protocol > protocol::kProtocol)
        throw does_not_match("extension-too-new", "extension \"custody\" on the target is too new",
                             seen, kOtherLoader);
    if (hands.encoding_version != digest::kEncodingVersion)
        throw does_not_match("encoding-mismatch", "extension and loader encode rows differently",
                             fmt::format("encoding version {} on the target, {} in this loader",
                                         hands.encoding_version, digest::kEncodingVersion),
                             kOtherLoader);
}

void check_guards(pq::Connection &target) {
    const auto unarmed = target.exec(
        "SELECT pg_catalog.count(*), pg_catalog.min(c.relname::pg_catalog.text) "
        "FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid "
        "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'custody' AND c.relname LIKE 'migration%' AND t.tgenabled <> 'A'");
    if (unarmed.number(0, 0) == 0)
        return;
    throw does_not_match(
        "state-unguarded", "constraints of the migration state do not hold in replica mode",
        fmt::format("{} triggers, for example on custody.{}, are not ALWAYS, as after pg_upgrade",
                    unarmed.number(0, 0), unarmed.str(0, 1)),
        "let a superuser run SELECT custody.migration_arm() on the target");
}

} // namespace

Handshake handshake(pq::Connection &target, std::string_view duty) {
    Handshake hands;
    hands.extension_version = find_extension(target, duty);
    const auto numbers = target.exec("SELECT custody.protocol(), custody.encoding_version()");
    hands.protocol = numbers.number<int>(0, 0);
    hands.encoding_version = numbers.number<int>(0, 1);
    check_numbers(hands);
    check_guards(target);
    return hands;
}

} // namespace custody::state
