// Foreign-data wrappers, servers and user mappings. Options whose name tells of a secret are
// compared by the caller without being shown (see secrets.hpp); those of user mappings are read
// only as far as the server shows them to the role.

#include "loader/compare/queries.hpp"

namespace custody::compare {
namespace {

std::string wrappers() {
    return "SELECT NULL, NULL, w.fdwname, NULL, " + sql::routine("w.fdwhandler") +
           " AS \"handler\", " + sql::routine("w.fdwvalidator") + " AS \"validator\", " +
           sql::options("w.fdwoptions") + " AS \"option *\", " +
           sql::owned("w.fdwowner", "w.fdwacl", "F") + ", " +
           sql::described("pg_foreign_data_wrapper", "w.oid") +
           " FROM pg_foreign_data_wrapper w WHERE " +
           sql::not_member("pg_foreign_data_wrapper", "w.oid");
}

std::string servers() {
    return "SELECT NULL, NULL, s.srvname, NULL, s.srvtype AS \"type\","
           " s.srvversion AS \"version\", w.fdwname AS \"wrapper\", " +
           sql::options("s.srvoptions") + " AS \"option *\", " +
           sql::owned("s.srvowner", "s.srvacl", "S") + ", " +
           sql::described("pg_foreign_server", "s.oid") +
           " FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw WHERE " +
           sql::not_member("pg_foreign_server", "s.oid");
}

/// NULL options are none, or none that the role may see: then "~hidden" is true.
std::string user_mappings() {
    return "SELECT NULL, NULL, NULL, CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE quote_ident("
           "m.usename::text) END || ' on ' || quote_ident(m.srvname), " +
           sql::options("m.umoptions") +
           " AS \"option *\", m.umoptions IS NULL AND NOT (SELECT rolsuper FROM pg_roles"
           " WHERE rolname = current_user) AS \"~hidden\" FROM pg_user_mappings m";
}

} // namespace

std::vector<ClassQuery> foreign_queries(int) {
    return {{"foreign-data wrapper", wrappers()},
            {"foreign server", servers()},
            {"user mapping", user_mappings()}};
}

} // namespace custody::compare
