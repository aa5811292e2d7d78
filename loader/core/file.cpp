#include "loader/core/file.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace custody {

OpenFile::OpenFile(const std::string &path, int flags)
    : descriptor_(open(path.c_str(), flags | O_CLOEXEC, 0644)) {}

OpenFile::~OpenFile() {
    if (descriptor_ >= 0)
        close(descriptor_);
}

std::filesystem::path real_name(std::filesystem::path file) {
    constexpr int kLinks = 40; // as many as the system follows
    std::error_code unknown;
    for (int link = 0; link < kLinks && std::filesystem::is_symlink(file, unknown); ++link)
        file = file.parent_path() / std::filesystem::read_symlink(file, unknown);
    const auto real = std::filesystem::weakly_canonical(file, unknown);
    return unknown ? file : real;
}

std::string read_file(const std::string &path, std::size_t most) {
    const OpenFile file(path, O_RDONLY);
    std::string text;
    std::array<char, 65536> piece;
    for (;;) {
        const ssize_t size = file.get() < 0 ? -1 : read(file.get(), piece.data(), piece.size());
        if (size < 0 && errno != EINTR)
            throw std::system_error(errno, std::generic_category());
        if (size == 0)
            return text;
        if (size > 0)
            text.append(piece.data(), static_cast<std::size_t>(size));
        if (text.size() > most)
            throw std::system_error(EFBIG, std::generic_category());
    }
}

} // namespace custody
