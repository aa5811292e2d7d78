#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <unistd.h>

#include "common/base64url.hpp"
#include "common/hmac_key.hpp"
#include "common/own_token.hpp"
#include "common/public_key.hpp"
#include "loader/report/output.hpp"
#include "loader/token/token.hpp"
#include "loader/ui/text.hpp"

namespace custody::mint {
namespace {

/// A file that nobody else can read, and that was not there before.
void write_secret(const std::string &file, const std::string &text) {
    const int descriptor =
        open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    const bool written =
        descriptor >= 0 &&
        write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        fsync(descriptor) == 0;
    const std::string why = std::strerror(errno);
    if (descriptor >= 0)
        close(descriptor);
    if (!written)
        throw Error(Exit::usage, "key-not-written",
                    fmt::format("cannot write the key to \"{}\"", ui::printable(file)), why,
                    "name a file that does not exist yet");
}

Exit new_ed25519(const cli::Options &options) {
    if (options.output.empty())
        throw Error(Exit::usage, "usage", "no file given for the private key", {},
                    "name it with --output");
    const auto key = token::Ed25519PrivateKey::generate();
    write_secret(options.output, key.pem());
    const std::string der = key.public_key().der();
    // The key itself is the end of its SubjectPublicKeyInfo.
    const std::string bytes = der.substr(der.size() - 32);
    report::write_stdout(fmt::format("SELECT custody.add_token_key('{}', '{}');\n", options.kid,
                                     token::encode_base64url(bytes)));
    return Exit::ok;
}

Exit new_secret(const cli::Options &options) {
    std::array<unsigned char, token::kShortestSecret> secret;
    if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1)
        throw Error(Exit::usage, "key-not-written", "no random bytes are to be had", {},
                    "look at the machine's source of random numbers");
    const auto algorithm =
        options.new_key == "hmac" ? token::Algorithm::hmac_sha256 : token::Algorithm::hs256;
    const std::string line =
        fmt::format("{} {} {}\n", options.kid, token::algorithm_word(algorithm),
                    token::encode_base64url(std::as_bytes(std::span(secret))));
    if (options.output.empty())
        report::write_stdout(line);
    else
        write_secret(options.output, line);
    return Exit::ok;
}

} // namespace

Exit new_key(const cli::Options &options) {
    if (!token::is_kid(options.kid))
        throw Error(Exit::usage, "usage", "no name given for the key, or a malformed one", {},
                    "write --kid=NAME with letters, digits, - and _");
    return options.new_key == "ed25519" ? new_ed25519(options) : new_secret(options);
}

} // namespace custody::mint
