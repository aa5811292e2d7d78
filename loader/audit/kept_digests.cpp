#include "loader/audit/kept_digests.hpp"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "loader/audit/anchor_file.hpp"
#include "loader/core/file.hpp"
#include "loader/core/json.hpp"
#include "loader/ui/text.hpp"

namespace custody::audit {

Error file_unreadable(const std::string &what, const std::string &file, const std::string &why) {
    return {Exit::usage, "file-unreadable",
            fmt::format("cannot read the {} \"{}\"", what, ui::printable(file)), why,
            "name a file that can be read"};
}

namespace {

Error no_digests(const std::string &file, const std::string &why) {
    return {Exit::usage, "file-unreadable",
            fmt::format("cannot read the digest \"{}\"", ui::printable(file)), why,
            "name a file with what custody.ledger_digest() returned; lines of \"custody audit "
            "anchor\" are read with --anchor-file and --public-key"};
}

std::string read_digests(const std::string &file) {
    try {
        return read_file(file);
    } catch (const std::system_error &error) {
        throw file_unreadable("digest", file, error.code().message());
    }
}

/// A file of digests: one, over as many lines as it likes, or one in each line.
std::vector<ledger::Digest> digests_of_file(const std::string &file) {
    const std::string text = read_digests(file);
    std::vector<ledger::Digest> digests;
    try {
        if (!try_json(text).is_discarded())
            return {ledger::parse_digest(text)};
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = std::min(text.find('\n', at), text.size());
            if (end > at)
                digests.push_back(ledger::parse_digest(text.substr(at, end - at)));
            at = end + 1;
        }
    } catch (const ledger::DigestError &error) {
        throw no_digests(file, error.what());
    }
    if (digests.empty())
        throw no_digests(file, "it is empty");
    return digests;
}

} // namespace

std::vector<ledger::Digest> kept_digests(const cli::Options &options) {
    std::vector<ledger::Digest> digests;
    if (!options.digest.empty())
        digests = digests_of_file(options.digest);
    if (options.anchor_file.empty())
        return digests;
    if (options.public_key.empty())
        throw Error(Exit::usage, "usage", "no public key given for the anchor file", {},
                    "write --public-key=FILE with the key that its lines are signed with");
    const auto anchors = read_anchors(options.anchor_file, read_public_keys(options.public_key));
    if (anchors.empty())
        throw Error(
            Exit::usage, "anchor-unreadable",
            fmt::format("the anchor file \"{}\" has no digest", ui::printable(options.anchor_file)),
            {}, "name the file that \"custody audit anchor\" appends to");
    for (const auto &anchored : anchors)
        digests.push_back(anchored.digest);
    return digests;
}

} // namespace custody::audit
