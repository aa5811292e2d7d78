// A report made by hand, with every kind of entry and the most hostile names, for the golden tests.
#pragma once

#include "loader/report/report.hpp"

namespace custody::report {

inline Table sample_table(int id, const std::string &name, std::int64_t rows, Timing copy) {
    Table table;
    table.id = id;
    table.source = table.target = name;
    table.state = "verified";
    table.verdict = "equal";
    table.source_rows = table.target_rows = table.source_count = rows;
    table.foreign_rows = table.generated_wrong = table.lossy_rows = 0;
    table.source_digest = table.target_digest =
        "0af3c1d2e4b596870123456789abcde" + std::to_string(id % 10);
    table.form = "binary";
    table.profile = "fast";
    table.encoding_version = 1;
    table.method = "whole";
    table.parts = 1;
    table.bytes = rows * 217;
    table.columns = {"id", "name"};
    table.key = {"id"};
    table.snapshot = 1;
    table.verified_at = "2026-11-20 03:32:40+00";
    table.copy = copy;
    return table;
}

inline Task sample_task(int id, const std::string &kind, const std::string &type,
                        const std::string &object, Timing timing) {
    Task task;
    task.id = id;
    task.kind = kind;
    task.phase = kind;
    task.object_type = type;
    task.object = object;
    task.state = "done";
    task.timing = timing;
    return task;
}

inline Report sample_head() {
    Report report;
    report.id = 7;
    report.name = "default";
    report.state = "done";
    report.created_at = "2026-11-20 03:31:02+00";
    report.finished_at = "2026-11-20 03:33:07+00";
    report.generated_at = "2026-11-20 03:33:08+00";
    report.duration = 125.4;
    report.loader_version = report.extension_version = "0.1.0";
    report.protocol = 1;
    report.source = {"db.example.com:5432/crm", "7234567890123456789/crm", 140011, "UTF8",
                     "crm_reader"};
    report.target = {"new.example.com:5432/crm", "7345678901234567890/crm", 150004, "UTF8",
                     "postgres"};
    report.runs = {{"loader-1", "0.1.0", 4, "2026-11-20 03:31:02+00", "2026-11-20 03:33:07+00", 0}};
    report.snapshots = {{1, "00000003-0000001B-1", "7234567890123456789", "0/1A2B3C40",
                         "735:735:", "2026-11-20 03:31:03+00", "2026-11-20 03:31:03+00", ""}};
    report.source_moved = {true, "0/1A9F0018", "2026-11-20 03:33:06+00"};
    return report;
}

/// Everything equal.
inline Report sample_report() {
    Report report = sample_head();
    const char *names[] = {"app.calls",
                           "app.documents",
                           "app.messages_2024_01",
                           "app.messages_2024_02",
                           "app.messages_2024_03",
                           "app.organizations",
                           "app.recordings",
                           "app.users"};
    const std::int64_t rows[] = {120345, 40000, 310222, 298410, 301877, 250, 88012, 12500};
    const Timing times[] = {{4, 16}, {16.2, 25}, {4, 38},  {4, 36},
                            {4, 41}, {38, 38.2}, {25, 37}, {36, 38}};
    for (int i = 0; i < 8; ++i) {
        report.tables.push_back(sample_table(i + 1, names[i], rows[i], times[i]));
        report.spans.push_back({"copy", names[i], times[i]});
        report.spans.push_back({"verify", names[i], {times[i].end, times[i].end + 1 + 0.06 * i}});
        report.spans.push_back({"index",
                                std::string(names[i]) + "_pkey",
                                {times[i].end + 2, times[i].end + 4 + 3.0 * (i % 4)}});
        report.tasks.push_back(sample_task(i + 1, "index", "index", std::string(names[i]) + "_pkey",
                                           {times[i].end + 2, times[i].end + 4 + 3.0 * (i % 4)}));
        report.spans.push_back(
            {"foreign_key", std::string(names[i]) + "_org_fkey", {70 + 5.0 * i, 74 + 5.5 * i}});
    }
    report.tables[2].parts = 3;
    report.tables[2].method = "ctid";
    Task benign = sample_task(20, "schema", "SCHEMA", "public", {1, 1.1});
    benign.state = "benign";
    benign.sqlstate = "42P06";
    benign.message = "schema \"public\" already exists";
    report.tasks.push_back(benign);
    Task sequence = sample_task(21, "sequence", "sequence", "app.users_id_seq", {110, 110.1});
    sequence.needs_verdict = true;
    sequence.verdict = "equal";
    sequence.source_value = sequence.target_value = "12500,t";
    report.tasks.push_back(sequence);
    report.phases = {{"preflight", {0, 1}},
                     {"schema", {1, 4}},
                     {"rows and indexes", {4, 68}},
                     {"foreign keys", {70, 113}},
                     {"everything else", {113, 125}}};
    report.spans.push_back({"schema", "SCHEMA app", {1, 4}});
    report.spans.push_back({"vacuum", "app.messages_2024_01", {113, 120}});
    report.not_moved = {"replication slot old_standby: belongs to the server",
                        "foreign table app.legacy: its rows live elsewhere"};
    report.findings = {{"collation-version", plan::Severity::warning, "de_DE",
                        "glibc 2.31 on the source, 2.36 on the target",
                        "indexes on text are built anew on the target; nothing to do"}};
    return report;
}

/// Nothing of this may reach a terminal or a browser as anything but text.
inline const char *const kHostile = "evil.<script>alert(\"1\")</script>'&\n\x1b[31m\u202e";

/// One of everything that can go wrong.
inline Report hostile_report() {
    Report report = sample_head();
    report.name = kHostile;
    report.state = "unverified";
    report.source.description = std::string("h:1/") + kHostile;
    Table different = sample_table(1, kHostile, 10, {1, 2});
    different.target = "other.\"name\"";
    different.target_digest = "ffffffffffffffffffffffffffffffff";
    different.target_rows = 9;
    different.verdict = "different";
    different.reason = std::string("1 row is missing\n") + kHostile;
    different.row_filter = "name <> '</code><img src=x onerror=alert(1)>'";
    different.foreign_rows = 2;
    report.tables.push_back(different);
    Table uncounted = sample_table(2, "public.plain", 0, {2, 2.5});
    uncounted.source_count.reset();
    uncounted.reason = "not counted: turned off by the user";
    report.tables.push_back(uncounted);
    Table waiting = sample_table(3, "public.waiting", 0, {});
    waiting.state = "pending";
    waiting.verdict = "unverified";
    waiting.reason = "not copied yet";
    waiting.source_rows.reset();
    waiting.target_rows.reset();
    waiting.source_digest.clear();
    waiting.target_digest.clear();
    report.tables.push_back(waiting);
    Task failed = sample_task(5, "foreign_key", "FK CONSTRAINT", kHostile, {3, 4});
    failed.state = "failed";
    failed.sqlstate = "23503";
    failed.message = kHostile;
    failed.detail = kHostile;
    failed.hint = kHostile;
    report.tasks.push_back(failed);
    report.not_moved = {kHostile};
    report.findings = {{kHostile, plan::Severity::blocking, kHostile, kHostile, kHostile}};
    report.phases = {{kHostile, {0, 5}}};
    report.spans = {{kHostile, kHostile, {1, 2}}, {"copy", kHostile, {2, 3}}};
    report.log = {{"2026-11-20 03:31:02+00", "warning", kHostile, kHostile}};
    report.runs = {{kHostile, kHostile, 4, "", "", -1}};
    return report;
}

} // namespace custody::report
