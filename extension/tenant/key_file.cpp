#include "extension/tenant/key_file.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extension/pg/boundary.hpp"
#include "extension/tenant/secret_memory.hpp"

namespace custody::tenant {

namespace {

using token::KeyError;

constexpr char kName[] = "custody_keys";

/// What changes with every change of a file's content, place or mode.
struct Stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    mode_t mode;
    uid_t owner;
    timespec modified, changed;

    explicit Stamp(const struct stat &found = {}) noexcept
        : device(found.st_dev), inode(found.st_ino), size(found.st_size), mode(found.st_mode),
          owner(found.st_uid), modified(found.st_mtim), changed(found.st_ctim) {}

    bool operator==(const Stamp &other) const noexcept {
        return device == other.device && inode == other.inode && size == other.size &&
               mode == other.mode && owner == other.owner && same(modified, other.modified) &&
               same(changed, other.changed);
    }

  private:
    static bool same(const timespec &a, const timespec &b) noexcept {
        return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
    }
};

struct Keys {
    std::array<token::FileKey, token::kMostFileKeys> list;
    std::size_t count;
};

class Descriptor {
  public:
    explicit Descriptor(const char *path) noexcept
        : number_(open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) {}
    ~Descriptor() {
        if (number_ >= 0) {
            (void)close(number_);
        }
    }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;

    int get() const noexcept { return number_; }

  private:
    int number_;
};

[[noreturn]] void fail(const std::string &what, int error) {
    throw KeyError("file \"" + std::string(kName) + "\" " + what +
                   (error != 0 ? std::string(": ") + strerror(error) : std::string()));
}

void check(const struct stat &found) {
    if (!S_ISREG(found.st_mode)) {
        fail("is no plain file", 0);
    }
    if (found.st_uid != geteuid()) {
        fail("does not belong to the user that the server runs as", 0);
    }
    if ((found.st_mode & 07177) != 0) {
        fail("must have mode 0600", 0);
    }
    if (found.st_size > static_cast<off_t>(token::kLargestKeyFile)) {
        fail("is too large", 0);
    }
}

std::string_view read_all(int descriptor, SecretMemory &into) {
    std::size_t size = 0;
    while (size < into.size()) {
        const ssize_t got =
            read(descriptor, static_cast<char *>(into.data()) + size, into.size() - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            fail("cannot be read", errno);
        }
        if (got == 0) {
            return {static_cast<const char *>(into.data()), size};
        }
        size += static_cast<std::size_t>(got);
    }
    fail("is too large", 0);
}

class KeyFile {
  public:
    KeyFile() : memory_(sizeof(Keys)), keys_(new (memory_.data()) Keys) {}

    const token::HmacKey &find(std::string_view name, token::Algorithm algorithm) {
        refresh();
        if (!fault_.empty()) {
            throw KeyError(fault_);
        }
        for (std::size_t i = 0; i < keys_->count; ++i) {
            const token::FileKey &key = keys_->list[i];
            if (key.name_text() == name && key.algorithm == algorithm) {
                return key.key;
            }
        }
        fail("has no " + std::string(token::algorithm_word(algorithm)) + " key of this name", 0);
    }

  private:
    void refresh() {
        // The backend's own folder may be another by now, so the path is the whole one.
        if (path_.empty()) {
            path_ = std::string(DataDir) + "/" + kName;
        }
        struct stat found {};
        const bool there = lstat(path_.c_str(), &found) == 0;
        if (there && read_ && Stamp(found) == stamp_) {
            return;
        }
        read_ = false;
        token::wipe(keys_, sizeof(Keys));
        keys_->count = 0;
        try {
            load();
            fault_.clear();
        } catch (const KeyError &error) {
            fault_ = error.what();
        }
    }

    void load() {
        const Descriptor file(path_.c_str());
        if (file.get() < 0) {
            fail(errno == ELOOP ? "must not be a symbolic link" : "cannot be opened",
                 errno == ELOOP ? 0 : errno);
        }
        struct stat found {};
        if (fstat(file.get(), &found) != 0) {
            fail("cannot be read", errno);
        }
        check(found);
        SecretMemory text(token::kLargestKeyFile + 1);
        const std::string_view lines = read_all(file.get(), text);
        try {
            keys_->count = token::read_key_lines(lines, keys_->list);
        } catch (const KeyError &error) {
            token::wipe(keys_, sizeof(Keys));
            fail("is malformed: " + std::string(error.what()), 0);
        }
        stamp_ = Stamp(found);
        read_ = true;
    }

    SecretMemory memory_;
    Keys *keys_;
    std::string path_;
    std::string fault_;
    Stamp stamp_;
    bool read_ = false;
};

KeyFile *the_file = nullptr; // as long as the backend lives

} // namespace

const token::HmacKey &file_key(std::string_view name, token::Algorithm algorithm) {
    if (the_file == nullptr) {
        the_file = new KeyFile;
    }
    return the_file->find(name, algorithm);
}

} // namespace custody::tenant
