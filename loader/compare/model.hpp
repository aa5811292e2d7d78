// The objects of one database as `custody compare` sees them, and what differs between two. Plain
// values, the same for every class of object; what a class consists of is told by queries.hpp.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace custody::compare {

/// Where an object lives, by its plain names. What has no schema belongs to the whole database.
struct Name {
    std::string schema;
    std::string relation; // table, view or sequence; also of what belongs to one
    std::string name;     // within the relation, the schema or the database
    std::string suffix;   // argument types and the like, with every identifier quoted
    auto operator<=>(const Name &) const = default;
};

/// Nothing: the object has no such thing (no default, no comment, no grant to that role).
using Value = std::optional<std::string>;

struct Object {
    Name name;
    std::map<std::string, Value> properties; // by name, as reports and ignore patterns show it
    std::map<std::string, Value> facts;      // not compared: what normalising needs to know
};

/// Objects by class ("table", "column", ...) and name.
using Objects = std::map<std::string, std::map<Name, Object>>;

struct Unread {
    std::string kind;
    std::string side; // source, target
    std::string reason;
    auto operator<=>(const Unread &) const = default;
};

/// One side, as far as the role may look.
struct Catalog {
    int version = 0; // server_version_num
    std::string description;
    std::string user;
    Objects objects;
    std::vector<Unread> unread;
    std::set<std::string> failed; // classes of which nothing could be read
    std::vector<std::string> notes;
    /// Partitioned tables above a partition, nearest first, as (schema, name).
    std::map<std::pair<std::string, std::string>, std::vector<std::pair<std::string, std::string>>>
        ancestors;
};

enum class Change { missing, extra, different };

struct PropertyDifference {
    std::string property;
    Value source, target;
    std::string ignored; // pattern that says not to report it; "" = none does
};

struct Difference {
    std::string kind;
    Name name; // as on the source; as on the target for what is extra
    Name target_name;
    Change change = Change::different;
    std::vector<PropertyDifference> properties; // of a different object
    std::map<std::string, int> parts;           // missing or extra with it: class and number
    std::string ignored; // pattern; a different object is ignored with all properties
};

struct ClassSummary {
    int compared = 0; // objects that both sides have
    int missing = 0, extra = 0, different = 0, ignored = 0;
    bool unverified = false;
};

struct Comparison {
    std::string generated_at; // by the clock of the source
    Catalog source, target;   // without their objects
    std::map<std::string, ClassSummary> classes;
    std::vector<Difference> differences; // by class and name; what is ignored is among them
    std::vector<Unread> unread;
    std::vector<std::string> notes;
    std::vector<std::pair<std::string, int>> ignore_patterns; // with how often each was used

    bool any_difference() const;
    /// equal, different or unverified.
    const char *verdict() const;
};

/// schema.relation.name(suffix), each name in double quotes only where it needs them.
std::string shown(const Name &name);

} // namespace custody::compare
