// The file that digests are appended to. Only whole lines ever count: what a crash left of one is
// recognised by its missing newline, or by being no JSON, and stays in the file as it is.
#pragma once

#include <string>
#include <vector>

#include "loader/audit/anchor_line.hpp"

namespace custody::audit {

struct Anchored {
    ledger::Digest digest;
    std::string line;
};

/// All digests of an anchor file; lines that were cut off are left out with a warning. Throws
/// Error: anchor-untrusted, anchor-unreadable (Exit::usage).
std::vector<Anchored> read_anchors(const std::string &file,
                                   const std::vector<token::PublicKey> &keys);

/// What is locked while a file is appended to: FILE.lock beside the file, by whatever link that is
/// named.
std::string lock_of(const std::string &file);

/// The file, locked against others that append to it as long as this lives.
class AnchorFile {
  public:
    /// Throws Error: anchor-busy, anchor-not-written (Exit::partial), anchor-unreadable.
    explicit AnchorFile(std::string file);
    ~AnchorFile();
    AnchorFile(const AnchorFile &) = delete;
    AnchorFile &operator=(const AnchorFile &) = delete;

    /// The last whole line; nothing where there is none. Throws as read_anchors().
    std::optional<Anchored> last(const std::vector<token::PublicKey> &keys) const;

    /// The line is on disk when this returns. Throws Error anchor-not-written (Exit::partial).
    void append(const std::string &line) const;

    /// What was read is on disk when this returns: whoever wrote it may have ended before. Throws
    /// the same.
    void sync() const;

  private:
    std::string file_;
    int lock_ = -1;
};

} // namespace custody::audit
