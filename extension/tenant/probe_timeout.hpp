// The time that the prober gives to one statement.
#pragma once

#include "extension/pg/boundary.hpp"

namespace custody::tenant {

/// The statement timeout of one statement of the prober; the one that runs for the caller's
/// statement, if any, is put back. Cancelled at the end like any statement: the server's own
/// handler does it.
class Timeout {
  public:
    explicit Timeout(int milliseconds) : milliseconds_(milliseconds) {
        if (milliseconds_ > 0) {
            outer_ = get_timeout_active(STATEMENT_TIMEOUT)
                         ? get_timeout_finish_time(STATEMENT_TIMEOUT)
                         : 0;
            const TimestampTz end =
                TimestampTzPlusMilliseconds(GetCurrentTimestamp(), milliseconds_);
            enable_timeout_at(STATEMENT_TIMEOUT, outer_ != 0 && outer_ < end ? outer_ : end);
        }
    }
    ~Timeout() {
        if (milliseconds_ > 0) {
            disable_timeout(STATEMENT_TIMEOUT, false);
            if (outer_ != 0) {
                enable_timeout_at(STATEMENT_TIMEOUT, outer_);
            }
        }
    }
    Timeout(const Timeout &) = delete;
    Timeout &operator=(const Timeout &) = delete;

  private:
    int milliseconds_;
    TimestampTz outer_ = 0;
};

/// Whether a cancelled query ended because of a timeout, not because somebody asked for it.
inline bool is_timeout(const pg::ServerError &error) {
    return error.sqlstate() == ERRCODE_QUERY_CANCELED && error.data().message != nullptr &&
           std::string_view(error.what()).find("timeout") != std::string_view::npos;
}

} // namespace custody::tenant
