// The digests of a subject's buckets as values that say what they are of.
#pragma once

#include <vector>

#include "loader/verify/side.hpp"

namespace custody::verify {

/// No rows, with the subject's description.
digest::DigestValue empty_digest(const Subject &subject);

/// Those of the profile fast.
std::vector<digest::DigestValue> described(const digest::BucketSet &digests,
                                           const Subject &subject);

/// `found`, which a server computed; throws Error "digests-unlike" unless it is like `expected`.
digest::DigestValue like(const digest::DigestValue &found, const digest::DigestValue &expected);

/// Adds rows of (bucket, digest as text). Throws as like() does.
void add_rows(std::vector<digest::DigestValue> &digests, const pq::Result &rows);

/// Of like digests that add up.
digest::DigestValue total_of(const std::vector<digest::DigestValue> &buckets);

} // namespace custody::verify
