#include <cstring>

#include <fmt/format.h>

#include "common/big_endian.hpp"
#include "loader/audit/anchor_file.hpp"
#include "loader/audit/audit.hpp"
#include "loader/audit/continuity.hpp"
#include "loader/audit/deliver.hpp"
#include "loader/audit/ledger_access.hpp"
#include "loader/audit/spared_files.hpp"
#include "loader/core/append.hpp"
#include "loader/core/json.hpp"
#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"
#include "loader/pq/connection.hpp"
#include "loader/report/output.hpp"
#include "loader/token/key_file.hpp"
#include "loader/ui/text.hpp"

namespace custody::audit {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;
constexpr std::uint64_t kBlocksAtOnce = 10000;

/// What was done, and what the ledger was found to be.
struct Anchoring {
    std::string result; // "anchored", "unchanged", "fork", "gap" or "old digest"
    std::string detail;
    ledger::Digest newest;
    std::string text; // of the newest digest
    std::optional<std::uint64_t> last_block;

    bool broken() const { return result != "anchored" && result != "unchanged"; }
};

template <typename Bytes> Bytes bytes_of(const pq::Result &rows, int row, int column) {
    Bytes bytes{};
    const auto text = rows.text(row, column);
    for (std::size_t i = 0; i < bytes.size() && 2 * i + 1 < text.size(); ++i) {
        unsigned value = 0;
        std::from_chars(text.data() + 2 * i, text.data() + 2 * i + 2, value, 16);
        bytes[i] = static_cast<std::byte>(value);
    }
    return bytes;
}

ChainBlock block_of(const pq::Result &rows, int row, const ledger::Uuid &uuid) {
    const auto sealed_at = bytes_of<std::array<std::byte, 8>>(rows, row, 5);
    return {{uuid, rows.number<std::uint64_t>(row, 0), bytes_of<ledger::Hash>(rows, row, 1),
             bytes_of<ledger::Hash>(rows, row, 2), bytes_of<ledger::Hash>(rows, row, 3),
             bytes_of<ledger::Hash>(rows, row, 4), wire::get_big<std::int64_t>(sealed_at.data())},
            bytes_of<ledger::Hash>(rows, row, 6)};
}

std::optional<Break> follow(pq::Connection &connection, const ledger::Digest &last,
                            const ledger::Digest &newest) {
    Continuity chain(last, newest);
    if (auto broken = chain.begin())
        return broken;
    for (;;) {
        const std::uint64_t from = chain.next();
        const auto rows = connection.query(
            "SELECT b.number, encode(i.incarnation, 'hex'), encode(b.previous, 'hex'), "
            "encode(b.slots, 'hex'), encode(b.private, 'hex'), "
            "encode(timestamptz_send(b.sealed_at), 'hex'), encode(b.hash, 'hex') "
            "FROM custody_ledger.block b LEFT JOIN custody_ledger.incarnation i "
            "ON i.short = b.incarnation WHERE b.number >= $1 AND b.number <= $2 "
            "ORDER BY b.number LIMIT $3",
            std::to_string(from), std::to_string(newest.block), std::to_string(kBlocksAtOnce));
        for (int row = 0; row < rows.rows(); ++row)
            if (auto broken = chain.add(block_of(rows, row, newest.ledger)))
                return broken;
        if (chain.next() > newest.block || chain.next() == from)
            return chain.end();
    }
}

/// Seals what is committed, and fetches the digest.
std::string fetch_digest(pq::Connection &connection) {
    const auto sealed = connection.exec("SELECT custody.seal()");
    if (sealed.is_null(0, 0))
        log::info("nothing to seal");
    else
        log::info("sealed block {}", sealed.text(0, 0));
    const auto digest = connection.exec("SELECT custody.ledger_digest()::text");
    if (digest.is_null(0, 0))
        throw Error(Exit::unverified, "ledger-empty", "the ledger has no block to anchor",
                    "nothing was ever sealed in it, or its blocks are gone",
                    "write something to an audited table first");
    return digest.str(0, 0);
}

ledger::Digest parsed(const std::string &text) {
    try {
        return ledger::parse_digest(text);
    } catch (const ledger::DigestError &error) {
        throw Error(Exit::mismatch, "digest-unknown",
                    "the digest of the ledger is of an unknown format", error.what(),
                    "use the loader that came with the extension");
    }
}

void require(const cli::Options &options) {
    for (const auto &[name, value] :
         {std::pair("key-file", options.key_file), std::pair("anchor-file", options.anchor_file)})
        if (value.empty())
            throw Error(Exit::usage, "usage", fmt::format("no {} given", name), {},
                        fmt::format("write --{}=...", name));
}

std::string hex(const ledger::Hash &hash) {
    std::string digits;
    for (const std::byte byte : hash)
        append(digits, "{:02x}", std::to_integer<unsigned>(byte));
    return digits;
}

std::string render_json(const Anchoring &done, const cli::Options &options, Exit exit) {
    const Json document = {{"schema_version", kSchemaVersion},
                           {"result", done.result},
                           {"exit_code", static_cast<int>(exit)},
                           {"detail", done.detail.empty() ? Json() : Json(done.detail)},
                           {"block", done.newest.block},
                           {"hash", hex(done.newest.hash)},
                           {"last_block", done.last_block ? Json(*done.last_block) : Json()},
                           {"anchor_file", options.anchor_file},
                           {"digest", done.text}};
    return json_document(document);
}

std::string render_text(const Anchoring &done, const cli::Options &options) {
    if (done.broken())
        return fmt::format("{}: {}\n  last digest: block {}; the ledger's: {}\n", done.result,
                           done.detail, done.last_block.value_or(0), ui::printable(done.text));
    return fmt::format("{}: block {} {} in \"{}\"{}\n", done.result, done.newest.block,
                       hex(done.newest.hash), ui::printable(options.anchor_file),
                       done.last_block ? fmt::format(", after block {}", *done.last_block)
                                       : ", the first");
}

/// Looks at the ledger, and appends where all is well. Returns the line to deliver.
std::string work(const cli::Options &options, const AnchorFile &file, Anchoring &done) {
    const auto key = mint::read_private_key(options.key_file);
    std::vector<token::PublicKey> keys{key.public_key()};
    if (!options.public_key.empty())
        for (auto &earlier : read_public_keys(options.public_key))
            keys.push_back(std::move(earlier));
    const auto last = file.last(keys);
    if (!last)
        log::warn(
            "the anchor file \"{}\" has no digest yet: what the ledger was before this run is "
            "not compared with anything",
            ui::printable(options.anchor_file));
    auto connection =
        open_ledger(options.target, "custody audit anchor", {"custody.seal(boolean)", "operator"});
    done.text = fetch_digest(connection);
    done.newest = parsed(done.text);
    done.result = "anchored";
    if (last) {
        done.last_block = last->digest.block;
        if (const auto broken = follow(connection, last->digest, done.newest)) {
            done.result = broken->kind;
            done.detail = broken->detail;
            return {};
        }
        if (last->digest.block == done.newest.block) {
            done.result = "unchanged";
            file.sync();
            return last->line;
        }
    }
    const std::string line = anchor_line(done.text, key);
    file.append(line);
    return line;
}

/// Each gets the line, whatever becomes of the other. Throws the last error.
void hand_out(const cli::Options &options, const std::string &line) {
    std::optional<Error> failed;
    const auto give = [&](void (*to)(const std::string &, const std::string &),
                          const std::string &where) {
        if (where.empty())
            return;
        try {
            to(where, line);
        } catch (const Error &error) {
            throw_if_stopped();
            if (failed)
                log_error(*failed);
            failed = error;
        }
    };
    give(run_command, options.anchor_command);
    give(post, options.anchor_url);
    if (failed)
        throw *failed;
}

} // namespace

Exit anchor(const cli::Options &options) {
    require(options);
    spare(options, {options.anchor_file, lock_of(options.anchor_file), options.key_file,
                    options.public_key});
    Anchoring done;
    const AnchorFile file(options.anchor_file);
    const std::string line = work(options, file, done);
    const Exit exit = done.broken() ? Exit::unverified : Exit::ok;
    if (done.broken())
        log::error("the ledger is not the one of the last digest ({}): keep both the anchor file "
                   "and the database as they are, and find out why",
                   done.result);
    else
        hand_out(options, line);
    return report::deliver(exit, [&] {
        report::write_result(options.output, options.json ? render_json(done, options, exit)
                                                          : render_text(done, options));
    });
}

} // namespace custody::audit
