// Runs pg_dump and pg_restore. Nothing is written to disk and no password is ever an argument:
// the child gets it in its environment, everything else from the connection we have.
#pragma once

#include <string>
#include <vector>

#include "loader/pq/connection.hpp"
#include "loader/schema/entry.hpp"
#include "loader/schema/schema.hpp"

namespace custody::schema {

struct Programs {
    std::string dump, restore; // paths
    int major = 0;
    std::string version; // "15.20"
};

/// The programs of the lowest major version that can dump both servers, or at least the source:
/// from CUSTODY_PG_BIN (a directory) alone when it is set, else from the places where packages
/// put them and from PATH. Throws Error pg-dump-missing or pg-dump-too-old.
Programs find_programs(int source_version, int target_version, const Stop &stop);

struct DumpOptions {
    std::string snapshot;                     // "" = one of its own
    std::vector<std::string> exclude_schemas; // quoted names
    std::vector<std::string> exclude_tables;  // quoted, with their schemas
    bool quote_all_identifiers = false;
    bool no_owner = false; // leave ALTER ... OWNER TO out of the text
};

/// Every entry of the schema of the connection's database, with its text, in the dump's order.
std::vector<Entry> dump_entries(const Programs &programs, const pq::Connection &connection,
                                const DumpOptions &options, const Stop &stop);

} // namespace custody::schema
