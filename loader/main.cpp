// The custody program: options in, one command, exit code out.

#include <fcntl.h>
#include <unistd.h>

#include "loader/audit/audit.hpp"
#include "loader/cli/commands.hpp"
#include "loader/cli/parse.hpp"
#include "loader/compare/compare.hpp"
#include "loader/core/failpoint.hpp"
#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"
#include "loader/lint/lint.hpp"
#include "loader/pq/secrets.hpp"
#include "loader/probe/probe.hpp"
#include "loader/repair/repair.hpp"
#include "loader/report/output.hpp"
#include "loader/run/abandon.hpp"
#include "loader/run/run.hpp"
#include "loader/run/show.hpp"
#include "loader/token/token.hpp"
#include "loader/ui/progress.hpp"
#include "loader/verify/verify.hpp"

namespace custody {
namespace {

Exit dispatch(const cli::Options &options) {
    switch (options.command) {
    case cli::Command::plan:
        return run::plan(options);
    case cli::Command::run:
        return run::run(options);
    case cli::Command::verify:
        return verify::verify(options);
    case cli::Command::repair:
        return repair::repair(options);
    case cli::Command::status:
        return run::status(options);
    case cli::Command::compare:
        return compare::compare(options);
    case cli::Command::report:
        return run::report(options);
    case cli::Command::lint:
        return lint::lint(options);
    case cli::Command::abandon:
        return run::abandon(options);
    case cli::Command::token:
        return mint::token(options);
    case cli::Command::probe:
        return probe::probe(options);
    case cli::Command::audit_anchor:
        return audit::anchor(options);
    case cli::Command::audit_verify_bundle:
        return audit::verify_bundle(options);
    case cli::Command::audit_report:
        return audit::report(options);
    }
    return Exit::usage;
}

/// A stream that was closed by whoever started the program: its number is not given to a file that
/// is opened later, which would get what is printed. It fails as one that is closed.
void keep_closed_streams() {
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number)
        if (fcntl(number, F_GETFD) < 0)
            open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int run_program(int argc, char **argv) {
    start_log(false, false, ui::use_color(2, std::nullopt));
    const auto parsed = cli::parse(argc, argv);
    if (parsed.print) {
        report::write_stdout(*parsed.print);
        return 0;
    }
    const auto &options = parsed.options;
    pq::hide_secrets(argc, argv);
    start_log(options.quiet, options.verbose, ui::use_color(2, options.color));
    for (const auto &warning : parsed.warnings)
        log::warn("{}", warning);
    set_stop_hint(cli::when_stopped(options.command));
    arm_failpoints();
    cli::require_connections(options);
    log::debug("custody {}", CUSTODY_VERSION);
    const Exit exit = dispatch(options);
    if (exit == Exit::ok)
        report::write_stdout(""); // nobody has checked yet that what was printed is out
    return static_cast<int>(exit);
}

} // namespace
} // namespace custody

int main(int argc, char **argv) {
    custody::keep_closed_streams();
    custody::install_signals();
    try {
        return custody::run_program(argc, argv);
    } catch (const custody::Error &error) {
        // A statement that a stop request cancelled fails with an error of its own.
        if (const int signal = custody::stop_signal(); signal != 0) {
            custody::log::error("stopped by a signal; {}", custody::stop_hint());
            return 128 + signal;
        }
        custody::log_error(error);
        return static_cast<int>(error.exit());
    } catch (const std::bad_alloc &) {
        custody::log::error("out of memory");
    } catch (const std::exception &error) {
        custody::log_error({custody::Exit::partial, "internal-error", error.what(), "",
                            "run the same command again; report it if it comes back"});
    }
    return static_cast<int>(custody::Exit::partial);
}
