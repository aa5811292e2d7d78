// The three kinds of bundles, each as what its lines must be one after the other. Of common/bundle
// only. Throws Refutation.
#pragma once

#include <map>
#include <set>

#include "common/bundle_events.hpp"

namespace custody::ledger {

/// What all kinds need; lives as long as the check.
struct BundleParts {
    HeaderLine header;
    BundleResult &result;
    DigestMatch digests;
    Events events;
    std::uint64_t line = 1; // that is being read
};

class KindCheck {
  public:
    virtual ~KindCheck() = default;
    /// A line after the header; `t` says what it is.
    virtual void take(std::string_view t, const JsonLine &line) = 0;
    virtual void end() = 0;
};

/// One organization: all its events, or one of them.
std::unique_ptr<KindCheck> check_org(BundleParts &parts);
std::unique_ptr<KindCheck> check_event(BundleParts &parts);
std::unique_ptr<KindCheck> check_ledger(BundleParts &parts);

inline Bytes org_bytes(const HeaderLine &header) { return bytes_of(header.org); }

/// Throws unless the head is of this block and link.
void check_head(const HeadLine &head, std::uint64_t block, const Hash &link, const Hash &slots);

[[noreturn]] inline void misplaced(std::string_view t) {
    throw Refutation{Reason::place, "a line of " + std::string(t) + " has no place here"};
}

} // namespace custody::ledger
