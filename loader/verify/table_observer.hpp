// The Observer of one table: its first look is that of the whole verification, each later one has
// connections of its own, with the table locked (ACCESS SHARE) before the snapshot is taken, so
// that no TRUNCATE comes between. Used by one thread. Throws SqlError.
#pragma once

#include <memory>
#include <string>

#include "loader/copy/snapshot.hpp"
#include "loader/verify/live.hpp"
#include "loader/verify/reading.hpp"

namespace custody::verify {

class TableObserver : public Observer {
  public:
    using MakeSide = std::function<std::unique_ptr<Side>(Which, pq::Connection &)>;

    struct End {
        std::string conninfo;
        copy::SnapshotFacts first; // of the verification's snapshot
        Side *side = nullptr;      // under it; not owned
    };

    /// `taken`: when the verification had its snapshots.
    TableObserver(const Subject &subject, End source, End target,
                  std::chrono::steady_clock::time_point taken, MakeSide make);

    Side &source() override { return side(source_); }
    Side &target() override { return side(target_); }
    Look look() override;
    std::chrono::steady_clock::time_point taken() override { return taken_; }
    bool moved() override;
    void look_again() override;
    bool looked_again() const { return looked_again_; } // or has tried to

  private:
    /// Where a server stands. Equal only when no transaction has ended between the two.
    struct Stand {
        std::string lsn, bounds, at;
        bool same(const Stand &other) const { return lsn == other.lsn && bounds == other.bounds; }
    };
    struct Seat {
        End end;
        Which which;
        Stand stand;
        // After the first look: the connection under the look's snapshot and its side.
        std::unique_ptr<pq::Connection> connection;
        std::unique_ptr<Side> side;
        std::unique_ptr<pq::Connection> watch; // outside of any transaction
    };

    static Side &side(Seat &seat) { return seat.side ? *seat.side : *seat.end.side; }
    static Stand stand_of(pq::Connection &connection);
    static std::unique_ptr<pq::Connection> open(const Seat &seat);
    bool moved(Seat &seat);
    void look_again(Seat &seat);

    const Subject &subject_;
    MakeSide make_;
    std::chrono::steady_clock::time_point taken_;
    Seat source_, target_;
    bool looked_again_ = false;
};

} // namespace custody::verify
