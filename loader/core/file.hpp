// Files that a user named.
#pragma once

#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>

namespace custody {

/// A file by its descriptor, closed at the end. get() is negative, and errno says why, where it
/// could not be opened.
class OpenFile {
  public:
    /// flags: of open(); what it makes can be read by everybody and written by its owner.
    OpenFile(const std::string &path, int flags);
    ~OpenFile();
    OpenFile(const OpenFile &) = delete;
    OpenFile &operator=(const OpenFile &) = delete;
    int get() const { return descriptor_; }

  private:
    int descriptor_;
};

/// Where the name leads to, over links, whether there is something or not.
std::filesystem::path real_name(std::filesystem::path file);

/// All that is in it; a pipe is read to its end. Throws std::system_error, whose code says why it
/// cannot be read: what can be opened, as a directory can, can still not be readable; what has more
/// than `most` bytes, as a device without an end, is too large.
std::string read_file(const std::string &path,
                      std::size_t most = std::numeric_limits<std::size_t>::max());

} // namespace custody
