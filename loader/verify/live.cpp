#include "loader/verify/live.hpp"

#include <algorithm>
#include <map>
#include <thread>

#include <fmt/format.h>

#include "common/protocol.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/signals.hpp"
#include "loader/verify/candidates.hpp"
#include "loader/verify/pieces.hpp"

namespace custody::verify {
namespace {

class Settling {
  public:
    Settling(Observer &observer, const Subject &subject, const Live &options)
        : observer_(observer), subject_(subject), options_(options),
          candidates_(!subject.table->key.empty(), options.candidates),
          total_(no_differences(*subject.table)) {}

    TableDifferences run(const std::vector<BucketRows> &buckets) {
        first_look(buckets);
        for (int look = 1; candidates_.any_open() && look <= options_.rechecks; ++look) {
            wait();
            failpoint("recheck.before_look");
            observer_.look_again();
            failpoint("recheck.after_snapshots");
            another_look();
        }
        name(open_, Age::open);
        candidates_.count(total_);
        sort_by_key(total_.rows);
        return std::move(total_);
    }

  private:
    void first_look(const std::vector<BucketRows> &buckets) {
        begin_look();
        find(buckets, {[&](Unlike &&unlike) {
                           candidates_.add(unlike);
                           keep(open_, std::move(unlike));
                       },
                       {}});
        if (options_.rechecks > 0)
            settle_unmoved(true);
    }

    void another_look() {
        begin_look();
        std::vector<Unlike> again;
        std::vector<Unlike> others;
        bool too_many = false;
        const auto meet = [&](Unlike &&unlike) {
            switch (candidates_.meet(unlike)) {
            case Candidates::Met::again:
                keep(again, std::move(unlike));
                break;
            case Candidates::Met::known:
                break;
            case Candidates::Met::other:
                too_many |= others.size() == options_.candidates;
                if (!too_many)
                    others.push_back(std::move(unlike));
                break;
            }
        };
        const auto buckets = open_buckets();
        find(buckets, {meet, [&](const RowId &row) { candidates_.meet_same(row); }});
        name(again, Age::persistent);
        if (too_many) // what is open may be among those that were let go: it stays open
            return;
        std::erase_if(others, [&](Unlike &unlike) {
            const bool replaces = candidates_.replace(unlike);
            if (replaces)
                keep(open_, unlike);
            return replaces;
        });
        if (candidates_.end_look()) {
            find(buckets_but(buckets), {meet, {}});
            for (auto &unlike : others) {
                candidates_.add(unlike);
                keep(open_, std::move(unlike));
            }
        }
        settle_unmoved(false);
    }

    void begin_look() {
        candidates_.begin_look();
        open_.clear();
        total_.looks.push_back(observer_.look());
    }

    void find(const std::vector<BucketRows> &buckets, const Matching &matching) {
        for (const auto &bucket : buckets)
            rows_[bucket.bucket] = bucket.rows;
        total_.rows_shipped += find_differences(observer_.source(), observer_.target(), subject_,
                                                buckets, options_.drill.batch_rows, matching);
    }

    std::vector<BucketRows> open_buckets() const {
        std::vector<BucketRows> buckets;
        for (const auto bucket : candidates_.open_buckets())
            buckets.push_back({bucket, rows_.at(bucket)});
        return buckets;
    }

    /// All that differ now, but for those that were looked at.
    std::vector<BucketRows> buckets_but(const std::vector<BucketRows> &seen) {
        auto buckets = differing_buckets(observer_.source().buckets(subject_),
                                         observer_.target().buckets(subject_));
        std::erase_if(buckets, [&](const auto &bucket) {
            return std::ranges::binary_search(seen, bucket.bucket, {}, &BucketRows::bucket);
        });
        return buckets;
    }

    void keep(std::vector<Unlike> &kept, Unlike unlike) const {
        if (total_.rows.size() + kept.size() < options_.drill.limit)
            kept.push_back(std::move(unlike));
    }

    /// Under the snapshots of the look that found them.
    void name(std::vector<Unlike> &found, Age age) {
        found.resize(
            std::min<std::size_t>(found.size(), options_.drill.limit - total_.rows.size()));
        read_values(observer_.source(), observer_.target(), subject_, found,
                    [&](Difference &&difference) {
                        difference.age = age;
                        if (!options_.drill.whole_values)
                            keep_pieces(difference);
                        total_.rows.push_back(std::move(difference));
                    });
        found.clear();
    }

    void settle_unmoved(bool first) {
        if (!candidates_.any_open() || observer_.moved())
            return;
        candidates_.all_persistent(first);
        name(open_, Age::persistent);
    }

    /// From the snapshots on, not from when they were read: all tables share the first ones, and
    /// the pause with them.
    void wait() {
        using Clock = std::chrono::steady_clock;
        constexpr std::chrono::milliseconds kNap(20);
        const auto until = observer_.taken() + options_.pause;
        while (Clock::now() < until) {
            throw_if_stopped();
            std::this_thread::sleep_for(std::min<Clock::duration>(kNap, until - Clock::now()));
        }
    }

    Observer &observer_;
    const Subject &subject_;
    const Live &options_;
    Candidates candidates_;
    TableDifferences total_;
    std::vector<Unlike> open_; // of this look, to be named if it is the last
    std::map<std::uint32_t, std::uint64_t> rows_;
};

std::string places(const std::vector<Look> &looks) {
    std::string text;
    for (const auto &look : looks)
        text += fmt::format("{}source {}, target {}", text.empty() ? "" : "; ", look.source_lsn,
                            look.target_lsn);
    return text;
}

std::string counts(const TableDifferences &differences) {
    return fmt::format("{} missing on the target, {} extra, {} different", differences.missing,
                       differences.extra, differences.different);
}

} // namespace

TableDifferences compare_live(Observer &observer, const Subject &subject,
                              const std::vector<BucketRows> &buckets, const Live &options) {
    return Settling(observer, subject, options).run(buckets);
}

Conclusion conclude(const TableDifferences &differences) {
    const auto looks = differences.looks.size();
    std::string reason;
    if (differences.total() > 0)
        reason = counts(differences);
    if (differences.unsettled > 0 && looks > 1)
        reason += fmt::format("; {} of them had not settled after {} looks", differences.unsettled,
                              looks);
    if (differences.in_flight > 0)
        reason += fmt::format("{}{} in flight: gone when looked at again",
                              reason.empty() ? "" : "; ", differences.in_flight);
    if (looks > 1)
        reason += fmt::format(" ({})", places(differences.looks));
    if (differences.persistent > 0 || (differences.total() > 0 && looks < 2))
        return {std::string(protocol::verdict::kDifferent), reason};
    if (differences.unsettled > 0)
        return {std::string(protocol::verdict::kUnverified), reason};
    if (differences.in_flight > 0)
        return {std::string(protocol::verdict::kEqual), reason};
    return {std::string(protocol::verdict::kUnverified),
            "the digests of the sides differ, but none of their rows does"};
}

} // namespace custody::verify
