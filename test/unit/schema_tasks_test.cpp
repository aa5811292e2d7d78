// From entries of a dump to tasks: steps, the closure of a selection, comparison, dependencies.
#include <gtest/gtest.h>

#include <algorithm>

#include "loader/cli/options.hpp"
#include "loader/schema/closure.hpp"
#include "loader/schema/compare.hpp"
#include "loader/schema/steps.hpp"
#include "loader/schema/tasks.hpp"

namespace custody::schema {
namespace {

constexpr std::uint32_t kClass = 1259, kConstraint = 2606;

/// Two tables, b referencing a, each with a primary key, one index, a view over a, a comment.
class SchemaTasks : public ::testing::Test {
  protected:
    SchemaTasks() {
        add(1, "SCHEMA", "", "app", 2615, 50, {});
        add(2, "TABLE", "app", "a", kClass, 100, {1});
        add(3, "TABLE", "app", "b", kClass, 200, {1});
        add(4, "VIEW", "app", "v", kClass, 300, {1, 2});
        add(5, "COMMENT", "app", "TABLE a", 0, 0, {2});
        add(6, "CONSTRAINT", "app", "a a_pkey", kConstraint, 101, {2});
        add(7, "CONSTRAINT", "app", "b b_pkey", kConstraint, 201, {3});
        add(8, "INDEX", "app", "b_x", kClass, 202, {3});
        add(9, "FK CONSTRAINT", "app", "b b_a_fkey", kConstraint, 203, {3, 2, 6});
        add(10, "ROW SECURITY", "app", "a", 0, 100, {2});
        add(11, "SUBSCRIPTION", "", "sub", 6100, 400, {});
        add(12, "EXTENSION", "", "custody", 3079, 500, {});
        add(13, "ENCODING", "", "ENCODING", 0, 0, {});
        add(14, "ACL", "custody", "FUNCTION f()", 0, 0, {12});
        add(15, "ACL", "custody", "TABLE t", 0, 0, {12});
        facts_.relations[100] = {{"app", "a", {}}, 'r', 0};
        facts_.relations[200] = {{"app", "b", {}}, 'r', 0};
        facts_.relations[300] = {{"app", "v", {}}, 'v', 0};
        facts_.constraints[101] = key("app.a", "a_pkey", 100);
        facts_.constraints[201] = key("app.b", "b_pkey", 200);
        auto &foreign = facts_.constraints[203];
        foreign = key("app.b", "b_a_fkey", 200);
        foreign.type = 'f';
        foreign.definition = "FOREIGN KEY (x) REFERENCES app.a(id)";
        foreign.referenced = 100;
        facts_.hosts = {{{kConstraint, 101}, 100},
                        {{kConstraint, 201}, 200},
                        {{kConstraint, 203}, 200},
                        {{kClass, 202}, 200}};
    }

    static Constraint key(const std::string &table, const std::string &name, std::uint32_t oid) {
        Constraint made;
        made.type = 'p';
        made.table = oid;
        made.table_name = table;
        made.name = name;
        made.index_definition = "CREATE UNIQUE INDEX " + name + " ON " + table + " (id)";
        made.index_schema = "app";
        made.index_name = name;
        made.plain_index = true;
        return made;
    }

    void add(int id, const char *desc, const char *schema, const char *tag, std::uint32_t catalog,
             std::uint32_t oid, std::vector<int> depends) {
        Entry entry;
        entry.dump_id = id;
        entry.desc = desc;
        entry.schema = schema;
        entry.tag = tag;
        entry.class_oid = catalog;
        entry.oid = oid;
        entry.depends = std::move(depends);
        entry.section = kPreData;
        entry.definition = entry.sql = std::string("make ") + tag;
        entries_.push_back(std::move(entry));
    }

    Closure closed(const cli::Options &options) const {
        const plan::Selection selection(options);
        return close(entries_, facts_,
                     {selection, options.schemas.empty() && options.tables.empty(), true});
    }

    std::vector<std::string> kept(const cli::Options &options) const {
        const auto closure = closed(options);
        std::vector<std::string> tags;
        for (std::size_t i = 0; i < entries_.size(); ++i)
            if (closure.kept[i])
                tags.push_back(entries_[i].tag);
        return tags;
    }

    std::vector<state::TaskRow> tasks(const std::vector<Presence> &presence = {}) const {
        const auto closure = closed({});
        const auto absent = std::vector<Presence>(entries_.size(), Presence::absent);
        return make_tasks(
            {entries_, facts_, closure.kept, presence.empty() ? absent : presence, {{200, 7}}});
    }

    static const state::TaskRow &find(const std::vector<state::TaskRow> &tasks,
                                      const std::string &phase, const std::string &name) {
        const auto found = std::find_if(tasks.begin(), tasks.end(), [&](const auto &task) {
            return task.phase == phase && task.object_name == name;
        });
        if (found == tasks.end())
            throw std::runtime_error("no task " + phase + " " + name);
        return *found;
    }

    std::vector<Entry> entries_;
    Facts facts_;
};

using Tags = std::vector<std::string>;

TEST_F(SchemaTasks, EverythingButOwnAndSubscriptions) {
    EXPECT_EQ(kept({}), (Tags{"app", "a", "b", "v", "TABLE a", "a a_pkey", "b b_pkey", "b_x",
                              "b b_a_fkey", "a"}));
    const auto told = closed({}).not_moved;
    ASSERT_EQ(told.size(), 3U);
    EXPECT_TRUE(told[0].starts_with("subscription sub: "));
    EXPECT_TRUE(told[1].starts_with("extension custody: "));
    EXPECT_TRUE(told[2].starts_with("privileges on 2 objects of custody: "));
}

TEST_F(SchemaTasks, AKeyToATableOutsideIsLeftOutAndTold) {
    cli::Options options;
    options.tables = {"app.b"};
    EXPECT_EQ(kept(options), (Tags{"app", "b", "b b_pkey", "b_x"}));
    const auto told = closed(options).not_moved;
    EXPECT_NE(std::find_if(told.begin(), told.end(),
                           [](const auto &line) {
                               return line.starts_with("fk constraint app.b b_a_fkey: ");
                           }),
              told.end());
}

TEST_F(SchemaTasks, AViewBringsItsTableWithoutRows) {
    cli::Options options;
    options.tables = {"app.v", "app.b"};
    const auto closure = closed(options);
    EXPECT_EQ(closure.without_rows, (Tags{"app.a"}));
    EXPECT_EQ(kept(options),
              (Tags{"app", "a", "b", "v", "TABLE a", "a a_pkey", "b b_pkey", "b_x", "a"}))
        << "the key must not be checked against rows that are not moved";
}

TEST_F(SchemaTasks, APrimaryKeyIsAnIndexAndAConstraintUsingIt) {
    const auto made = tasks();
    const auto &index = find(made, "index", "b_pkey");
    const auto &constraint = find(made, "constraint", "b b_pkey");
    EXPECT_EQ(index.sql, "CREATE UNIQUE INDEX b_pkey ON app.b (id);");
    EXPECT_EQ(index.table_id, 7);
    EXPECT_TRUE(index.needs_rows);
    EXPECT_EQ(constraint.sql, "ALTER TABLE ONLY app.b\n    ADD CONSTRAINT b_pkey PRIMARY KEY "
                              "USING INDEX b_pkey;");
    EXPECT_NE(std::find(constraint.depends.begin(), constraint.depends.end(), index.id),
              constraint.depends.end());
    EXPECT_FALSE(find(made, "index", "a_pkey").needs_rows) << "a is not in the plan";
}

TEST_F(SchemaTasks, ClusteredKeysKeepTheTextOfTheDump) {
    facts_.constraints[201].plain_index = false;
    const auto made = tasks();
    EXPECT_EQ(find(made, "constraint", "b b_pkey").sql, "make b b_pkey");
    EXPECT_THROW(find(made, "index", "b_pkey"), std::runtime_error);
}

TEST_F(SchemaTasks, DeferrableKeysStayDeferrable) {
    facts_.constraints[201].deferrable = facts_.constraints[201].deferred = true;
    EXPECT_TRUE(
        find(tasks(), "constraint", "b b_pkey").sql.ends_with(" DEFERRABLE INITIALLY DEFERRED;"));
}

TEST_F(SchemaTasks, AForeignKeyIsMadeThenValidated) {
    const auto made = tasks();
    const auto &key = find(made, "foreign_key", "b b_a_fkey");
    const auto &check = find(made, "validate", "b b_a_fkey");
    EXPECT_EQ(key.sql, "ALTER TABLE ONLY app.b\n    ADD CONSTRAINT b_a_fkey FOREIGN KEY (x) "
                       "REFERENCES app.a(id) NOT VALID;");
    EXPECT_EQ(check.kind, "validate");
    EXPECT_EQ(check.depends, (std::vector<int>{key.id}));
}

TEST_F(SchemaTasks, AForeignKeyThatWasNotValidStaysSo) {
    facts_.constraints[203].validated = false;
    const auto made = tasks();
    EXPECT_EQ(find(made, "foreign_key", "b b_a_fkey").sql, "make b b_a_fkey");
    EXPECT_THROW(find(made, "validate", "b b_a_fkey"), std::runtime_error);
}

TEST_F(SchemaTasks, AForeignKeyOfAPartitionedTableFollowsItsLeaves) {
    facts_.constraints[203].table_kind = 'p';
    auto leaf = facts_.constraints[203];
    leaf.table = 210;
    leaf.table_kind = 'r';
    leaf.table_name = "app.b1";
    leaf.parent = 203;
    facts_.constraints[213] = leaf;
    facts_.relations[210] = {{"app", "b1", {{"app", "b"}}}, 'r', 0};
    const auto made = tasks();
    const auto &check = find(made, "validate", "b1 b_a_fkey");
    const auto &whole = find(made, "validate", "b b_a_fkey");
    EXPECT_EQ(whole.sql, "make b b_a_fkey");
    EXPECT_EQ(whole.kind, "foreign_key");
    EXPECT_NE(std::find(whole.depends.begin(), whole.depends.end(), check.id), whole.depends.end());
}

TEST_F(SchemaTasks, IdsArePositionsAndDependenciesAreEarlier) {
    const auto made = tasks();
    for (std::size_t i = 0; i < made.size(); ++i) {
        EXPECT_EQ(made[i].id, static_cast<int>(i) + 1);
        EXPECT_EQ(made[i].position, made[i].id);
        for (const int need : made[i].depends)
            EXPECT_LT(need, made[i].id);
    }
    EXPECT_EQ(made.back().kind, "row_security");
}

TEST_F(SchemaTasks, NothingComesBeforeWhatItNeeds) {
    entries_[3].section = kPostData; // a view that waits for a primary key ...
    entries_[3].desc = "TRIGGER";    // ... stands here for an entry of a later phase
    add(14, "INDEX", "app", "v_x", kClass, 302, {4});
    facts_.hosts[{kClass, 302}] = 100;
    facts_.hosts[{kClass, 300}] = 100;
    EXPECT_EQ(find(tasks(), "post", "v_x").kind, "index");
}

TEST_F(SchemaTasks, WhatExistsTheSameHasNothingToRun) {
    std::vector<Presence> presence(entries_.size(), Presence::absent);
    presence[1] = Presence::same;
    const auto made = tasks(presence);
    EXPECT_EQ(find(made, "pre_data", "a").sql, "");
    EXPECT_EQ(find(made, "pre_data", "b").sql, "make b");
}

TEST_F(SchemaTasks, ComparisonTellsSameFromDifferent) {
    auto there = entries_;
    there[2].definition = "something else";
    there[3].desc = "TABLE"; // of the view's name
    there[4].definition = "another comment";
    std::vector<bool> all(entries_.size(), true);
    const auto compared = compare(entries_, all, there, true);
    EXPECT_EQ(compared.presence[1], Presence::same);
    EXPECT_EQ(compared.presence[2], Presence::different);
    EXPECT_EQ(compared.presence[3], Presence::different);
    EXPECT_EQ(compared.presence[4], Presence::absent) << "a comment is set anew";
    ASSERT_EQ(compared.findings.size(), 2U);
    EXPECT_EQ(compared.findings[0].code, "object-differs");
    EXPECT_EQ(compared.findings[0].severity, plan::Severity::blocking);
    all[2] = all[3] = false;
    EXPECT_TRUE(compare(entries_, all, there, true).findings.empty());
}

TEST_F(SchemaTasks, LargeObjectsShareTasks) {
    entries_.clear();
    for (int i = 1; i <= 501; ++i)
        add(i, "BLOB", "", std::to_string(1000 + i).c_str(), 2613, 1000U + static_cast<unsigned>(i),
            {});
    const auto made = tasks();
    ASSERT_EQ(made.size(), 2U);
    EXPECT_EQ(made[0].object_name, "1001 to 1500");
    EXPECT_EQ(made[1].object_name, "1501");
}

TEST(SchemaSteps, UnknownKindsGoByTheirSection) {
    Entry entry;
    entry.desc = "HOLOGRAM";
    entry.section = kPreData;
    EXPECT_EQ(step_of(entry).phase, Phase::pre_data);
    entry.section = kPostData;
    EXPECT_EQ(step_of(entry).phase, Phase::post);
    entry.section = 3;
    EXPECT_EQ(step_of(entry).place, Place::left_out);
}

} // namespace
} // namespace custody::schema
