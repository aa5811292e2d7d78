#include "common/strict_json.hpp"

#include <string>
#include <unordered_set>
#include <vector>

#include "common/token_identity.hpp"

namespace custody::token {

namespace {

using Json = nlohmann::json;

/// Judges the text while it is read; the reader then builds it a second time.
class Judge : public nlohmann::json_sax<Json> {
  public:
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t &) override { return true; }
    bool string(string_t &text) override { return check(text); }
    bool binary(binary_t &) override { return false; }
    bool start_object(std::size_t) override {
        keys_.emplace_back();
        return deeper();
    }
    bool key(string_t &name) override {
        if (!keys_.back().insert(name).second) {
            throw Refused("the JSON has a key twice");
        }
        return check(name);
    }
    bool end_object() override {
        keys_.pop_back();
        --depth_;
        return true;
    }
    bool start_array(std::size_t) override { return deeper(); }
    bool end_array() override {
        --depth_;
        return true;
    }
    bool parse_error(std::size_t, const std::string &,
                     const nlohmann::detail::exception &) override {
        throw Refused("the JSON is malformed");
    }

  private:
    static bool check(const string_t &text) {
        if (text.find('\0') != string_t::npos) {
            throw Refused("the JSON has a NUL in a text");
        }
        return true;
    }
    bool deeper() {
        if (++depth_ > kDeepest) {
            throw Refused("the JSON is nested too deeply");
        }
        return true;
    }

    std::vector<std::unordered_set<std::string>> keys_;
    int depth_ = 0;
};

} // namespace

nlohmann::json parse_object(std::string_view text) {
    // The reader takes a NUL for the end, and would not look at what follows; it skips a byte order
    // mark, which others refuse.
    if (text.find('\0') != std::string_view::npos || text.starts_with("\xef\xbb\xbf")) {
        throw Refused("the JSON is malformed");
    }
    Judge judge;
    Json::sax_parse(text.begin(), text.end(), &judge);
    Json value = Json::parse(text.begin(), text.end(), nullptr, false);
    if (!value.is_object()) {
        throw Refused("the JSON is no object");
    }
    return value;
}

const nlohmann::json *find_path(const nlohmann::json &object,
                                const std::vector<std::string> &path) {
    const Json *at = &object;
    for (const std::string &name : path) {
        const auto found = at->is_object() ? at->find(name) : at->end();
        if (found == at->end()) {
            return nullptr;
        }
        at = &*found;
    }
    return at->is_null() ? nullptr : at;
}

} // namespace custody::token
