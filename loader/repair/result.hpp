// What a repair found, did and left, and how it is printed. Plain values; render_* are pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/core/error.hpp"
#include "loader/repair/script.hpp"
#include "loader/verify/differences.hpp"

namespace custody::repair {

enum class Mode : std::uint8_t { script, apply, dry_run };

/// A change that was tried and did not happen, or cannot be tried.
struct Failure {
    std::string action, object; // "update", "public.item (id)=(7)"
    std::string sqlstate;       // "" when it was no error of the server
    std::string message, detail;
};

/// One table, or another object that keeps the two databases from being equal.
struct TableResult {
    std::string type = "table", name, target_name;
    std::string schema; // the source's; "" where it is not known
    std::uint64_t missing = 0, extra = 0, different = 0, in_flight = 0;
    Counts planned;
    std::uint64_t extra_left = 0; // not deleted because that was not asked for
    std::string verdict, reason;  // at the end: of the last look
};

struct Result {
    Mode mode = Mode::script;
    std::string source, target; // host:port/database
    std::vector<verify::Look> looks;
    std::vector<TableResult> tables;
    Counts planned, applied;
    std::uint64_t statements = 0;  // that changed rows, steps among them
    std::uint64_t batches = 0;     // committed
    std::uint64_t already = 0;     // changes that somebody else had made
    std::vector<Failure> refused;  // cannot be done by ordinary statements
    std::vector<Failure> failures; // at most kShownFailures
    std::uint64_t failed = 0;      // all of them
    std::string output;            // file of the script; "" = none

    bool equal() const;
    /// equal, different or unverified, of the whole.
    std::string_view verdict() const;
    /// ok: all is equal. partial: something was tried and failed. unverified: anything else.
    Exit exit() const;
};

inline constexpr std::size_t kShownFailures = 100;

std::string_view mode_name(Mode mode) noexcept;
std::string render_text(const Result &result);
/// docs/report-schema.md describes it.
std::string render_json(const Result &result);

} // namespace custody::repair
