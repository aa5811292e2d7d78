// The constants that C++ and SQL both state must be the same.
#include "common/protocol.hpp"

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

using namespace custody::protocol;

namespace {

std::string file(const std::string &name) {
    std::ifstream stream(std::string(CUSTODY_SOURCE_DIR) + "/" + name);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

bool has(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST(Protocol, SqlStatesTheSameNumber) {
    EXPECT_TRUE(has(file("sql/migration.sql"), "AS 'SELECT " + std::to_string(kProtocol) + "'"));
}

TEST(Protocol, SqlStatesTheSameLockClass) {
    EXPECT_EQ(kLockClass, 1668641652);
    EXPECT_TRUE(
        has(file("sql/migration_views.sql"), "classid = " + std::to_string(kLockClass) + " AND"));
}

TEST(Protocol, SqlKnowsTheSameReasons) {
    const auto sql = file("sql/migration.sql");
    EXPECT_TRUE(has(sql, "LIKE '" + std::string(kNotCounted) + "%'"));
    EXPECT_TRUE(has(sql, "LIKE '" + std::string(kAhead) + "%'"));
}

// The values that test/sql/migration.sql gets from custody.migration_lock_key().
TEST(Protocol, LockKeysHaveTheirLayout) {
    EXPECT_EQ(lock_key(1, LockKind::run, 0), 67108864);
    EXPECT_EQ(lock_key(1, LockKind::part, 7), 100663303);
    EXPECT_EQ(lock_key(63, LockKind::task, kMaxLockId), -1);
    EXPECT_EQ(lock_key(32, LockKind::table, 1), -2130706431);
}

TEST(Protocol, LockKeysDiffer) {
    std::set<std::int32_t> keys;
    std::size_t made = 0;
    for (std::int64_t migration = 0; migration < kLockMigrations; ++migration)
        for (const auto kind : {LockKind::run, LockKind::table, LockKind::part, LockKind::task})
            for (const std::int32_t id : {0, 1, 255, 65536, kMaxLockId}) {
                keys.insert(lock_key(migration, kind, id));
                ++made;
            }
    EXPECT_EQ(keys.size(), made);
}
