#include "loader/token/key_file.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fmt/format.h>
#include <sys/stat.h>

#include "loader/core/file.hpp"
#include "loader/ui/text.hpp"

namespace custody::mint {

Error unusable_key(const std::string &file, const std::string &why, const std::string &hint) {
    return {Exit::usage, "key-file-unusable",
            fmt::format("cannot sign with the key file \"{}\"", ui::printable(file)), why, hint};
}

std::string read_key_file(const std::string &file) {
    std::string text;
    try {
        text = read_file(file, kMostKeyBytes);
    } catch (const std::system_error &error) {
        const bool directory = error.code() == std::errc::is_a_directory;
        throw unusable_key(file, directory ? "it is a directory" : error.code().message(),
                           directory ? "name a file in it" : "name a file that can be read");
    }
    struct stat found {};
    if (stat(file.c_str(), &found) != 0)
        throw unusable_key(file, std::strerror(errno), "name a file that can be read");
    if (!S_ISREG(found.st_mode) && !S_ISFIFO(found.st_mode)) // not a device's rights to be changed
        throw unusable_key(file, "it is neither a file nor a pipe", "name a file that can be read");
    if ((found.st_mode & 077) != 0)
        throw unusable_key(file, "others can read it", "chmod 600 takes that right from them");
    return text;
}

token::Ed25519PrivateKey read_private_key(const std::string &file) {
    try {
        return token::Ed25519PrivateKey::parse(read_key_file(file));
    } catch (const token::KeyError &error) {
        throw unusable_key(file, error.what(), "name an Ed25519 private key in PEM");
    }
}

} // namespace custody::mint
