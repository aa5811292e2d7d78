#include "loader/verify/table_observer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "loader/pq/session.hpp"

namespace custody::verify {

TableObserver::TableObserver(const Subject &subject, End source, End target,
                             std::chrono::steady_clock::time_point taken, MakeSide make)
    : subject_(subject), make_(std::move(make)),
      taken_(taken), source_{std::move(source), Which::source, {}, {}, {}, {}},
      target_{std::move(target), Which::target, {}, {}, {}, {}} {
    for (Seat *seat : {&source_, &target_})
        seat->stand = {seat->end.first.lsn, seat->end.first.bounds, seat->end.first.taken_at};
}

Look TableObserver::look() { return {source_.stand.lsn, target_.stand.lsn, source_.stand.at}; }

bool TableObserver::moved() { return moved(source_) || moved(target_); }

void TableObserver::look_again() {
    looked_again_ = true;
    look_again(source_);
    look_again(target_);
    taken_ = std::chrono::steady_clock::now();
}

TableObserver::Stand TableObserver::stand_of(pq::Connection &connection) {
    const auto now = connection.exec(
        "select case when pg_catalog.pg_is_in_recovery() "
        "then pg_catalog.pg_last_wal_replay_lsn() else pg_catalog.pg_current_wal_lsn() end, "
        "pg_catalog.pg_current_snapshot(), pg_catalog.clock_timestamp()");
    return {now.str(0, 0), now.str(0, 1), now.str(0, 2)};
}

std::unique_ptr<pq::Connection> TableObserver::open(const Seat &seat) {
    auto connection = std::make_unique<pq::Connection>(pq::Connection::open(
        seat.end.conninfo, "custody verify", seat.which == Which::source ? "source" : "target"));
    pq::pin(*connection);
    return connection;
}

bool TableObserver::moved(Seat &seat) {
    if (!seat.watch || !seat.watch->alive())
        seat.watch = open(seat);
    return !stand_of(*seat.watch).same(seat.stand);
}

void TableObserver::look_again(Seat &seat) {
    seat.side.reset();
    seat.connection.reset();
    auto fresh = open(seat);
    // Who waits for an exclusive lock waits for the verification, which must not wait for it.
    fresh->exec("set lock_timeout = '10s'");
    fresh->exec("begin isolation level repeatable read read only");
    fresh->exec(fmt::format("lock table {} in access share mode",
                            fmt::join(reading_of(subject_, seat.which).from, ", ")));
    seat.stand = stand_of(*fresh);
    seat.connection = std::move(fresh);
    seat.side = make_(seat.which, *seat.connection);
}

} // namespace custody::verify
