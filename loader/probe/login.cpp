// libpq keeps no result of a connection that failed, only its text. With this verbosity, which can
// only be set between the start and the end of connecting, the text is "FATAL:  42501".
#include "loader/probe/login.hpp"

#include <algorithm>
#include <cctype>
#include <memory>
#include <string_view>

#include <poll.h>

#include <libpq-fe.h>

namespace custody::probe {
namespace {

constexpr int kStepMilliseconds = 10000;
constexpr std::size_t kStateLength = 5;

bool wait_for(PGconn *connection, PostgresPollingStatusType what) {
    pollfd socket{PQsocket(connection),
                  static_cast<short>(what == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    return socket.fd >= 0 && poll(&socket, 1, kStepMilliseconds) > 0;
}

/// The last word of a line that ends in ":  XXXXX"; the word before is translated.
std::string last_state(std::string_view text) {
    const auto end = text.find_last_not_of(" \n");
    if (end == std::string_view::npos || end < kStateLength + 2)
        return "";
    const auto state = text.substr(end + 1 - kStateLength, kStateLength);
    const bool is_state = std::all_of(state.begin(), state.end(), [](unsigned char c) {
        return std::isdigit(c) != 0 || std::isupper(c) != 0;
    });
    const auto before = text.substr(0, end + 1 - kStateLength);
    return is_state && before.ends_with(":  ") ? std::string(state) : "";
}

} // namespace

std::string login_sqlstate(const std::string &conninfo) {
    const char *const keywords[] = {"dbname", "fallback_application_name", nullptr};
    const char *const values[] = {conninfo.c_str(), "custody probe", nullptr};
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(
        PQconnectStartParams(keywords, values, 1), PQfinish);
    if (!connection || PQstatus(connection.get()) == CONNECTION_BAD)
        return "";
    PQsetErrorVerbosity(connection.get(), PQERRORS_SQLSTATE);
    for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;
         next = PQconnectPoll(connection.get())) {
        if (next == PGRES_POLLING_FAILED)
            return last_state(PQerrorMessage(connection.get()));
        if (!wait_for(connection.get(), next))
            return "";
    }
    return "";
}

} // namespace custody::probe
