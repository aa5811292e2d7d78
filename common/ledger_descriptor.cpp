#include "common/ledger_descriptor.hpp"

#include "common/strict_json.hpp"
#include "common/token_identity.hpp"

namespace custody::ledger {

namespace {

using Json = nlohmann::json;

[[noreturn]] void fail(const std::string &what) { throw DescriptorError("the descriptor " + what); }

const Json &member(const Json &object, const char *name) {
    const auto found = object.find(name);
    if (found == object.end()) {
        fail(std::string("has no member ") + name);
    }
    return *found;
}

std::string text_of(const Json &object, const char *name) {
    const Json &value = member(object, name);
    if (!value.is_string()) {
        fail(std::string("has no text as ") + name);
    }
    return value.get<std::string>();
}

const Json &list_of(const Json &object, const char *name) {
    const Json &value = member(object, name);
    if (!value.is_array()) {
        fail(std::string("has no list as ") + name);
    }
    return value;
}

std::uint16_t position(const Json &value, const Descriptor &descriptor) {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() >= descriptor.columns.size()) {
        fail("names a position that no column has");
    }
    return value.get<std::uint16_t>();
}

Store store_of(const std::string &word) {
    if (word == "value") {
        return Store::value;
    }
    if (word == "hash") {
        return Store::hash;
    }
    if (word != "redact") {
        fail("has a column that is stored in an unknown way");
    }
    return Store::redact;
}

DescriptorColumn column_of(const Json &value) {
    if (!value.is_object()) {
        fail("has a column that is no object");
    }
    DescriptorColumn column{text_of(value, "name"), text_of(value, "type"),
                            store_of(text_of(value, "store")), false};
    if (const auto generated = value.find("generated"); generated != value.end()) {
        column.generated = *generated == true;
    }
    return column;
}

Descriptor of_table(const Json &object) {
    Descriptor descriptor;
    descriptor.table = text_of(object, "table");
    descriptor.schema = text_of(object, "schema");
    descriptor.name = text_of(object, "name");
    const Json &version = member(object, "version");
    if (!version.is_number_unsigned() || version.get<std::uint64_t>() > UINT32_MAX) {
        fail("has no number as version");
    }
    descriptor.version = version.get<std::uint32_t>();
    descriptor.form = wire::form_from_name(text_of(object, "form"));
    for (const Json &column : list_of(object, "columns")) {
        descriptor.columns.push_back(column_of(column));
    }
    for (const Json &place : list_of(object, "key")) {
        descriptor.key.push_back(position(place, descriptor));
    }
    if (const Json &place = member(object, "org"); !place.is_null()) {
        descriptor.org = position(place, descriptor);
    }
    for (const Json &name : list_of(object, "excluded")) {
        if (!name.is_string()) {
            fail("excludes what is no name");
        }
        descriptor.excluded.push_back(name.get<std::string>());
    }
    return descriptor;
}

} // namespace

Descriptor parse_descriptor(std::string_view text) {
    try {
        const Json object = token::parse_object(text);
        return object.empty() ? Descriptor{} : of_table(object);
    } catch (const token::Refused &refused) {
        fail(std::string("cannot be read: ") + refused.what());
    } catch (const wire::WireError &error) {
        fail(std::string("has an unknown form: ") + error.what());
    }
}

} // namespace custody::ledger
