#include "loader/schema/child.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "loader/core/error.hpp"
#include "loader/core/failpoint.hpp"

extern char **environ;

namespace custody::schema {
namespace {

class Descriptor {
  public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    Descriptor(Descriptor &&other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
    Descriptor &operator=(Descriptor &&other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() { close(); }
    int get() const { return fd_; }
    bool open() const { return fd_ >= 0; }
    void close() {
        if (fd_ >= 0)
            ::close(fd_);
        fd_ = -1;
    }

  private:
    int fd_;
};

struct Pipe {
    Descriptor read, write;
};

[[noreturn]] void fail(const std::string &what) {
    throw Error(Exit::refused, "child-failed", what, std::strerror(errno));
}

Pipe make_pipe() {
    std::array<int, 2> fds{};
    if (pipe2(fds.data(), O_CLOEXEC) != 0)
        fail("could not create a pipe");
    return {Descriptor(fds[0]), Descriptor(fds[1])};
}

constexpr int kLookAgain = 10;   // milliseconds
constexpr int kPatience = 5'000; // before a child that is to end is killed

/// Ends and reaps the child unless has_ended() did, so that none outlives us as a zombie.
class Process {
  public:
    explicit Process(pid_t pid) : pid_(pid) {}
    Process(const Process &) = delete;
    Process &operator=(const Process &) = delete;
    ~Process() {
        kill_with(SIGTERM);
        for (int waited = 0; waited < kPatience && !has_ended(); waited += kLookAgain)
            poll(nullptr, 0, kLookAgain);
        kill_with(SIGKILL);
        while (!has_ended())
            poll(nullptr, 0, kLookAgain);
    }
    bool has_ended() {
        if (pid_ > 0 && waitpid(pid_, &status_, WNOHANG) == pid_)
            pid_ = -1;
        return pid_ <= 0;
    }
    int status() const {
        return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
    }

  private:
    void kill_with(int signal) const {
        if (pid_ > 0)
            kill(pid_, signal);
    }

    pid_t pid_;
    int status_ = 0;
};

struct Streams {
    Pipe in = make_pipe(), out = make_pipe(), err = make_pipe(), started = make_pipe();
};

std::vector<char *> pointers(const std::vector<std::string> &strings) {
    std::vector<char *> list;
    list.reserve(strings.size() + 1);
    for (const auto &string : strings)
        list.push_back(const_cast<char *>(string.c_str()));
    list.push_back(nullptr);
    return list;
}

/// Ours with `added` in front of it, which wins over an older value of the same name.
std::vector<std::string> merged(const std::vector<std::string> &added) {
    std::vector<std::string> all = added;
    for (char **entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const auto name = text.substr(0, text.find('=') + 1);
        if (std::none_of(added.begin(), added.end(),
                         [&](const std::string &a) { return a.starts_with(name); }))
            all.emplace_back(text);
    }
    return all;
}

/// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(char *const *argv, char *const *envp, const Streams &streams, int inherit,
                         pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    if (inherit >= 0)
        fcntl(inherit, F_SETFD, 0);
    if (dup2(streams.in.read.get(), 0) >= 0 && dup2(streams.out.write.get(), 1) >= 0 &&
        dup2(streams.err.write.get(), 2) >= 0)
        execve(argv[0], argv, envp);
    const int reason = errno;
    [[maybe_unused]] const auto written =
        ::write(streams.started.write.get(), &reason, sizeof reason);
    _exit(127);
}

/// Appends what there is, up to `keep` bytes in all; closes at the end of the stream.
void drain(Descriptor &fd, std::string &into, std::size_t keep) {
    std::array<char, 65536> buffer;
    const auto got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got > 0)
        into.append(buffer.data(), std::min(static_cast<std::size_t>(got), keep - into.size()));
    else if (got == 0 || errno != EINTR)
        fd.close();
}

void feed(Descriptor &fd, std::string_view &input) {
    const auto put = ::write(fd.get(), input.data(), input.size());
    if (put > 0)
        input.remove_prefix(static_cast<std::size_t>(put));
    // A child that does not want the rest says why by its exit status.
    if (input.empty() || (put < 0 && errno != EINTR && errno != EAGAIN))
        fd.close();
}

void throw_if(const std::function<bool()> &stop) {
    if (stop && stop())
        throw Error(Exit::interrupted, "interrupted", "stopped while a child process ran");
}

void converse(Streams &streams, std::string_view input, ChildResult &result,
              const std::function<bool()> &stop, std::size_t keep) {
    if (input.empty())
        streams.in.write.close();
    while (streams.out.read.open() || streams.err.read.open()) {
        std::array<pollfd, 3> fds{{{streams.out.read.get(), POLLIN, 0},
                                   {streams.err.read.get(), POLLIN, 0},
                                   {streams.in.write.get(), POLLOUT, 0}}};
        const int ready = poll(fds.data(), fds.size(), 100);
        throw_if(stop);
        if (ready <= 0)
            continue;
        if (fds[0].revents != 0)
            drain(streams.out.read, result.out, keep);
        if (fds[1].revents != 0)
            drain(streams.err.read, result.err, keep);
        if (fds[2].revents != 0)
            feed(streams.in.write, input);
    }
}

/// A child that closes its input early must not end us.
class IgnorePipeSignal {
  public:
    IgnorePipeSignal() {
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    IgnorePipeSignal(const IgnorePipeSignal &) = delete;
    IgnorePipeSignal &operator=(const IgnorePipeSignal &) = delete;
    ~IgnorePipeSignal() {
        const timespec now{};
        if (sigismember(&before_, SIGPIPE) == 0)
            while (sigtimedwait(&pipe_, nullptr, &now) > 0) {
            }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

  private:
    sigset_t pipe_{}, before_{};
};

} // namespace

ChildResult run_child(const std::vector<std::string> &argv,
                      const std::vector<std::string> &environment, std::string_view input,
                      const std::function<bool()> &stop, int inherit, std::size_t keep) {
    const IgnorePipeSignal ignore;
    Streams streams;
    const auto strings = merged(environment);
    const auto arguments = pointers(argv);
    const auto variables = pointers(strings);
    fcntl(streams.in.write.get(), F_SETFL, O_NONBLOCK);
    const pid_t parent = getpid();
    failpoint("child.before_start");
    const pid_t pid = fork();
    if (pid < 0)
        fail(fmt::format("could not start \"{}\"", argv[0]));
    if (pid == 0)
        become(arguments.data(), variables.data(), streams, inherit, parent);
    Process process(pid);
    streams.in.read.close();
    streams.out.write.close();
    streams.err.write.close();
    streams.started.write.close();
    int reason = 0;
    if (::read(streams.started.read.get(), &reason, sizeof reason) == sizeof reason) {
        errno = reason;
        fail(fmt::format("could not start \"{}\"", argv[0]));
    }
    failpoint("child.started");
    ChildResult result;
    converse(streams, input, result, stop, keep);
    failpoint("child.before_end");
    // It may have closed its streams long before it ends.
    for (; !process.has_ended(); poll(nullptr, 0, kLookAgain))
        throw_if(stop);
    result.status = process.status();
    failpoint("child.after_end");
    return result;
}

} // namespace custody::schema
