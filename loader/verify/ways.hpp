// How each side's digests come about: decided from what was asked for and what each side allows.
#pragma once

#include <string>

#include "loader/cli/options.hpp"
#include "loader/verify/side.hpp"

namespace custody::verify {

/// Whether a side's server can compute digests itself.
struct Ability {
    bool extension = false;
    std::string why_not; // "" where it can
};

/// Reads the catalog; changes nothing.
Ability ability_of(pq::Connection &connection);

struct Ways {
    Way source = Way::stream;
    Way target = Way::stream;
    digest::Profile profile = digest::Profile::fast;
    wire::Form form = wire::Form::binary;
    std::uint32_t buckets = 1;
    std::string why;        // for the plan
    std::string impossible; // why the table cannot be compared so; "" = it can
};

/// What was asked for; `method` "stored" leaves the source out.
digest::Profile profile_of(const cli::Options &options);

/// Throws Error (refused) "method-impossible" or "profile-impossible" when the two servers or the
/// other options do not allow what was asked for.
void require_possible(const cli::Options &options, const Ability &source, const Ability &target);

/// A power of two that leaves about a hundred rows to a bucket, of small and middling tables.
std::uint32_t buckets_for(std::int64_t rows);

/// Of one table. `condition` as in Subject. Pure.
Ways ways_of(const cli::Options &options, const Ability &source, const Ability &target,
             const plan::Table &table, const std::string &condition);

/// The subject of a table that is compared in these ways.
Subject subject_of(const plan::Table &table, const Ways &ways, const std::string &condition);

} // namespace custody::verify
