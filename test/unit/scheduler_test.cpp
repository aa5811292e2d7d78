#include "loader/run/scheduler.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

#include <gtest/gtest.h>

#include "loader/run/worker.hpp"

namespace custody::run {
namespace {

/// Runs jobs that note their names; none of them touches a connection.
class SchedulerTest : public testing::Test {
  protected:
    Job job(std::string name, std::vector<JobId> after = {}, double weight = 0) {
        return {name, JobClass::copy, weight, std::move(after), [this, name](Worker &) {
                    const std::lock_guard guard(mutex_);
                    ran_.push_back(name);
                }};
    }
    Job failing(std::string name, std::vector<JobId> after = {}, Exit exit = Exit::partial,
                std::string code = "broken") {
        return {name, JobClass::copy, 0, std::move(after),
                [exit, code](Worker &) { throw Error(exit, code, "no good", "seen", "mend it"); }};
    }
    Scheduler::Outcome run(Scheduler &scheduler, int threads) {
        std::vector<Worker> workers;
        for (int i = 0; i < threads; ++i)
            workers.emplace_back("", "", nullptr, std::chrono::seconds(1));
        return scheduler.run(workers);
    }
    std::ptrdiff_t place(const std::string &name) const {
        return std::find(ran_.begin(), ran_.end(), name) - ran_.begin();
    }
    bool ran(const std::string &name) const {
        return place(name) < static_cast<std::ptrdiff_t>(ran_.size());
    }

    std::mutex mutex_;
    std::vector<std::string> ran_;
};

TEST_F(SchedulerTest, RunsInOrderOfDependenciesThenOfWeight) {
    Scheduler scheduler(1, 1);
    const auto light = scheduler.add(job("light", {}, 1));
    scheduler.add(job("heavy", {}, 3));
    scheduler.add(job("after light", {light}, 9));
    EXPECT_TRUE(run(scheduler, 1).complete());
    EXPECT_EQ(ran_, (std::vector<std::string>{"heavy", "light", "after light"}));
}

TEST_F(SchedulerTest, AFailureBlocksWhatDependsOnItAndNothingElse) {
    Scheduler scheduler(2, 2);
    const auto broken = scheduler.add(failing("broken"));
    const auto child = scheduler.add(job("child", {broken}));
    scheduler.add(job("grandchild", {child}));
    scheduler.add(job("other"));
    const auto outcome = run(scheduler, 2);
    ASSERT_EQ(outcome.failures.size(), 1U);
    EXPECT_EQ(outcome.failures[0].job, "broken");
    EXPECT_EQ(outcome.failures[0].code, "broken");
    EXPECT_EQ(outcome.failures[0].detail, "seen");
    EXPECT_EQ(outcome.failures[0].hint, "mend it");
    EXPECT_EQ(outcome.blocked, (std::vector<std::string>{"child", "grandchild"}));
    EXPECT_EQ(ran_, std::vector<std::string>{"other"});
}

TEST_F(SchedulerTest, ABarrierWaitsForAllHoweverTheyEnd) {
    Scheduler scheduler(2, 2);
    const auto broken = scheduler.add(failing("broken"));
    const auto blocked = scheduler.add(job("blocked", {broken}));
    const auto good = scheduler.add(job("good"));
    auto barrier = job("barrier", {broken, blocked, good});
    barrier.regardless = true;
    const auto wall = scheduler.add(std::move(barrier));
    scheduler.add(job("behind", {wall}));
    const auto outcome = run(scheduler, 2);
    EXPECT_EQ(outcome.blocked, std::vector<std::string>{"blocked"});
    EXPECT_TRUE(ran("behind"));
    EXPECT_LT(place("good"), place("barrier"));
    EXPECT_LT(place("barrier"), place("behind"));
}

TEST_F(SchedulerTest, AFatalFailureEndsAll) {
    Scheduler scheduler(1, 1);
    scheduler.add(failing("lost", {}, Exit::partial, "snapshot-lost"));
    scheduler.add(job("never", {}, -1));
    const auto outcome = run(scheduler, 1);
    EXPECT_TRUE(is_fatal(outcome.failures.at(0)));
    EXPECT_EQ(outcome.blocked, std::vector<std::string>{"never"});
    EXPECT_TRUE(ran_.empty());
}

TEST_F(SchedulerTest, LimitsEachClassApart) {
    Scheduler scheduler(4, 1);
    std::atomic<int> building{0};
    std::atomic<int> most{0};
    for (int i = 0; i < 20; ++i)
        scheduler.add({"build", JobClass::build, 0, {}, [&](Worker &) {
                           most = std::max<int>(most, ++building);
                           std::this_thread::yield();
                           --building;
                       }});
    EXPECT_TRUE(run(scheduler, 4).complete());
    EXPECT_EQ(most, 1);
}

TEST_F(SchedulerTest, AnExceptionThatIsNoErrorIsAFailureToo) {
    Scheduler scheduler(1, 1);
    scheduler.add(
        {"odd", JobClass::copy, 0, {}, [](Worker &) { throw std::runtime_error("odd"); }});
    EXPECT_EQ(run(scheduler, 1).failures.at(0).code, "internal-error");
}

} // namespace
} // namespace custody::run
