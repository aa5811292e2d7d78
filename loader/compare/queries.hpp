// What is read from the catalogs, class by class. Each query's columns are schema, relation, name,
// suffix (see Name), then one per property, named as the property. In a property's name a star
// stands for the keys of the JSON object that the column holds ("grants to *"); a column whose name
// begins with a tilde is a fact, not a property. A column is there for every version of the server:
// where an older one has no such thing, its value is what the newer one's default means.
// They expect an empty search_path and quote_all_identifiers, so that formatted text is the same on
// every server. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace custody::compare {

struct ClassQuery {
    std::string kind; // several queries may fill one class
    std::string sql;
};

std::vector<ClassQuery> relation_queries(int version);
std::vector<ClassQuery> table_part_queries(int version);
std::vector<ClassQuery> routine_queries(int version);
std::vector<ClassQuery> operator_queries(int version);
std::vector<ClassQuery> type_queries(int version);
std::vector<ClassQuery> search_queries(int version);
std::vector<ClassQuery> replication_queries(int version);
std::vector<ClassQuery> foreign_queries(int version);
std::vector<ClassQuery> database_queries(int version);
std::vector<ClassQuery> privilege_queries(int version);

/// All of them, in the order in which classes are reported.
std::vector<ClassQuery> all_queries(int version);

/// Pieces that the queries share.
namespace sql {

/// Condition: schema `n` is the user's, neither the server's nor custody's own.
std::string user_schema();
/// Condition: the object belongs to no extension.
std::string not_member(std::string_view catalog, std::string_view oid);
/// Condition: the object, in schema `n`, is the user's: also what was made in pg_catalog after
/// initdb, which gives away the OIDs below 16384. A dump leaves that out.
std::string of_user(std::string_view catalog, std::string_view oid);
/// Condition: the server did not make the object along with another one (a range's constructors).
std::string made_by_user(std::string_view catalog, std::string_view oid);
/// Property columns "comment" and "security label *".
std::string described(std::string_view catalog, std::string_view oid, std::string_view part = "0");
/// Property columns "comment" and "security label *" of an object that databases share.
std::string shared_described(std::string_view catalog, std::string_view oid);
/// Property columns "owner" and "grants to *"; `kind` is that of acldefault().
std::string owned(std::string_view owner, std::string_view acl, std::string_view kind);
std::string owner(std::string_view owner);
/// Name of a role, or PUBLIC for 0. One that could be taken for another or for several has quotes.
std::string role(std::string_view oid);
/// JSON of an acl: grantee to privileges. The owner's own are those of "(owner)".
std::string grants(std::string_view acl, std::string_view owner);
/// JSON of an array of name=value texts.
std::string options(std::string_view array);
/// regclass, regproc and the like, with the schema; NULL for 0.
std::string routine(std::string_view oid);
/// `expression` on servers from `since` on, `otherwise` on older ones.
std::string from(int version, int since, std::string_view expression, std::string_view otherwise);

} // namespace sql
} // namespace custody::compare
