// One COPY: rows leave the source, are hashed on their way, and enter the target.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "common/wire_row.hpp"
#include "loader/pq/connection.hpp"

namespace custody::copy {

/// A limit on bytes per second that all workers share. Thread-safe.
class RateLimiter {
  public:
    /// 0 = no limit.
    explicit RateLimiter(std::int64_t bytes_per_second) : rate_(bytes_per_second) {}
    /// Sleeps as long as these bytes have to wait; returns early when a stop was asked for.
    void spend(std::int64_t bytes);

  private:
    const std::int64_t rate_;
    std::mutex mutex_;
    double next_ = 0; // seconds of the steady clock at which the next bytes may go
};

struct StreamResult {
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;       // payload of the COPY messages
    std::uint64_t longest_row = 0; // bytes of the longest message: libpq keeps that much
};

struct StreamRequest {
    std::string out_sql; // COPY (...) TO STDOUT on the source
    std::string in_sql;  // COPY ... FROM STDIN on the target
    wire::Form form = wire::Form::binary;
    RateLimiter *limiter = nullptr;                             // not owned
    std::function<void(std::uint64_t, std::uint64_t)> progress; // rows and bytes since last call
};

/// Copies into `target`, or only hashes when that is nullptr. The source must be in a
/// transaction: its statement runs under a savepoint, so that a failure keeps the snapshot.
/// On return both COPY commands have ended well and the target took as many rows as came.
/// Throws SqlError of the side that failed (the other side's COPY is ended first), Error
/// "rows-refused" when the target's count differs, WireError on a malformed stream.
StreamResult stream(pq::Connection &source, pq::Connection *target, const StreamRequest &request,
                    wire::StreamHasher &hasher);

} // namespace custody::copy
