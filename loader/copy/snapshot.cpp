#include "loader/copy/snapshot.hpp"

#include <chrono>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "loader/core/signals.hpp"
#include "loader/pq/session.hpp"

namespace custody::copy {
namespace {

constexpr auto kHolderPing = std::chrono::milliseconds(500);
constexpr const char *kBegin = "begin isolation level repeatable read read only";

Error snapshot_lost(const std::string &detail) {
    return Error(Exit::partial, "snapshot-lost", "the source snapshot is lost", detail,
                 "run the same command again: it goes on under a new snapshot and checks what "
                 "was copied under the old one");
}

std::string export_snapshot(pq::Connection &connection) {
    return connection.exec("select pg_catalog.pg_export_snapshot()").str(0, 0);
}

std::vector<std::string> changed_relations(pq::Connection &connection,
                                           const std::vector<Relation> &relations) {
    std::vector<std::string> changed;
    for (const auto &relation : relations) {
        const auto file = connection.query("select pg_catalog.pg_relation_filenode($1::oid)",
                                           std::to_string(relation.oid));
        if (file.number<std::uint32_t>(0, 0) != relation.filenode)
            changed.push_back(relation.qualified);
    }
    return changed;
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

Snapshot::Snapshot(std::string conninfo, std::string application_name)
    : conninfo_(std::move(conninfo)), application_name_(std::move(application_name)) {
    holder_ = std::make_unique<pq::Connection>(
        pq::Connection::open(conninfo_, application_name_ + " snapshot", "source"));
    pq::pin(*holder_);
    holder_->exec(kBegin);
    name_ = export_snapshot(*holder_);
    const auto facts = holder_->exec(
        "select case when pg_catalog.pg_is_in_recovery() "
        "then pg_catalog.pg_last_wal_replay_lsn() else pg_catalog.pg_current_wal_lsn() end, "
        "pg_catalog.pg_current_snapshot(), pg_catalog.clock_timestamp()");
    facts_ = {name_, facts.str(0, 0), facts.str(0, 1), facts.str(0, 2)};
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
    lock_relations(*holder_, relations_);
    return changed_relations(*holder_, relations_);
}

void Snapshot::watch() {
    watcher_ = std::thread([this] { watch_loop(); });
}

void Snapshot::watch_loop() {
    std::unique_lock guard(mutex_);
    while (!changed_.wait_for(guard, kHolderPing, [this] { return stopping_; })) {
        guard.unlock();
        try {
            if (holder_)
                holder_->exec("select 1");
            else
                replace_holder();
        } catch (const Error &error) {
            if (holder_ && !stop_requested())
                spdlog::warn("the connection that holds the source snapshot is gone: {}",
                             error.what());
            holder_.reset();
            const std::lock_guard dead(mutex_);
            // A name that a worker has exported since stays good as long as that worker lives.
            name_.clear();
        }
        guard.lock();
    }
}

void Snapshot::replace_holder() {
    std::string name;
    {
        const std::lock_guard guard(mutex_);
        name = name_;
    }
    if (name.empty())
        return;
    auto candidate = open_joined(name);
    lock_relations(*candidate, relations_);
    const auto changed = changed_relations(*candidate, relations_);
    const auto exported = export_snapshot(*candidate);
    const std::lock_guard guard(mutex_);
    if (!changed.empty()) {
        lost_ = true;
        spdlog::error("{} was truncated or rewritten while the snapshot had no holder",
                      changed.front());
    } else {
        holder_ = std::move(candidate);
        name_ = exported;
        ++replacements_;
        spdlog::warn("another connection holds the source snapshot now");
    }
    changed_.notify_all();
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
    while (name_.empty() && joined_ > 0 && !lost_) {
        throw_if_stopped();
        changed_.wait_for(guard, kHolderPing);
    }
    if (lost_)
        throw snapshot_lost("a relation was truncated or rewritten while no connection held it");
    if (name_.empty())
        throw snapshot_lost("no connection that shares it is left");
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
            const bool invalid = error.sqlstate() == "22023" || error.sqlstate() == "42704" ||
                                 error.sqlstate() == "55000";
            if (!invalid || attempt > 20)
                throw;
            const std::lock_guard guard(mutex_);
            if (name_ == name)
                name_.clear();
        }
    }
}

void Snapshot::leave() {
    const std::lock_guard guard(mutex_);
    --joined_;
    changed_.notify_all();
}

void Snapshot::offer(pq::Connection &joined) {
    {
        const std::lock_guard guard(mutex_);
        if (!name_.empty() || lost_)
            return;
    }
    const auto name = export_snapshot(joined);
    const std::lock_guard guard(mutex_);
    name_ = name;
    changed_.notify_all();
}

} // namespace custody::copy
