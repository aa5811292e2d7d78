#include "loader/audit/anchor_line.hpp"

#include <system_error>

#include <fmt/format.h>

#include "loader/core/append.hpp"
#include "loader/core/error.hpp"
#include "loader/core/file.hpp"
#include "loader/core/json.hpp"
#include "loader/token/key_file.hpp"
#include "loader/ui/text.hpp"

namespace custody::audit {
namespace {

std::string to_hex(std::string_view bytes) {
    std::string digits;
    for (const char c : bytes)
        append(digits, "{:02x}", static_cast<unsigned char>(c));
    return digits;
}

std::optional<std::string> from_hex(const std::string &digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        const auto pair = std::string_view(digits).substr(i, 2);
        if (pair.find_first_not_of("0123456789abcdef") != std::string_view::npos)
            return std::nullopt;
        bytes += static_cast<char>(std::stoi(std::string(pair), nullptr, 16));
    }
    return digits.size() % 2 == 0 ? std::optional(bytes) : std::nullopt;
}

bool signed_by(const std::vector<token::PublicKey> &keys, const std::string &text,
               const std::string &signature) {
    for (const auto &key : keys)
        if (key.verify(text, std::as_bytes(std::span(signature))))
            return true;
    return false;
}

/// What a crash leaves of a line has its beginning, or zeros where none of it reached the disk; not
/// its end, which is that of the signature. Anything else is of another file, or was changed.
bool cut_off(const std::string &line) {
    constexpr std::string_view kEnd = "\"}";
    const bool whole = line.ends_with(kEnd) && line.size() > kEnd.size() &&
                       line[line.size() - kEnd.size() - 1] != '\\';
    return (line.starts_with('{') && !whole) || line.find_first_not_of('\0') == std::string::npos;
}

Error untrusted(const std::string &place, const std::string &why,
                const char *hint = "compare the file with other copies of it") {
    return {Exit::unverified, "anchor-untrusted", fmt::format("cannot believe {}", place), why,
            hint};
}

/// Bytes as they are may end with what ends a line, too.
token::PublicKey parse_public_key(const std::string &text) {
    try {
        return token::PublicKey::parse(text);
    } catch (const token::KeyError &) {
        const std::size_t end = text.find_last_not_of("\r\n");
        if (end == std::string::npos || end + 1 == text.size())
            throw;
        return token::PublicKey::parse(std::string_view(text).substr(0, end + 1));
    }
}

/// One PEM after the other, as cat puts them together, or one key in another form.
std::vector<std::string> key_texts(const std::string &text) {
    constexpr std::string_view kBegin = "-----BEGIN";
    std::vector<std::string> keys;
    for (std::size_t at = text.find(kBegin); at != std::string::npos;) {
        const std::size_t next = text.find(kBegin, at + 1);
        keys.push_back(text.substr(at, next - at));
        at = next;
    }
    if (keys.empty())
        keys.push_back(text);
    return keys;
}

} // namespace

std::string anchor_line(const std::string &digest, const token::Ed25519PrivateKey &key) {
    const nlohmann::ordered_json line = {{"signed", digest},
                                         {"signature", to_hex(key.sign(digest))}};
    return line.dump();
}

std::optional<ledger::Digest> read_anchor_line(const std::string &line,
                                               const std::vector<token::PublicKey> &keys,
                                               const std::string &place) {
    const auto object = try_json(line);
    if (!object.is_object() && cut_off(line))
        return std::nullopt;
    if (!object.is_object())
        throw untrusted(place, "it is no digest, nor what a crash left of one",
                        "name the file that \"custody audit anchor\" appends to");
    const auto member = [&object](const char *name) {
        const auto found = object.find(name);
        return found != object.end() && found->is_string() ? found->get<std::string>() : "";
    };
    const std::string text = member("signed");
    const auto signature = from_hex(member("signature"));
    if (!signature || !signed_by(keys, text, *signature))
        throw untrusted(place, "its signature is not of the key");
    try {
        return ledger::parse_digest(text);
    } catch (const ledger::DigestError &error) {
        throw untrusted(place, error.what());
    }
}

std::vector<token::PublicKey> read_public_keys(const std::string &file) {
    const auto unusable = [&file](const std::string &why) {
        return Error(Exit::usage, "key-file-unusable",
                     fmt::format("cannot use the public key \"{}\"", ui::printable(file)), why,
                     "name an Ed25519 public key: openssl pkey -in KEY -pubout makes one");
    };
    try {
        std::vector<token::PublicKey> keys;
        for (const auto &text : key_texts(read_file(file, mint::kMostKeyBytes))) {
            keys.push_back(parse_public_key(text));
            if (keys.back().algorithm() != token::Algorithm::ed25519)
                throw unusable("it is of another algorithm");
        }
        return keys;
    } catch (const std::system_error &error) {
        throw unusable(error.code().message());
    } catch (const token::KeyError &error) {
        throw unusable(error.what());
    }
}

} // namespace custody::audit
