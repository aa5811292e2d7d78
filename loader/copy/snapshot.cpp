#include "loader/copy/snapshot.hpp"

#include <chrono>
#include <map>

#include <fmt/format.h>

#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"
#include "loader/pq/session.hpp"

namespace custody::copy {
namespace {

constexpr auto kHolderPing = std::chrono::milliseconds(500);
constexpr const char *kUnguarded =
    "a relation was truncated or rewritten while no connection held it";
constexpr const char *kBegin = "begin isolation level repeatable read read only";

std::string export_snapshot(pq::Connection &connection) {
    return connection.exec("select pg_catalog.pg_export_snapshot()").str(0, 0);
}

std::string oids_of(const std::vector<Relation> &relations) {
    std::vector<std::string> oids;
    for (const auto &relation : relations)
        oids.push_back(std::to_string(relation.oid));
    return pq::array_literal(oids);
}

std::string names_of(const std::vector<Relation> &relations) {
    std::vector<std::string> names;
    for (const auto &relation : relations)
        names.push_back(relation.qualified);
    return pq::array_literal(names);
}

// Both functions see the present, whatever the snapshot. A table that has taken another's name
// has no file here that could be right: its rows are younger than the snapshot.
std::vector<std::string> changed_relations(pq::Connection &connection,
                                           const std::vector<Relation> &relations) {
    const auto files = connection.query(
        "select u.oid, pg_catalog.pg_relation_filenode(u.oid) "
        "from rows from (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::text[])) "
        "u (oid, name) where pg_catalog.to_regclass(u.name)::oid = u.oid",
        oids_of(relations), names_of(relations));
    std::map<std::uint32_t, std::uint32_t> present;
    for (int row = 0; row < files.rows(); ++row)
        if (!files.is_null(row, 1)) // dropped
            present[files.number<std::uint32_t>(row, 0)] = files.number<std::uint32_t>(row, 1);
    std::vector<std::string> changed;
    for (const auto &relation : relations)
        if (present[relation.oid] != relation.filenode)
            changed.push_back(relation.qualified);
    return changed;
}

/// The columns of each relation, as this connection's snapshot has them.
std::map<std::uint32_t, std::string> columns_of(pq::Connection &connection,
                                                const std::vector<Relation> &relations) {
    const auto rows = connection.query(
        "select attrelid, pg_catalog.string_agg(pg_catalog.concat_ws(' ', attnum, attname, "
        "atttypid, atttypmod, attcollation, attgenerated), ',' order by attnum) "
        "from pg_catalog.pg_attribute where attnum > 0 and not attisdropped "
        "and attrelid = any ($1::oid[]) group by attrelid",
        oids_of(relations));
    std::map<std::uint32_t, std::string> columns;
    for (int row = 0; row < rows.rows(); ++row)
        columns[rows.number<std::uint32_t>(row, 0)] = rows.str(row, 1);
    return columns;
}

// The server says that nobody exports a snapshot of this name any more.
bool is_gone(const pq::SqlError &error) {
    return error.sqlstate() == "22023" || error.sqlstate() == "42704" ||
           error.sqlstate() == "55000";
}

// One statement per batch: a round trip per relation would leave the later ones unlocked longer.
void lock_relations(pq::Connection &connection, const std::vector<Relation> &relations) {
    std::string names;
    for (const auto &relation : relations)
        names += (names.empty() ? "" : ", ") + std::string("only ") + relation.qualified;
    if (!names.empty())
        connection.exec("lock table " + names + " in access share mode");
}

} // namespace

Snapshot::Snapshot(std::string conninfo, std::string application_name, std::string side)
    : conninfo_(std::move(conninfo)), application_name_(std::move(application_name)),
      side_(std::move(side)) {
    holder_ = std::make_unique<pq::Connection>(
        pq::Connection::open(conninfo_, application_name_ + " snapshot", side_));
    pq::pin(*holder_);
    holder_->exec(kBegin);
    name_ = holder_name_ = export_snapshot(*holder_);
    const auto facts = holder_->exec(
        "select case when pg_catalog.pg_is_in_recovery() "
        "then pg_catalog.pg_last_wal_replay_lsn() else pg_catalog.pg_current_wal_lsn() end, "
        "pg_catalog.pg_current_snapshot(), pg_catalog.clock_timestamp()");
    facts_ = {name_, facts.str(0, 0), facts.str(0, 1), facts.str(0, 2)};
}

Error Snapshot::lost(const std::string &detail) const {
    return Error(Exit::partial, "snapshot-lost", fmt::format("the {} snapshot is lost", side_),
                 detail,
                 "run the same command again: it goes on under a new snapshot and checks what "
                 "was copied under the old one");
}

Snapshot::~Snapshot() {
    {
        const std::lock_guard guard(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (watcher_.joinable())
        watcher_.join();
}

std::vector<std::string> Snapshot::lock(const std::vector<Relation> &relations) {
    relations_ = relations;
    try {
        lock_relations(*holder_, relations_);
    } catch (const pq::SqlError &error) {
        if (error.sqlstate() != "42P01" && error.sqlstate() != "3F000")
            throw;
        return {error.what()}; // dropped, or renamed
    }
    auto changed = changed_relations(*holder_, relations_);
    // From now on nobody can alter them, but that does not rewrite and may have happened before.
    auto present = pq::Connection::open(conninfo_, application_name_);
    pq::pin(present);
    auto before = columns_of(*holder_, relations_);
    auto now = columns_of(present, relations_);
    for (const auto &relation : relations_)
        if (before[relation.oid] != now[relation.oid])
            changed.push_back(relation.qualified);
    return changed;
}

void Snapshot::watch(std::function<void(const std::string &)> renamed) {
    renamed_ = std::move(renamed);
    watcher_ = std::thread([this] { watch_loop(); });
}

void Snapshot::watch_loop() {
    std::unique_lock guard(mutex_);
    while (!changed_.wait_for(guard, kHolderPing, [this] { return stopping_; })) {
        const auto name = name_;
        guard.unlock();
        // Not while a worker reads with the holder: it is alive then.
        if (const std::unique_lock use(holder_mutex_, std::try_to_lock); use) {
            if (holder_)
                ping_holder();
            else if (!name.empty())
                replace_holder(name);
        }
        guard.lock();
    }
}

void Snapshot::ping_holder() {
    try {
        holder_->exec("select 1");
    } catch (const Error &error) {
        if (!stop_requested())
            log::warn("the connection that holds the {} snapshot is gone: {}", side_, error.what());
        holder_.reset();
        const std::lock_guard guard(mutex_);
        // A worker may have exported the snapshot anew before the death was seen here.
        if (name_ == holder_name_)
            name_.clear();
        changed_.notify_all();
    }
}

void Snapshot::replace_holder(const std::string &name) {
    try {
        auto candidate = open_joined(name);
        // Whoever holds a lock that conflicts must not keep us from ending.
        candidate->exec("set local lock_timeout = '2s'");
        lock_relations(*candidate, relations_);
        candidate->exec("set local lock_timeout = 0");
        const auto changed = changed_relations(*candidate, relations_);
        const auto exported = export_snapshot(*candidate);
        const std::lock_guard guard(mutex_);
        if (!changed.empty()) {
            lost_ = true;
            log::error("{} was truncated or rewritten while the snapshot had no holder",
                       changed.front());
        } else {
            holder_ = std::move(candidate);
            name_ = holder_name_ = exported;
            ++replacements_;
        }
        changed_.notify_all();
    } catch (const pq::SqlError &error) {
        log::debug("the snapshot has no holder yet: {}", error.what());
        if (is_gone(error))
            forget(name);
        else if (error.sqlstate() == "42P01" || error.sqlstate() == "3F000")
            lose(); // a relation was dropped or renamed
    }
    if (!holder_)
        return;
    log::warn("another connection holds the {} snapshot now: {}", side_, holder_name_);
    if (renamed_)
        renamed_(holder_name_);
}

void Snapshot::forget(const std::string &name) {
    const std::lock_guard guard(mutex_);
    if (name_ == name)
        name_.clear();
    changed_.notify_all();
}

void Snapshot::lose() {
    const std::lock_guard guard(mutex_);
    lost_ = true;
    changed_.notify_all();
}

void Snapshot::require_unchanged(pq::Connection &joined, std::uint32_t oid) {
    for (const auto &relation : relations_) {
        if (relation.oid != oid || changed_relations(joined, {relation}).empty())
            continue;
        lose();
        throw lost(kUnguarded);
    }
}

std::unique_ptr<pq::Connection> Snapshot::open_joined(const std::string &name) {
    auto connection =
        std::make_unique<pq::Connection>(pq::Connection::open(conninfo_, application_name_));
    pq::pin(*connection);
    connection->exec(kBegin);
    connection->exec("set transaction snapshot " + connection->literal(name));
    return connection;
}

std::string Snapshot::valid_name() {
    std::unique_lock guard(mutex_);
    while (name_.empty() && joined_ > parked_ && !lost_) {
        throw_if_stopped();
        changed_.wait_for(guard, kHolderPing);
    }
    if (lost_)
        throw lost(kUnguarded);
    if (name_.empty())
        throw lost("no connection that shares it is left");
    return name_;
}

std::unique_ptr<pq::Connection> Snapshot::join() {
    // The holder may die between the two steps: then the import is refused and the name is
    // asked for again, which waits until somebody has exported anew.
    for (int attempt = 0;; ++attempt) {
        const auto name = valid_name();
        try {
            auto connection = open_joined(name);
            const std::lock_guard guard(mutex_);
            ++joined_;
            return connection;
        } catch (const pq::SqlError &error) {
            if (!is_gone(error) || attempt > 20)
                throw;
            forget(name);
        }
    }
}

Lease::Lease(pq::Connection &holder, std::unique_lock<std::mutex> guard)
    : connection_(holder), guard_(std::move(guard)) {
    connection_.exec("savepoint custody_lease");
}

Lease::~Lease() {
    if (!guard_.owns_lock())
        return;
    try {
        connection_.exec("rollback to savepoint custody_lease; release savepoint custody_lease");
    } catch (const Error &error) {
        log::debug("the connection that holds the snapshot: {}", error.what());
    }
}

Lease Snapshot::lease(pq::Connection &joined, const std::string &relations) {
    try {
        joined.exec("savepoint custody_lock; lock table " + relations +
                    " in access share mode nowait; release savepoint custody_lock");
        return Lease(joined);
    } catch (const pq::SqlError &error) {
        if (error.sqlstate() != "55P03")
            throw;
        joined.exec("rollback to savepoint custody_lock; release savepoint custody_lock");
    }
    log::warn("a session on the {} waits for an exclusive lock on {}: its rows are read by "
              "the connection that holds the locks",
              side_, relations);
    return borrow_holder();
}

Lease Snapshot::borrow_holder() {
    for (;;) {
        throw_if_stopped();
        std::unique_lock use(holder_mutex_);
        if (holder_ && holder_->alive())
            return Lease(*holder_, std::move(use));
        use.unlock();
        valid_name(); // waits for a new holder, or throws
        std::this_thread::sleep_for(kHolderPing);
    }
}

void Snapshot::leave() {
    const std::lock_guard guard(mutex_);
    --joined_;
    changed_.notify_all();
}

void Snapshot::park(int change) {
    const std::lock_guard guard(mutex_);
    parked_ += change;
    changed_.notify_all();
}

void Snapshot::offer(pq::Connection &joined) {
    {
        const std::lock_guard guard(mutex_);
        if (lost_)
            throw lost(kUnguarded);
        if (!name_.empty())
            return;
    }
    const auto name = export_snapshot(joined);
    const std::lock_guard guard(mutex_);
    name_ = name;
    changed_.notify_all();
}

bool Snapshot::held() {
    const std::lock_guard use(holder_mutex_);
    try {
        // A holder that took another's place has seen that nothing had changed until then.
        return holder_ && holder_->exec("select 1").rows() == 1;
    } catch (const pq::SqlError &) {
        return false;
    }
}

void Snapshot::require_unchanged(pq::Connection &joined) const {
    if (!changed_relations(joined, relations_).empty())
        throw lost(kUnguarded);
}

} // namespace custody::copy
