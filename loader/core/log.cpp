#include "loader/core/log.hpp"

#include <memory>
#include <mutex>

#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>

namespace custody {
namespace {

std::mutex hooks_mutex;
std::function<void()> before_message;
std::function<void()> after_message;

void call(std::function<void()> &hook) {
    const std::lock_guard lock(hooks_mutex);
    if (hook)
        hook();
}

using StderrSink = spdlog::sinks::ansicolor_stderr_sink_mt;

class HookedSink : public StderrSink {
  public:
    explicit HookedSink(spdlog::color_mode mode) : StderrSink(mode) {}
    void log(const spdlog::details::log_msg &message) override {
        call(before_message);
        StderrSink::log(message);
        call(after_message);
    }
};

} // namespace

void start_log(bool quiet, bool verbose, bool color) {
    auto sink = std::make_shared<HookedSink>(color ? spdlog::color_mode::always
                                                   : spdlog::color_mode::never);
    auto logger = std::make_shared<spdlog::logger>("custody", std::move(sink));
    logger->set_pattern("%H:%M:%S custody %^%l%$: %v");
    logger->set_level(quiet     ? spdlog::level::err
                      : verbose ? spdlog::level::debug
                                : spdlog::level::info);
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
}

void set_log_hooks(std::function<void()> before, std::function<void()> after) {
    const std::lock_guard lock(hooks_mutex);
    before_message = std::move(before);
    after_message = std::move(after);
}

void log_error(const Error &error) {
    std::string text = error.what();
    text += fmt::format(" [{}]", error.code());
    if (!error.detail().empty())
        text += "\n  detail: " + error.detail();
    if (!error.hint().empty())
        text += "\n  hint: " + error.hint();
    log::error("{}", text);
}

void log::write(Level level, const std::string &text) {
    const auto severity = level == Level::debug  ? spdlog::level::debug
                          : level == Level::info ? spdlog::level::info
                          : level == Level::warn ? spdlog::level::warn
                                                 : spdlog::level::err;
    spdlog::log(severity, spdlog::string_view_t(text));
}

} // namespace custody
