// Where an anchor's line goes besides the file: to the standard input of a command, or by POST to a
// URL. Neither what stands in the URL nor what the other side answers is told to anybody.
#pragma once

#include <string>

namespace custody::audit {

/// Throws Error anchor-not-delivered (Exit::partial).
void run_command(const std::string &command, const std::string &line);
void post(const std::string &url, const std::string &line);

/// "https://host:port" of a URL, or "the URL" where it has no such parts.
std::string place_of(const std::string &url);

} // namespace custody::audit
