#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "common/bundle.hpp"
#include "loader/audit/audit.hpp"
#include "loader/audit/kept_digests.hpp"
#include "loader/audit/spared_files.hpp"
#include "loader/core/append.hpp"
#include "loader/core/json.hpp"
#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"
#include "loader/report/output.hpp"
#include "loader/ui/text.hpp"

namespace custody::audit {
namespace {

using ledger::BundleResult;
using ledger::BundleVerdict;
using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;

/// What cannot be read to its end is not judged by what came.
bool unreadable(const std::istream &stream) {
    return stream.bad() || (&stream == &std::cin && std::ferror(stdin) != 0);
}

BundleResult check(std::istream &stream, const std::string &file,
                   std::vector<ledger::Digest> digests) {
    ledger::BundleCheck check(std::move(digests));
    for (std::string line; std::getline(stream, line);) {
        throw_if_stopped();
        if (!check.add_line(line))
            return check.finish();
    }
    if (unreadable(stream))
        throw file_unreadable("bundle", file, std::strerror(errno));
    return check.finish();
}

BundleResult check_file(const cli::Options &options, std::vector<ledger::Digest> digests) {
    if (options.operand == "-")
        return check(std::cin, "-", std::move(digests));
    std::ifstream stream(options.operand, std::ios::binary);
    if (!stream)
        throw file_unreadable("bundle", options.operand, std::strerror(errno));
    return check(stream, options.operand, std::move(digests));
}

/// The organization as people write it.
std::string org_words(const BundleResult &result) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < result.org.size(); i += 2)
        bytes += static_cast<char>(std::stoi(result.org.substr(i, 2), nullptr, 16));
    const std::string_view rest = std::string_view(bytes).substr(bytes.empty() ? 0 : 1);
    if (bytes.empty())
        return "no organization";
    if (bytes[0] == 't')
        return fmt::format("organization \"{}\"", ui::printable(rest));
    if (bytes[0] == 'b' && rest.size() == 8)
        return fmt::format("organization {}", static_cast<std::int64_t>(
                                                  std::stoull(result.org.substr(2), nullptr, 16)));
    std::string digits = result.org.substr(2);
    if (bytes[0] == 'u' && rest.size() == 16)
        for (const std::size_t dash : {20, 16, 12, 8})
            digits.insert(dash, "-");
    return fmt::format("organization {}", digits);
}

std::string blocks_words(const BundleResult &result) {
    return result.from_block == result.to_block
               ? fmt::format("block {}", result.to_block)
               : fmt::format("blocks {} to {}", result.from_block, result.to_block);
}

std::string claim(const BundleResult &result) {
    const std::string blocks = blocks_words(result);
    if (result.kind == "org")
        return fmt::format("all events of {} in {}", org_words(result), blocks);
    if (result.kind == "event")
        return fmt::format("one event of {} in {}", org_words(result), blocks);
    return fmt::format("all of {}", blocks);
}

/// Why it is not proven, with the line; "" where nothing is to be said.
std::string why(const BundleResult &result) {
    if (result.reason == ledger::Reason::none)
        return ui::printable(result.detail);
    return fmt::format("{}{}: {}", ledger::reason_word(result.reason),
                       result.line != 0 ? fmt::format(", line {}", result.line) : "",
                       ui::printable(result.detail));
}

std::string headline(const BundleResult &result) {
    const std::string reason = why(result);
    return fmt::format("{}{}{}", ledger::verdict_word(result.verdict), reason.empty() ? "" : ": ",
                       reason);
}

std::string render_text(const BundleResult &result, std::size_t width) {
    std::string text = fmt::format("{}", ledger::verdict_word(result.verdict));
    if (!result.kind.empty())
        append(text, ": {}\n  ledger {}", claim(result), result.ledger);
    text += '\n';
    if (const std::string reason = why(result); !reason.empty())
        append(text, "  {}\n", ui::wrapped(reason, width, 2));
    append(text, "  events {}, transactions {}, blocks {}\n", result.events, result.transactions,
           result.blocks);
    if (result.hidden_keys + result.hidden_images + result.hidden_parts + result.pruned != 0)
        append(text,
               "  erased: keys {}, images {}, parts of contexts {}; pruned: transactions {}\n",
               result.hidden_keys, result.hidden_images, result.hidden_parts, result.pruned);
    if (result.digest_block != 0)
        append(text, "  digest of block {}\n", result.digest_block);
    if (result.digest_block != 0 && result.newest_digest > result.to_block)
        append(text, "  the newest digest is of block {}: what came after block {} is not here\n",
               result.newest_digest, result.to_block);
    return text;
}

std::string render_json(const BundleResult &result, Exit exit) {
    const auto text = [](const std::string &value) { return value.empty() ? Json() : Json(value); };
    const Json document = {
        {"schema_version", kSchemaVersion},
        {"verdict", ledger::verdict_word(result.verdict)},
        {"exit_code", static_cast<int>(exit)},
        {"kind", text(result.kind)},
        {"ledger", text(result.ledger)},
        {"org", result.kind == "ledger" || result.kind.empty() ? Json() : Json(result.org)},
        {"from_block", result.from_block},
        {"to_block", result.to_block},
        {"reason", text(std::string(ledger::reason_word(result.reason)))},
        {"line", result.line == 0 ? Json() : Json(result.line)},
        {"detail", text(result.detail)},
        {"lines", result.lines},
        {"blocks", result.blocks},
        {"transactions", result.transactions},
        {"events", result.events},
        {"erased_keys", result.hidden_keys},
        {"erased_images", result.hidden_images},
        {"erased_parts", result.hidden_parts},
        {"pruned_transactions", result.pruned},
        {"digest_block", result.digest_block == 0 ? Json() : Json(result.digest_block)},
        {"newest_digest", result.newest_digest == 0 ? Json() : Json(result.newest_digest)}};
    return json_document(document);
}

/// A bundle that is proven may still be one that was cut before the newest events.
void warn_of_later(const BundleResult &result, const std::vector<ledger::Digest> &digests) {
    std::uint64_t newest = 0;
    for (const auto &digest : digests)
        newest = std::max(newest, digest.block);
    if (result.verdict == BundleVerdict::proven && result.kind != "event" &&
        newest > result.to_block)
        log::warn("the ledger goes on to block {} at least, and the bundle ends with block {}: "
                  "what happened after that is not in it",
                  newest, result.to_block);
}

} // namespace

Exit verify_bundle(const cli::Options &options) {
    spare(options, {options.operand, options.anchor_file, options.public_key, options.digest});
    const auto digests = kept_digests(options);
    const BundleResult result = check_file(options, digests);
    warn_of_later(result, digests);
    if (result.kind.empty())
        log::warn("\"{}\" does not begin as a bundle does; psql -XAt -c \"SELECT "
                  "custody.export_evidence(...)\" writes one",
                  ui::printable(options.operand));
    const Exit exit = result.verdict == BundleVerdict::proven ? Exit::ok : Exit::unverified;
    if (options.digest.empty() && options.anchor_file.empty())
        log::warn("without a digest from elsewhere a bundle only agrees with itself; name one with "
                  "--digest or --anchor-file");
    return report::deliver_result(exit, options, headline(result),
                                  options.json
                                      ? render_json(result, exit)
                                      : render_text(result, report::look_of(options).width));
}

} // namespace custody::audit
