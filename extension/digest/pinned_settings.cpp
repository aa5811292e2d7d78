// Plain C-style: no local has a destructor.
#include "extension/digest/pinned_settings.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::digest {

namespace {

struct Setting {
    const char *name;
    const char *value;
};

// The loader pins the same ones for its COPY (docs/wire-format.md).
const Setting kSettings[] = {
    {"datestyle", "ISO, MDY"},        {"intervalstyle", "postgres"}, {"timezone", "UTC"},
    {"extra_float_digits", "3"},      {"bytea_output", "hex"},       {"xmlbinary", "base64"},
    {"xmloption", "content"},         {"lc_monetary", "C"},          {"search_path", ""},
    {"quote_all_identifiers", "off"},
};

} // namespace

int pin_settings() {
    const int level = NewGUCNestLevel();
    for (const Setting &setting : kSettings) {
        (void)set_config_option(setting.name, setting.value, PGC_USERSET, PGC_S_SESSION,
                                GUC_ACTION_SAVE, true, 0, false);
    }
    return level;
}

void unpin_settings(int level) { AtEOXact_GUC(true, level); }

} // namespace custody::digest
