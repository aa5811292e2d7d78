#include "loader/pq/secrets.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <string_view>

namespace custody::pq {
namespace {

// Where what may be a password begins: after the user of a URI, or after a keyword; npos = nowhere.
std::size_t secret_start(std::string_view conninfo) {
    const auto scheme = conninfo.find("://");
    if (scheme != std::string_view::npos) {
        const auto user = scheme + 3;
        const auto colon = conninfo.find(':', user);
        // Without "@" the first colon is that of a port.
        if (colon != std::string_view::npos && conninfo.find('@', colon) != std::string_view::npos)
            return colon + 1;
    }
    std::string lower(conninfo);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (auto found = lower.find("password"); found != std::string::npos;
         found = lower.find("password", found + 1)) {
        auto after = found + std::strlen("password");
        while (after < lower.size() && std::isspace(static_cast<unsigned char>(lower[after])) != 0)
            ++after;
        if (after < lower.size() && lower[after] == '=')
            return after + 1;
    }
    return std::string_view::npos;
}

constexpr std::string_view kWebOption = "--anchor-url";

// The same in an argument of the program. Of a web address every part may be the secret: of the
// option's, however it is written, and of one that stands in something else.
std::size_t argument_secret(std::string_view argument) {
    if (argument.starts_with(kWebOption) && argument.substr(kWebOption.size()).starts_with('='))
        return kWebOption.size() + 1;
    for (const std::string_view scheme : {"http://", "https://"})
        if (const auto web = argument.find(scheme); web != std::string_view::npos)
            return web + scheme.size();
    return secret_start(argument);
}

} // namespace

std::string without_secrets(std::string message, const std::string &conninfo) {
    const auto start = secret_start(conninfo);
    if (start == std::string_view::npos)
        return message;
    auto secret = std::string_view(conninfo).substr(start);
    if (conninfo.find("://") == std::string::npos)
        secret = secret.substr(0, secret.find_first_of(" '", secret.find_first_not_of(" '")));
    else if (const auto at = secret.rfind('@'); at != std::string_view::npos)
        secret = secret.substr(0, at);
    for (auto open = message.find('"'); open != std::string::npos;) {
        const auto close = message.find('"', open + 1);
        if (close == std::string::npos)
            break;
        const auto quoted = message.substr(open + 1, close - open - 1);
        const bool tells = !quoted.empty() && (secret.find(quoted) != std::string_view::npos ||
                                               quoted.find(secret) != std::string::npos);
        if (tells)
            message.replace(open + 1, quoted.size(), "...");
        open = message.find('"', tells ? open + 5 : close + 1);
    }
    return message;
}

void hide_secrets(int argc, char **argv) {
    bool web = false; // the argument before was the option of a web address
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        const auto start = web ? 0 : argument_secret(argument);
        web = argument == kWebOption;
        if (start != std::string_view::npos)
            std::memset(argv[i] + start, 'x', argument.size() - start);
    }
}

} // namespace custody::pq
