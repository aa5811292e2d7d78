#include "loader/cli/values.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "loader/cli/names.hpp"
#include "loader/core/error.hpp"

namespace custody::cli {
namespace {

constexpr int kMostJobs = 1024;

std::string lower(std::string_view text) {
    std::string result(text);
    for (char &c : result)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return result;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ')
        text.remove_suffix(1);
    return text;
}

int unit_power(const std::string &unit) {
    if (unit.empty() || unit == "b")
        return 0;
    constexpr std::string_view kUnits = "kmgt";
    const auto power = kUnits.find(unit[0]);
    const std::string rest = unit.substr(1);
    if (power == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "ib"))
        throw std::invalid_argument("unit");
    return static_cast<int>(power) + 1;
}

int parse_number(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        throw std::invalid_argument("number");
    return value;
}

Error bad_value(std::string_view value, const std::string &origin, const std::string &hint) {
    return {Exit::usage,
            "invalid-value",
            fmt::format("invalid value for {}: \"{}\"", origin, value),
            {},
            hint};
}

void check_choice(const Option &option, const std::string &value, const std::string &origin) {
    if (option.choices.empty())
        return;
    std::vector<std::string> allowed;
    std::string_view rest = option.choices;
    while (!rest.empty()) {
        const auto bar = std::min(rest.find('|'), rest.size());
        allowed.emplace_back(rest.substr(0, bar));
        rest.remove_prefix(std::min(bar + 1, rest.size()));
    }
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end())
        throw bad_value(value, origin, fmt::format("write one of {}", fmt::join(allowed, ", ")));
}

/// Reads the last value into a member of each type.
struct Assign {
    Options &options;
    const Option &option;
    const std::vector<std::string> &values;
    const std::string &origin;

    const std::string &last() const { return values.back(); }

    void operator()(std::monostate) const {}
    void operator()(bool Options::*field) const {
        try {
            options.*field = parse_bool(last());
        } catch (const std::invalid_argument &) {
            throw bad_value(last(), origin, "write true or false");
        }
    }
    void operator()(int Options::*field) const {
        const int least = option.fallback == "0" || option.may_be_zero ? 0 : 1;
        int value = -1;
        try {
            value = parse_number(trimmed(last()));
        } catch (const std::invalid_argument &) {
            value = -1;
        }
        if (value < least || value > kMostJobs)
            throw bad_value(last(), origin,
                            fmt::format("write a number from {} to {}", least, kMostJobs));
        options.*field = value;
    }
    void operator()(std::int64_t Options::*field) const {
        try {
            const std::int64_t value = parse_size(last());
            if (value == 0 && option.fallback != "0")
                throw std::invalid_argument("zero");
            options.*field = value;
        } catch (const std::invalid_argument &) {
            throw bad_value(last(), origin,
                            field == &Options::batch_rows || field == &Options::lifetime
                                ? "write a number from 1"
                                : "write a number with a unit, as in 64kB, 256MB or 1GB");
        }
    }
    void operator()(std::string Options::*field) const {
        check_choice(option, last(), origin);
        options.*field = last();
    }
    void operator()(std::vector<std::string> Options::*field) const { options.*field = values; }
    void operator()(std::optional<bool> Options::*field) const {
        check_choice(option, last(), origin);
        options.*field = last() == "auto" ? std::nullopt : std::optional(last() == "always");
    }
    void operator()(Pairs Options::*field) const {
        const std::size_t parts = field == &Options::casts ? 3 : 2;
        for (const auto &value : values) {
            const auto [name, text] = pair(value);
            if (split_name(name).size() != parts)
                throw bad_value(name, origin,
                                parts == 3 ? "name the column as schema.table.column"
                                           : "name the table as schema.table");
            (options.*field)[plain_name(name)] = text;
        }
    }
    void operator()(std::vector<Mapping> Options::*field) const {
        for (const auto &value : values) {
            const auto [from, to] = pair(value);
            const std::size_t parts = split_name(from).size();
            if (parts > 2 || split_name(to).size() != parts)
                throw bad_value(value, origin, "write schema=schema, or schema.table=schema.table");
            auto &mappings = options.*field;
            std::erase_if(mappings, [&from = from](const Mapping &m) {
                return split_name(m.from) == split_name(from);
            });
            mappings.push_back({from, to});
        }
    }

    std::pair<std::string, std::string> pair(const std::string &value) const {
        try {
            auto [name, text] = split_pair(value);
            if (!name.empty() && !trimmed(text).empty())
                return {name, text};
        } catch (const Error &) {
            // reported below, with the place
        }
        throw bad_value(value, origin, fmt::format("write {}", option.argument));
    }
};

} // namespace

std::int64_t parse_size(std::string_view text) {
    text = trimmed(text);
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc())
        throw std::invalid_argument("number");
    const std::string_view unit = trimmed({end, text.data() + text.size()});
    const double bytes = number * std::pow(1024.0, unit_power(lower(unit)));
    if (!(bytes >= 0) || bytes >= static_cast<double>(std::numeric_limits<std::int64_t>::max()))
        throw std::invalid_argument("range");
    return static_cast<std::int64_t>(bytes);
}

bool parse_bool(std::string_view text) {
    const std::string word = lower(trimmed(text));
    for (const char *yes : {"on", "true", "yes", "1"})
        if (word == yes)
            return true;
    for (const char *no : {"off", "false", "no", "0"})
        if (word == no)
            return false;
    throw std::invalid_argument("boolean");
}

void assign(Options &options, const Option &option, const std::vector<std::string> &values,
            const std::string &origin) {
    if (!values.empty() || option.repeats())
        std::visit(Assign{options, option, values, origin}, option.field);
}

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> values;
    std::string value;
    bool quoted = false;
    for (const char c : text) {
        if (c == '"')
            quoted = !quoted;
        if (c == ',' && !quoted) {
            values.emplace_back(trimmed(value));
            value.clear();
        } else {
            value += c;
        }
    }
    values.emplace_back(trimmed(value));
    std::erase(values, "");
    return values;
}

} // namespace custody::cli
