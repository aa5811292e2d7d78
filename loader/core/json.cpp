#include "loader/core/json.hpp"

template class nlohmann::basic_json<>;
template class nlohmann::basic_json<nlohmann::ordered_map>;

namespace custody {
namespace {

template <typename Json> std::string document(const Json &value) {
    return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace

nlohmann::json parse_json(std::string_view text) { return nlohmann::json::parse(text); }

nlohmann::json try_json(std::string_view text) {
    return nlohmann::json::parse(text, nullptr, false);
}

std::string json_line(const nlohmann::json &value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_document(const nlohmann::json &value) { return document(value); }

std::string json_document(const nlohmann::ordered_json &value) { return document(value); }

} // namespace custody
