#include "loader/repair/output.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "loader/core/error.hpp"
#include "loader/report/output.hpp"
#include "loader/ui/text.hpp"

namespace custody::repair {

Output::Output(std::string path) : path_(std::move(path)) {
    if (path_.empty())
        return;
    // What stands where a file cannot be put aside is written to as it is: a pipe, /dev/stdout.
    struct stat found {};
    const bool special = stat(path_.c_str(), &found) == 0 && !S_ISREG(found.st_mode);
    // Otherwise into a new file of a name that nobody has: what was there could be read by others.
    temporary_ = special ? path_ : path_ + ".XXXXXX";
    const int descriptor = special ? open(path_.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC)
                                   : mkostemp(temporary_.data(), O_CLOEXEC);
    if (descriptor < 0)
        fail(errno);
    file_.reset(fdopen(descriptor, "w"));
    if (!file_)
        fail(errno);
}

Output::~Output() {
    if (file_ && temporary_ != path_)
        unlink(temporary_.c_str());
}

void Output::fail(int error) const {
    throw Error(Exit::usage, "script-not-written",
                fmt::format("could not write the script to \"{}\"", ui::printable(path_)),
                std::strerror(error), "nothing was changed on the target");
}

void Output::write(std::string_view text) {
    if (path_.empty())
        report::write_stdout(std::string(text));
    else if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size())
        fail(errno);
}

void Output::close() {
    if (path_.empty())
        return;
    if (std::fflush(file_.get()) != 0 || (temporary_ != path_ && fsync(fileno(file_.get())) != 0))
        fail(errno);
    if (temporary_ != path_ && std::rename(temporary_.c_str(), path_.c_str()) != 0)
        fail(errno);
    file_.reset();
}

} // namespace custody::repair
