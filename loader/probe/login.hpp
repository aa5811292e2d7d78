// Why the server did not let a client in.
#pragma once

#include <string>

namespace custody::probe {

/// Logs in once more and closes: the SQLSTATE of the server's refusal, whatever the language of its
/// messages; "" when it lets the client in, or when no server answers within ten seconds for each
/// step.
std::string login_sqlstate(const std::string &conninfo);

} // namespace custody::probe
