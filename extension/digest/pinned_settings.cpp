// Plain C-style: no local has a destructor.
#include "extension/digest/pinned_settings.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::digest {

namespace {

/// `holds` looks at the server's variable: asking for the setting by name costs more than the whole
/// of a short row.
struct Setting {
    const char *name;
    const char *value;
    bool (*holds)();
};

// As an empty one, but that a temporary table of the session does not hide what is in pg_catalog
// and change how the latter's name is written.
constexpr char kSearchPath[] = "pg_catalog, pg_temp";

bool has_temporary_objects() {
    Oid objects;
    Oid toasted;
    GetTempNamespaceState(&objects, &toasted);
    return OidIsValid(objects);
}

// The loader pins the same ones for its COPY (docs/wire-format.md).
const Setting kSettings[] = {
    {"datestyle", "ISO, MDY",
     [] { return DateStyle == USE_ISO_DATES && DateOrder == DATEORDER_MDY; }},
    {"intervalstyle", "postgres", [] { return IntervalStyle == INTSTYLE_POSTGRES; }},
    {"timezone", "UTC", [] { return strcmp(pg_get_timezone_name(session_timezone), "UTC") == 0; }},
    {"extra_float_digits", "3", [] { return extra_float_digits > 0; }}, // all of them shortest
    {"bytea_output", "hex", [] { return bytea_output == BYTEA_OUTPUT_HEX; }},
    {"xmlbinary", "base64", [] { return xmlbinary == XMLBINARY_BASE64; }},
    {"xmloption", "content", [] { return xmloption == XMLOPTION_CONTENT; }},
    {"lc_monetary", "C", [] { return strcmp(locale_monetary, "C") == 0; }},
    {"search_path", kSearchPath,
     [] {
         return strcmp(namespace_search_path, kSearchPath) == 0 ||
                (namespace_search_path[0] == '\0' && !has_temporary_objects());
     }},
    {"quote_all_identifiers", "off", [] { return !quote_all_identifiers; }},
};

} // namespace

int pin_settings() {
    int level = 0;
    for (const Setting &setting : kSettings) {
        if (setting.holds()) {
            continue;
        }
        if (level == 0) {
            level = NewGUCNestLevel();
        }
        (void)set_config_option(setting.name, setting.value, PGC_USERSET, PGC_S_SESSION,
                                GUC_ACTION_SAVE, true, 0, false);
    }
    return level;
}

void unpin_settings(int level) {
    if (level != 0) {
        AtEOXact_GUC(true, level);
    }
}

} // namespace custody::digest
