// The file in which a verification keeps the tables that it has finished.
//
// One line of JSON each: first who was compared and how, then the tables, appended and flushed to
// the disk one by one, and last that all were looked at: then the next run begins anew. A kill
// leaves at most a last line without an end, which the next run cuts off. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "loader/cli/options.hpp"
#include "loader/verify/comparison.hpp"
#include "loader/verify/scope.hpp"

namespace custody::verify {

class Checkpoint {
  public:
    /// Reads the file, or begins it; "" = none is kept. Throws Error: "checkpoint-of-other"
    /// (refused) when it belongs to other databases or options, "checkpoint-in-use" (refused),
    /// "checkpoint-unusable" (usage) when it cannot be read or written.
    Checkpoint(const std::string &path, const cli::Options &options, const Scope &scope);
    ~Checkpoint();
    Checkpoint(const Checkpoint &) = delete;
    Checkpoint &operator=(const Checkpoint &) = delete;

    /// The comparison of a table that an earlier run has finished, if the table is still planned
    /// as it was then.
    std::optional<Comparison> find(const Item &item) const;
    /// Equal tables are kept; any other one is to be looked at again.
    /// A failure to write is a warning: the comparison itself holds.
    void add(const Item &item, const Comparison &comparison);
    /// All tables were looked at: what is in the file is of no use to another run, for which rows
    /// may be others.
    void end();

  private:
    void begin(const std::string &header);
    void read(const std::string &header);
    bool append(const std::string &line);
    void keep(const std::string &line);

    std::string path_;
    int file_ = -1;
    std::map<std::string, Comparison> finished_; // by what identifies the table and its plan
    std::mutex mutex_;
};

} // namespace custody::verify
