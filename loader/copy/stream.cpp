#include "loader/copy/stream.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

#include <poll.h>

#include <fmt/format.h>

#include "loader/core/failpoint.hpp"
#include "loader/core/signals.hpp"

namespace custody::copy {
namespace {

// Rows travel to the target in messages of this size: few system calls, and libpq's buffer for
// them stays small however long a row is.
constexpr std::size_t kBatch = 128 << 10;

struct FreeCopyData {
    void operator()(char *data) const { PQfreemem(data); }
};

[[noreturn]] void throw_result(pq::Connection &connection, const std::string &sql) {
    std::unique_ptr<PGresult, decltype(&PQclear)> first(nullptr, &PQclear);
    while (PGresult *next = PQgetResult(connection.raw())) {
        if (!first)
            first.reset(next);
        else
            PQclear(next);
        if (PQstatus(connection.raw()) != CONNECTION_OK)
            break;
    }
    connection.fail(first.get(), sql);
}

/// Batches what goes to the target and notices early when it has refused a row.
class Sink {
  public:
    Sink(pq::Connection &target, const std::string &sql) : target_(target), sql_(sql) {
        target_.copy_in(sql_);
        buffer_.reserve(kBatch);
    }

    void write(const char *data, std::size_t size) {
        while (size > 0) {
            const std::size_t room = std::min(size, kBatch - buffer_.size());
            buffer_.insert(buffer_.end(), data, data + room);
            data += room;
            size -= room;
            if (buffer_.size() == kBatch)
                flush();
        }
    }

    /// Rows that the target took. Throws its error.
    std::uint64_t finish() {
        flush();
        if (PQputCopyEnd(target_.raw(), nullptr) != 1)
            throw_result(target_, sql_);
        const pq::Result result(PQgetResult(target_.raw()));
        if (PQresultStatus(result.raw()) != PGRES_COMMAND_OK)
            target_.fail(result.raw(), sql_);
        while (PGresult *more = PQgetResult(target_.raw()))
            PQclear(more);
        return static_cast<std::uint64_t>(result.affected());
    }

    /// Ends the COPY as failed and forgets the target's answer: the source's error counts.
    void abandon() noexcept {
        if (PQputCopyEnd(target_.raw(), "the source failed") == 1)
            while (PGresult *more = PQgetResult(target_.raw()))
                PQclear(more);
    }

  private:
    void flush() {
        if (buffer_.empty())
            return;
        // In mid-COPY a server has nothing to say but that it has failed (or a setting changed;
        // then the part is tried again).
        pollfd fd{PQsocket(target_.raw()), POLLIN, 0};
        const bool spoke = PQsocket(target_.raw()) >= 0 && poll(&fd, 1, 0) > 0;
        if (spoke ||
            PQputCopyData(target_.raw(), buffer_.data(), static_cast<int>(buffer_.size())) != 1) {
            PQputCopyEnd(target_.raw(), "the server spoke during COPY");
            throw_result(target_, sql_);
        }
        buffer_.clear();
    }

    pq::Connection &target_;
    const std::string &sql_;
    std::vector<char> buffer_;
};

/// Takes the file header and trailer of the binary format off, so that rows remain.
class Framing {
  public:
    explicit Framing(wire::Form form) : binary_(form == wire::Form::binary) {}

    std::span<const std::byte> row(const char *data, std::size_t size) {
        std::span<const std::byte> bytes(reinterpret_cast<const std::byte *>(data), size);
        if (!binary_)
            return bytes.first(size > 0 && data[size - 1] == '\n' ? size - 1 : size);
        if (!header_seen_)
            bytes = bytes.subspan(header_length(data, size));
        header_seen_ = true;
        const bool trailer =
            bytes.size() == 2 && bytes[0] == std::byte{0xff} && bytes[1] == std::byte{0xff};
        trailer_seen_ |= trailer;
        return trailer ? std::span<const std::byte>() : bytes;
    }
    /// A message that holds no row: a header alone, or the trailer. In text every message is one.
    bool is_row(std::span<const std::byte> row) const { return !binary_ || !row.empty(); }
    void check_complete() const {
        if (binary_ && !trailer_seen_)
            throw wire::WireError("the source's binary COPY ended without its trailer");
    }

  private:
    static std::size_t header_length(const char *data, std::size_t size) {
        constexpr std::size_t kFixed = 19; // signature, flags, length of the extension area
        if (size < kFixed || std::memcmp(data, "PGCOPY\n\377\r\n\0", 11) != 0)
            throw wire::WireError("the source's binary COPY has no valid header");
        std::size_t extension = 0;
        for (std::size_t i = 15; i < kFixed; ++i)
            extension = extension << 8 | static_cast<unsigned char>(data[i]);
        if (size - kFixed < extension)
            throw wire::WireError("the source's binary COPY header is cut short");
        return kFixed + extension;
    }

    bool binary_;
    bool header_seen_ = false;
    bool trailer_seen_ = false;
};

/// Reads rows until the source has sent all; `sink` may be nullptr.
StreamResult pump(pq::Connection &source, Sink *sink, const StreamRequest &request,
                  wire::StreamHasher &hasher) {
    StreamResult total;
    Framing framing(request.form);
    std::uint64_t reported_rows = 0;
    std::uint64_t reported_bytes = 0;
    const auto report = [&] {
        if (request.limiter != nullptr)
            request.limiter->spend(static_cast<std::int64_t>(total.bytes - reported_bytes));
        if (request.progress)
            request.progress(total.rows - reported_rows, total.bytes - reported_bytes);
        reported_rows = total.rows;
        reported_bytes = total.bytes;
    };
    for (;;) {
        char *raw = nullptr;
        const int size = PQgetCopyData(source.raw(), &raw, 0);
        const std::unique_ptr<char, FreeCopyData> data(raw);
        if (size == -2)
            throw_result(source, request.out_sql);
        if (size == -1)
            break;
        const auto row = framing.row(raw, static_cast<std::size_t>(size));
        if (framing.is_row(row)) {
            hasher.add(row);
            ++total.rows;
        }
        total.bytes += static_cast<std::uint64_t>(size);
        total.longest_row = std::max<std::uint64_t>(total.longest_row, row.size());
        if (sink != nullptr)
            sink->write(raw, static_cast<std::size_t>(size));
        if (total.bytes - reported_bytes >= kBatch) {
            report();
            throw_if_stopped();
        }
    }
    const pq::Result end(PQgetResult(source.raw()));
    if (PQresultStatus(end.raw()) != PGRES_COMMAND_OK)
        source.fail(end.raw(), request.out_sql);
    while (PGresult *more = PQgetResult(source.raw()))
        PQclear(more);
    framing.check_complete();
    report();
    return total;
}

// Ends the source's COPY, keeping its transaction and with it the snapshot.
void end_source(pq::Connection &source) noexcept {
    try {
        if (PGcancel *cancel = PQgetCancel(source.raw())) {
            char error[256];
            PQcancel(cancel, error, sizeof error);
            PQfreeCancel(cancel);
        }
        char *raw = nullptr;
        while (PQgetCopyData(source.raw(), &raw, 0) > 0)
            PQfreemem(raw);
        while (PGresult *more = PQgetResult(source.raw())) {
            PQclear(more);
            if (!source.alive())
                return;
        }
        // Released too: nothing can export the snapshot from within a subtransaction.
        source.exec("rollback to savepoint custody_copy; release savepoint custody_copy");
    } catch (const std::exception &) {
        // The connection is broken: whoever uses it next finds it dead and opens another.
    }
}

} // namespace

void RateLimiter::spend(std::int64_t bytes) {
    if (rate_ <= 0 || bytes <= 0)
        return;
    using Seconds = std::chrono::duration<double>;
    const auto now = [] {
        return Seconds(std::chrono::steady_clock::now().time_since_epoch()).count();
    };
    double until = 0;
    {
        const std::lock_guard guard(mutex_);
        next_ = std::max(next_, now()) + static_cast<double>(bytes) / static_cast<double>(rate_);
        until = next_;
    }
    while (now() < until && !stop_requested())
        std::this_thread::sleep_for(Seconds(std::min(0.1, std::max(0.0, until - now()))));
}

StreamResult stream(pq::Connection &source, pq::Connection *target, const StreamRequest &request,
                    wire::StreamHasher &hasher) {
    source.exec("savepoint custody_copy");
    std::optional<Sink> sink;
    if (target != nullptr)
        sink.emplace(*target, request.in_sql);
    bool target_ended = target == nullptr;
    try {
        source.copy_out(request.out_sql);
        const StreamResult total = pump(source, sink ? &*sink : nullptr, request, hasher);
        failpoint("part.streaming");
        if (sink) {
            target_ended = true;
            const auto taken = sink->finish();
            if (taken != total.rows)
                throw Error(Exit::partial, "rows-refused",
                            fmt::format("the target took {} of {} rows", taken, total.rows), "",
                            "a trigger or rule of the target table drops or redirects rows: "
                            "disable it for the time of the run");
        }
        source.exec("release savepoint custody_copy");
        return total;
    } catch (...) {
        if (sink && !target_ended && target->alive() &&
            PQtransactionStatus(target->raw()) == PQTRANS_ACTIVE)
            sink->abandon();
        end_source(source);
        throw;
    }
}

} // namespace custody::copy
