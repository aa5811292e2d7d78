// Both sides of a comparison in memory: rows as texts, in the profile sql and the text form.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "loader/verify/live.hpp"

namespace custody::verify {

using FakeRow = std::vector<std::optional<std::string>>;

inline digest::RowHash hash_of(const FakeRow &values) {
    std::string bytes;
    for (const auto &value : values)
        bytes += value ? "+" + std::to_string(value->size()) + ":" + *value : "-";
    return digest::hash_row(digest::Profile::sql, std::as_bytes(std::span(bytes)));
}

/// A table of the columns id, name and note; `key` of the first columns, 0 = none.
struct FakeTable {
    plan::Table table;
    Subject subject;

    explicit FakeTable(std::size_t key = 1) {
        for (const char *name : {"id", "name", "note"}) {
            plan::Column column;
            column.name = name;
            table.columns.push_back(column);
        }
        for (std::size_t i = 0; i < key; ++i)
            table.key.push_back(table.columns[i].name);
        subject.table = &table;
        subject.profile = digest::Profile::sql;
        subject.form = wire::Form::text;
        subject.buckets = 16;
    }
    FakeTable(const FakeTable &) = delete;
};

class FakeSide : public Side {
  public:
    std::vector<FakeRow> table;
    std::size_t scans = 0, most_wanted = 0, values_read = 0, most_values = 0;

    Way way() const noexcept override { return Way::sql; }

    std::vector<digest::DigestValue> buckets(const Subject &subject) override {
        std::vector<digest::DigestValue> digests(subject.buckets);
        for (auto &digest : digests)
            digest.profile = subject.profile;
        for (std::size_t place = 0; place < table.size(); ++place)
            digests[id_of(subject, place).bucket].add(id_of(subject, place).row_hash);
        return digests;
    }

    void rows(const Subject &subject, std::span<const std::uint32_t> wanted,
              const std::function<void(RowId &&)> &each) override {
        ++scans;
        most_wanted = std::max(most_wanted, wanted.size());
        for (std::size_t place = 0; place < table.size(); ++place) {
            auto id = id_of(subject, place);
            if (std::find(wanted.begin(), wanted.end(), id.bucket) != wanted.end())
                each(std::move(id));
        }
    }

    std::vector<RowValues> values(const Subject &, std::span<const RowId> wanted) override {
        std::vector<RowValues> found;
        for (auto id = wanted.rbegin(); id != wanted.rend(); ++id)
            found.push_back({*id, table.at(id->ctid)});
        values_read += found.size();
        most_values = std::max(most_values, found.size());
        return found;
    }

  private:
    RowId id_of(const Subject &subject, std::size_t place) const {
        const auto &row = table.at(place);
        const auto key = subject.table->key.size();
        RowId id;
        id.relation = 1;
        id.ctid = place;
        id.row_hash = hash_of(row);
        id.key_hash = key == 0
                          ? id.row_hash
                          : hash_of({row.begin(), row.begin() + static_cast<std::ptrdiff_t>(key)});
        id.bucket = digest::bucket_of(subject.profile, id.key_hash, subject.buckets);
        return id;
    }
};

} // namespace custody::verify
