// Keeps passwords that stand in a connection string out of what others can read.
#pragma once

#include <string>

namespace custody::pq {

/// The message, without what libpq quotes of the part of `conninfo` that may hold a password: a
/// password with an unescaped "@" or "/" is taken for a host or a port, and named in the error.
std::string without_secrets(std::string message, const std::string &conninfo);

/// Overwrites the passwords in the program's own arguments, which every user of the machine can
/// list. Call it once the arguments are parsed.
void hide_secrets(int argc, char **argv);

} // namespace custody::pq
