#include "loader/audit/deliver.hpp"

#include <chrono>
#include <memory>

#include <curl/curl.h>
#include <fmt/format.h>

#include "loader/core/error.hpp"
#include "loader/core/signals.hpp"
#include "loader/schema/child.hpp"
#include "loader/ui/text.hpp"

namespace custody::audit {
namespace {

constexpr long kSecondsToConnect = 10;
constexpr long kSeconds = 60;
constexpr std::size_t kCharactersShown = 500;

Error not_delivered(const std::string &where, const std::string &why) {
    return {Exit::partial, "anchor-not-delivered",
            fmt::format("the digest could not be given to {}", where), why,
            "it is in the anchor file: run the same command again to deliver the newest"};
}

std::size_t ignore(char *, std::size_t size, std::size_t count, void *) { return size * count; }

bool stopped() { return stop_signal() != 0; }

int progress(void *, curl_off_t, curl_off_t, curl_off_t, curl_off_t) { return stopped() ? 1 : 0; }

void set_options(CURL *curl, const std::string &url, const std::string &line, curl_slist *headers) {
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, line.c_str());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(line.size()));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kSecondsToConnect);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, kSeconds);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "custody/" CUSTODY_VERSION);
}

} // namespace

void run_command(const std::string &command, const std::string &line) {
    constexpr const char *kWhere = "the command of --anchor-command";
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(kSeconds);
    bool late = false;
    const auto stop = [&] {
        late = std::chrono::steady_clock::now() > end;
        return late || stopped();
    };
    schema::ChildResult result;
    try {
        result = schema::run_child({"/bin/sh", "-c", command}, {}, line + "\n", stop, -1,
                                   kCharactersShown);
    } catch (const Error &error) {
        throw_if_stopped();
        throw not_delivered(kWhere, late ? fmt::format("it did not end within {} seconds", kSeconds)
                                         : fmt::format("{}: {}", error.what(), error.detail()));
    }
    if (result.status != 0)
        throw not_delivered(kWhere,
                            fmt::format("exit status {}{}{}", result.status,
                                        result.err.empty() ? "" : ": ", ui::printable(result.err)));
}

void post(const std::string &url, const std::string &line) {
    static const CURLcode kStarted = curl_global_init(CURL_GLOBAL_DEFAULT);
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                   &curl_easy_cleanup);
    const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
        curl_slist_append(nullptr, "Content-Type: application/json"), &curl_slist_free_all);
    if (kStarted != CURLE_OK || !curl || !headers)
        throw std::bad_alloc();
    set_options(curl.get(), url, line, headers.get());
    const CURLcode code = curl_easy_perform(curl.get());
    throw_if_stopped();
    // The words of the code, not the message of the transfer, which may quote the URL.
    if (code != CURLE_OK)
        throw not_delivered(place_of(url), curl_easy_strerror(code));
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 || status > 299)
        throw not_delivered(place_of(url), fmt::format("HTTP status {}", status));
}

std::string place_of(const std::string &url) {
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), &curl_url_cleanup);
    std::string place;
    if (parsed && curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK)
        for (const auto &[part, before] :
             {std::pair(CURLUPART_SCHEME, ""), std::pair(CURLUPART_HOST, "://"),
              std::pair(CURLUPART_PORT, ":")}) {
            char *text = nullptr;
            if (curl_url_get(parsed.get(), part, &text, 0) == CURLUE_OK)
                place += before + ui::printable(text);
            curl_free(text);
        }
    return place.empty() ? "the URL" : place;
}

} // namespace custody::audit
