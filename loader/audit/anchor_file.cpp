#include "loader/audit/anchor_file.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "loader/core/file.hpp"
#include "loader/core/log.hpp"
#include "loader/ui/text.hpp"

namespace custody::audit {
namespace {

Error not_written(const std::string &file) {
    return {Exit::partial, "anchor-not-written",
            fmt::format("cannot write the anchor file \"{}\"", ui::printable(file)),
            std::strerror(errno),
            "name a file in a directory that can be written, on a disk with room"};
}

/// A pipe or a device has no end, or none that comes by itself.
void require_file(const std::string &file) {
    std::error_code unknown;
    if (const auto status = std::filesystem::status(file, unknown);
        std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
        throw Error(Exit::usage, "anchor-unreadable",
                    fmt::format("the anchor file \"{}\" is no regular file", ui::printable(file)),
                    std::filesystem::is_directory(status) ? "it is a directory" : "",
                    "name a file in a directory");
}

/// "" where there is no such file.
std::string whole_file(const std::string &file, bool must_exist) {
    require_file(file);
    try {
        return read_file(file);
    } catch (const std::system_error &error) {
        if (!must_exist && error.code() == std::errc::no_such_file_or_directory)
            return "";
        throw Error(Exit::usage, "anchor-unreadable",
                    fmt::format("cannot read the anchor file \"{}\"", ui::printable(file)),
                    error.code().message(), "name a file that can be read");
    }
}

std::optional<Anchored> read_line(const std::string &file, const std::string &line,
                                  const std::string &which,
                                  const std::vector<token::PublicKey> &keys) {
    const std::string place =
        fmt::format("{} of the anchor file \"{}\"", which, ui::printable(file));
    if (const auto digest = read_anchor_line(line, keys, place))
        return Anchored{*digest, line};
    log::warn("{} is incomplete: it was cut off while it was written, and does not count", place);
    return std::nullopt;
}

void sync_directory(const std::string &file) {
    const auto parent = real_name(file).parent_path();
    const OpenFile directory(parent.empty() ? "." : parent.string(), O_RDONLY | O_DIRECTORY);
    if (directory.get() < 0 || fsync(directory.get()) != 0)
        throw not_written(file);
}

} // namespace

std::vector<Anchored> read_anchors(const std::string &file,
                                   const std::vector<token::PublicKey> &keys) {
    const std::string text = whole_file(file, true);
    std::vector<Anchored> all;
    std::size_t number = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        ++number;
        const std::string line = text.substr(at, end - at);
        if (auto one = line.empty() ? std::nullopt
                                    : read_line(file, line, fmt::format("line {}", number), keys))
            all.push_back(std::move(*one));
        at = end + 1;
    }
    return all;
}

std::string lock_of(const std::string &file) { return real_name(file).string() + ".lock"; }

AnchorFile::AnchorFile(std::string file) : file_(std::move(file)) {
    require_file(file_);
    const std::string lock = lock_of(file_);
    lock_ = open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock_ < 0)
        throw not_written(lock);
    if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
        close(lock_);
        throw Error(
            Exit::partial, "anchor-busy",
            fmt::format("another \"custody audit anchor\" works on \"{}\"", ui::printable(file_)),
            {}, "run the same command again when it has ended");
    }
}

AnchorFile::~AnchorFile() { close(lock_); }

std::optional<Anchored> AnchorFile::last(const std::vector<token::PublicKey> &keys) const {
    const std::string text = whole_file(file_, false);
    std::size_t end = text.size();
    while (end > 0) {
        const std::size_t newline = text.rfind('\n', end - 1);
        const std::size_t start = newline == std::string::npos ? 0 : newline + 1;
        if (start < end)
            if (auto one = read_line(file_, text.substr(start, end - start), "the last line", keys))
                return one;
        end = start == 0 ? 0 : start - 1;
    }
    return std::nullopt;
}

void AnchorFile::append(const std::string &line) const {
    const bool is_new = !std::filesystem::exists(file_);
    const OpenFile file(file_, O_RDWR | O_CREAT | O_APPEND);
    if (file.get() < 0)
        throw not_written(file_);
    // What a crash left of a line gets an end of its own: lines are not repaired, only written.
    char before = '\n';
    const off_t size = lseek(file.get(), 0, SEEK_END);
    if (size < 0 || (size > 0 && pread(file.get(), &before, 1, size - 1) != 1))
        throw not_written(file_);
    const std::string text = (before == '\n' ? "" : "\n") + line + "\n";
    errno = ENOSPC; // what a write that stopped half way does not say
    if (write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        fsync(file.get()) != 0)
        throw not_written(file_);
    if (is_new)
        sync_directory(file_);
}

void AnchorFile::sync() const {
    const OpenFile file(file_, O_RDONLY);
    if (file.get() < 0 || fsync(file.get()) != 0)
        throw not_written(file_);
}

} // namespace custody::audit
