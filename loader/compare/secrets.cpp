#include "loader/compare/secrets.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "loader/cli/parse.hpp"

namespace custody::compare {

bool is_secret(const std::string &property, const std::string &value) {
    static constexpr std::array kTelling{"pass",    "pwd",        "secret",  "token",     "apikey",
                                         "api_key", "credential", "private", "access_key"};
    std::string name;
    for (const char c : property)
        name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return std::any_of(kTelling.begin(), kTelling.end(),
                       [&](const char *word) { return name.find(word) != std::string::npos; }) ||
           cli::holds_password(value);
}

} // namespace custody::compare
