#include "loader/token/key_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <sys/stat.h>

#include "loader/ui/text.hpp"

namespace custody::mint {

Error unusable_key(const std::string &file, const std::string &why, const std::string &hint) {
    return {Exit::usage, "key-file-unusable",
            fmt::format("cannot sign with the key file \"{}\"", ui::printable(file)), why, hint};
}

std::string read_key_file(const std::string &file) {
    struct stat found {};
    std::ifstream stream(file, std::ios::binary);
    if (!stream || stat(file.c_str(), &found) != 0)
        throw unusable_key(file, std::strerror(errno), "name a file that can be read");
    if (S_ISDIR(found.st_mode))
        throw unusable_key(file, "it is a directory", "name a file in it");
    if ((found.st_mode & 077) != 0)
        throw unusable_key(file, "others can read it", "chmod 600 takes that right from them");
    return {std::istreambuf_iterator<char>(stream), {}};
}

token::Ed25519PrivateKey read_private_key(const std::string &file) {
    try {
        return token::Ed25519PrivateKey::parse(read_key_file(file));
    } catch (const token::KeyError &error) {
        throw unusable_key(file, error.what(), "name an Ed25519 private key in PEM");
    }
}

} // namespace custody::mint
