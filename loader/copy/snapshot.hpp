// The one snapshot under which a run reads the source (a verification: each side), and the
// connections that share it.
//
// A holder connection exports the snapshot and keeps ACCESS SHARE on every selected relation to
// the end. Workers join it. When the holder dies, any connection that joined exports the same
// snapshot again and a new holder takes its place; when none is left, the snapshot is lost and
// joining throws "snapshot-lost" (the run stops and can be resumed under a new one).
//
// Thread-safe, but for holder(), which belongs to the thread that took the snapshot until
// watch() is called.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "loader/pq/connection.hpp"

namespace custody::copy {

/// What identifies a snapshot in state rows and reports.
struct SnapshotFacts {
    std::string name;     // as pg_export_snapshot() gave it
    std::string lsn;      // write (or, on a standby, replay) position when it was taken
    std::string bounds;   // xmin:xmax:xip
    std::string taken_at; // the source's clock
};

/// A relation to lock, with its file as the snapshot sees it.
struct Relation {
    std::uint32_t oid = 0;
    std::string qualified; // quoted schema.name
    std::uint32_t filenode = 0;
};

/// A connection for as long as it is used; the holder's transaction is left as it was found.
class Lease {
  public:
    explicit Lease(pq::Connection &own) : connection_(own) {}
    Lease(pq::Connection &holder, std::unique_lock<std::mutex> guard);
    Lease(const Lease &) = delete;
    ~Lease();
    pq::Connection &connection() { return connection_; }

  private:
    pq::Connection &connection_;
    std::unique_lock<std::mutex> guard_;
};

class Snapshot {
  public:
    /// Connects and exports. `side` ("source", "target") is for messages. Throws SqlError.
    Snapshot(std::string conninfo, std::string application_name, std::string side = "source");
    ~Snapshot();
    Snapshot(const Snapshot &) = delete;
    Snapshot &operator=(const Snapshot &) = delete;

    const SnapshotFacts &facts() const { return facts_; }
    pq::Connection &holder() { return *holder_; }

    /// Locks the relations in ACCESS SHARE and returns the names of those that were dropped,
    /// truncated or rewritten since the snapshot was taken: what it would read of them is empty
    /// or wrong.
    std::vector<std::string> lock(const std::vector<Relation> &relations);

    /// Starts the thread that notices the holder's death and replaces it; `renamed` is called on
    /// that thread with the new name and must not throw.
    void watch(std::function<void(const std::string &)> renamed = {});

    /// A pinned connection in a read-only transaction under the snapshot. `joined` is told apart
    /// from others by its address: leave() must be called when it is closed.
    std::unique_ptr<pq::Connection> join();
    void leave();
    /// Counts (1) or no longer counts (-1) a joined connection that nobody works with: it keeps
    /// the snapshot alive, but will not call offer().
    void park(int change);

    /// Called by a worker between two pieces of work with its joined connection: exports the
    /// snapshot again if the holder has died. Throws "snapshot-lost" once it is known to be.
    void offer(pq::Connection &joined);

    /// The connection with which a relation can be read at once: `joined`, or the holder where
    /// somebody waits for an exclusive lock. That one waits for the holder, and whoever comes
    /// later waits for it: without a way around, all would wait for ever. `relations`: as LOCK
    /// TABLE takes them.
    Lease lease(pq::Connection &joined, const std::string &relations);

    /// Whether the locks have been held without a gap, or nothing has changed in one.
    bool held();
    /// Throws "snapshot-lost" when a relation is not what the snapshot saw any more: then rows
    /// may have been read as gone. For the end of the reading, unless held().
    void require_unchanged(pq::Connection &joined) const;
    /// Called with a joined connection that has just read the relation, whose lock it therefore
    /// has: throws "snapshot-lost" when the file is another one than the snapshot's. While there
    /// is no holder nothing else keeps a TRUNCATE away, after which a snapshot reads no row.
    void require_unchanged(pq::Connection &joined, std::uint32_t oid);

    /// True once the holder was replaced at least once; for the report.
    int replacements() const { return replacements_; }

  private:
    std::unique_ptr<pq::Connection> open_joined(const std::string &name);
    std::string valid_name();
    Error lost(const std::string &detail) const;
    Lease borrow_holder();
    void watch_loop();
    void ping_holder();
    void replace_holder(const std::string &name);
    void forget(const std::string &name);
    void lose();

    std::string conninfo_;
    std::string application_name_;
    std::string side_;
    SnapshotFacts facts_;
    std::vector<Relation> relations_; // set by lock(), constant from watch() on
    std::unique_ptr<pq::Connection> holder_;
    std::mutex holder_mutex_; // who uses holder_ once it is watched; taken before mutex_
    std::string holder_name_; // as the holder, alive or dead, exported it
    std::function<void(const std::string &)> renamed_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::string name_;  // importable now; "" while the holder is dead
    bool lost_ = false; // a relation changed while nobody held the locks
    int joined_ = 0;
    int parked_ = 0; // of those
    std::atomic<int> replacements_{0};
    bool stopping_ = false;
    std::thread watcher_;
};

} // namespace custody::copy
