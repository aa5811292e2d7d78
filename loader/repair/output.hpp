// Where a script goes: stdout, or a file that only its owner can read, for it holds rows. The file
// has its name once it is complete.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace custody::repair {

class Output {
  public:
    /// "" = stdout. Throws Error (usage) "script-not-written", as do the others.
    explicit Output(std::string path);
    /// Removes what is not complete.
    ~Output();
    Output(const Output &) = delete;
    Output &operator=(const Output &) = delete;

    void write(std::string_view text);
    void close();

  private:
    [[noreturn]] void fail(int error) const;

    std::string path_, temporary_;
    struct Close {
        void operator()(std::FILE *file) const { std::fclose(file); }
    };
    std::unique_ptr<std::FILE, Close> file_; // none for stdout
};

} // namespace custody::repair
