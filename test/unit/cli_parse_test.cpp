#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "loader/cli/help.hpp"
#include "loader/cli/names.hpp"
#include "loader/cli/option_table.hpp"
#include "loader/cli/parse.hpp"
#include "loader/cli/values.hpp"
#include "loader/core/error.hpp"

namespace custody::cli {
namespace {

using Variables = std::map<std::string, std::string>;

Parsed parsed(std::vector<const char *> arguments, const Variables &variables = {}) {
    arguments.insert(arguments.begin(), "custody");
    return parse(static_cast<int>(arguments.size()), arguments.data(), [&](const char *name) {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
    });
}

/// The message and hint of the usage error that the arguments raise.
std::string refusal(const std::vector<const char *> &arguments, const Variables &variables = {}) {
    try {
        parsed(arguments, variables);
    } catch (const Error &error) {
        EXPECT_EQ(error.exit(), Exit::usage);
        return std::string(error.what()) + " | " + error.hint();
    }
    return "no error";
}

class ConfigFile {
  public:
    explicit ConfigFile(const std::string &text)
        : path_(std::filesystem::temp_directory_path() /
                ("custody-cli-test-" + std::to_string(getpid()) + ".toml")) {
        std::ofstream(path_) << text;
    }
    ~ConfigFile() { std::filesystem::remove(path_); }
    const char *path() const { return path_.c_str(); }

  private:
    std::filesystem::path path_;
};

TEST(CliParse, ReadsEveryKindOfOption) {
    const auto options = parsed({"run",
                                 "--source=service=old",
                                 "--target",
                                 "postgresql://h/new",
                                 "-j8",
                                 "-n",
                                 "a",
                                 "--schema=b",
                                 "-T",
                                 "log_*",
                                 "--max-rate=50MB",
                                 "--part-size",
                                 "1GB",
                                 "--where=app.calls=kind = 'x' and n > 1",
                                 "--map",
                                 "app=crm",
                                 "--map",
                                 "app.calls=crm.call",
                                 "--cast=app.calls.kind=text",
                                 "-Ox",
                                 "--json",
                                 "-v",
                                 "--color=never"})
                             .options;
    EXPECT_EQ(options.command, Command::run);
    EXPECT_EQ(options.source, "service=old");
    EXPECT_EQ(options.target, "postgresql://h/new");
    EXPECT_EQ(options.jobs, 8);
    EXPECT_EQ(options.schemas, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(options.exclude_tables, std::vector<std::string>{"log_*"});
    EXPECT_EQ(options.max_rate, 50 << 20);
    EXPECT_EQ(options.part_size, 1 << 30);
    EXPECT_EQ(options.row_filters.at("app.calls"), "kind = 'x' and n > 1");
    ASSERT_EQ(options.mappings.size(), 2U);
    EXPECT_EQ(options.mappings[1].to, "crm.call");
    EXPECT_EQ(options.casts.at("app.calls.kind"), "text");
    EXPECT_TRUE(options.no_owner && options.no_privileges && options.json && options.verbose);
    EXPECT_EQ(options.color, std::optional(false));
}

TEST(CliParse, DefaultsOfTheTableAreThoseOfTheStruct) {
    const Options plain;
    for (const auto &option : kOptions) {
        if (option.fallback.empty())
            continue;
        Options filled;
        assign(filled, option, {std::string(option.fallback)}, "default");
        const auto same = [&](auto field) {
            if constexpr (std::is_same_v<decltype(field), std::monostate>)
                return false;
            else
                return filled.*field == plain.*field;
        };
        EXPECT_TRUE(std::visit(same, option.field)) << option.name;
    }
}

TEST(CliParse, NamesAndLettersAreUnique) {
    for (std::size_t i = 0; i < kOptions.size(); ++i) {
        for (std::size_t j = i + 1; j < kOptions.size(); ++j) {
            EXPECT_NE(kOptions[i].name, kOptions[j].name);
            if (kOptions[i].letter != 0) {
                EXPECT_NE(kOptions[i].letter, kOptions[j].letter);
            }
        }
    }
}

TEST(CliParse, CommandLineWinsOverEnvironmentOverFile) {
    const ConfigFile file("jobs = 2\nindex-jobs = 2\npart-size = '1MB'\nschema = ['file']\n");
    const auto options =
        parsed(
            {"run", "--config", file.path(), "--jobs=6"},
            {{"CUSTODY_JOBS", "4"}, {"CUSTODY_INDEX_JOBS", "4"}, {"CUSTODY_SCHEMA", "a, \"b,c\""}})
            .options;
    EXPECT_EQ(options.jobs, 6);
    EXPECT_EQ(options.index_jobs, 4);
    EXPECT_EQ(options.part_size, 1 << 20);
    EXPECT_EQ(options.schemas, (std::vector<std::string>{"a", "\"b,c\""}));
}

TEST(CliParse, SwitchesCanBeTurnedOffAgain) {
    EXPECT_FALSE(parsed({"run", "--json=false"}, {{"CUSTODY_JSON", "yes"}}).options.json);
    EXPECT_TRUE(parsed({"run", "-v"}, {{"CUSTODY_QUIET", "1"}}).options.verbose);
    EXPECT_FALSE(parsed({"run", "-v"}, {{"CUSTODY_QUIET", "1"}}).options.quiet);
}

TEST(CliParse, JsonAndSarifExcludeEachOther) {
    EXPECT_EQ(refusal({"lint", "--target=x", "--sarif", "--json"}),
              "--json and --sarif exclude each other | give one of them");
    const Variables json{{"CUSTODY_JSON", "1"}};
    EXPECT_FALSE(parsed({"lint", "--target=x", "--sarif"}, json).options.json);
    EXPECT_TRUE(parsed({"lint", "--target=x", "--sarif", "--json=false"}, json).options.sarif);
    EXPECT_FALSE(parsed({"lint", "--target=x", "--json"}, {{"CUSTODY_SARIF", "1"}}).options.sarif);
    const Variables both{{"CUSTODY_JSON", "1"}, {"CUSTODY_SARIF", "1"}};
    EXPECT_NE(refusal({"lint", "--target=x"}, both).find("exclude each other"), std::string::npos);
    EXPECT_TRUE(parsed({"status", "--target=x"}, both).options.json);
}

TEST(CliParse, ReadsTheTablesOfTheFile) {
    const ConfigFile file(R"(
tables = ["app.*"]
[source]
host = "db's"
dbname = "old"
[map]
app = "crm"
[table."app.calls"]
where = "a = 'x=y'"
target = "crm.call"
cast."Kind of" = "text"
)");
    const auto options = parsed({"plan", "-c", file.path()}).options;
    EXPECT_EQ(options.source, "dbname='old' host='db\\'s'");
    EXPECT_EQ(options.row_filters.at("app.calls"), "a = 'x=y'");
    EXPECT_EQ(options.casts.at("app.calls.Kind of"), "text");
    ASSERT_EQ(options.mappings.size(), 2U);
    EXPECT_EQ(options.tables, std::vector<std::string>{"app.*"});
    const ConfigFile list("table = ['app.calls', 'b*']\n");
    EXPECT_EQ(parsed({"plan", "-c", list.path()}).options.tables.size(), 2U);
}

TEST(CliParse, UnknownKeysOfTheFileNameTheLine) {
    const auto config = [](const std::string &text) {
        const ConfigFile file(text);
        return refusal({"plan", "-c", file.path()});
    };
    EXPECT_NE(config("jobs = 1\njbos = 2\n").find("line 2: unknown key \"jbos\""),
              std::string::npos);
    EXPECT_NE(config("jbos = 2\n").find("did you mean \"jobs\"?"), std::string::npos);
    EXPECT_NE(config("[table.\"a.b\"]\n\nwhen = 'x'\n").find("line 3"), std::string::npos);
    EXPECT_NE(config("[source]\nhots = 'x'\n").find("did you mean \"host\"?"), std::string::npos);
    EXPECT_NE(config("[source]\npassword = 'x'\n").find("passfile"), std::string::npos);
    EXPECT_NE(config("dry-run = true\n").find("only be given on the command line"),
              std::string::npos);
    EXPECT_NE(config("jobs = \n").find("line 1: not valid TOML"), std::string::npos);
    EXPECT_NE(config("jobs = 0\n").find("line 1"), std::string::npos);
    for (const char *unreadable : {"/nowhere.toml", "/"})
        EXPECT_NE(refusal({"plan", "-c", unreadable}).find("could not read"), std::string::npos);
}

TEST(CliParse, ErrorsSayWhatWasMeant) {
    EXPECT_EQ(refusal({}), "no command given | try \"custody --help\"");
    EXPECT_EQ(refusal({"rnu"}), "unknown command \"rnu\" | did you mean \"run\"?");
    EXPECT_EQ(refusal({"run", "--jbos=3"}), "unknown option --jbos | did you mean --jobs?");
    EXPECT_EQ(refusal({"run", "-h"}), "unknown option -h | did you mean --help?");
    EXPECT_EQ(refusal({"--json", "run"}),
              "option --json stands before the command | write it after the command, as in "
              "\"custody run --json\"");
    EXPECT_EQ(refusal({"status", "--jobs=3"}),
              "option --jobs does not apply to \"custody status\" | try \"custody status --help\"");
    EXPECT_EQ(refusal({"run", "plan"}),
              "unexpected argument \"plan\" after \"run\" | try \"custody run --help\"");
    EXPECT_EQ(refusal({"run", "--jobs=0"}),
              "invalid value for --jobs: \"0\" | write a number from 1 to 1024");
    EXPECT_EQ(refusal({"run", "--where=calls=true"}),
              "invalid value for --where: \"calls\" | name the table as schema.table");
    EXPECT_EQ(refusal({"run", "--max-rate=fast"}),
              "invalid value for --max-rate: \"fast\" | write a number with a unit, as in 64kB, "
              "256MB or 1GB");
    EXPECT_EQ(refusal({"report", "--format=pdf"}),
              "invalid value for --format: \"pdf\" | write one of text, json, html");
    EXPECT_EQ(refusal({"run"}, {{"CUSTODY_JOBS", "many"}}),
              "invalid value for CUSTODY_JOBS: \"many\" | write a number from 1 to 1024");
    EXPECT_EQ(refusal({"run", "--jobs"}), "--jobs needs a value | try \"custody run --help\"");
    EXPECT_EQ(refusal({"audit", "report", "--digest="}),
              "--digest needs a value | try \"custody audit report --help\"");
}

TEST(CliParse, CommandsOfTwoWords) {
    const auto bundle = parsed({"audit", "verify-bundle", "file", "--digest=d"}).options;
    EXPECT_EQ(bundle.command, Command::audit_verify_bundle);
    EXPECT_EQ(bundle.operand, "file");
    EXPECT_EQ(parsed({"audit", "verify-bundle", "--digest=d", "-"}).options.operand, "-");
    EXPECT_EQ(parsed({"audit", "anchor", "--target=t"}).options.command, Command::audit_anchor);
    EXPECT_EQ(refusal({"audit"}), "no command given after \"audit\" | the commands are audit "
                                  "anchor, audit verify-bundle, audit report");
    EXPECT_EQ(parsed({"audit", "report", "--target=t", "--format=html"}).options.command,
              Command::audit_report);
    EXPECT_EQ(refusal({"audit", "ancor"}),
              "unknown command \"audit ancor\" | did you mean \"audit anchor\"?");
    EXPECT_EQ(refusal({"audit", "everything"}),
              "unknown command \"audit everything\" | the commands are audit anchor, audit "
              "verify-bundle, audit report");
    EXPECT_EQ(refusal({"audit", "verify-bundle"}),
              "no FILE given | write \"custody audit verify-bundle FILE\"");
    EXPECT_EQ(refusal({"audit", "verify-bundle", "a", "b"}),
              "unexpected argument \"b\" after \"audit verify-bundle\" | try \"custody audit "
              "verify-bundle --help\"");
    EXPECT_EQ(refusal({"audit", "anchor", "a"}), "unexpected argument \"a\" after \"audit "
                                                 "anchor\" | try \"custody audit anchor --help\"");
    EXPECT_TRUE(parsed({"audit", "--help"}).print);
    EXPECT_TRUE(parsed({"audit", "anchor", "--help"}).print);
}

TEST(CliParse, PasswordsAreNeverRepeated) {
    const char *uri = "postgres://u:s3cret@h/d";
    EXPECT_EQ(parsed({"run", "--source", uri, "--target", uri}).warnings.size(), 1U);
    EXPECT_EQ(parsed({"run", "--source=host=h password=s3cret"}).warnings.size(), 1U);
    EXPECT_TRUE(parsed({"run"}, {{"CUSTODY_SOURCE", uri}}).warnings.empty());
    for (const auto &text :
         {parsed({"run", "--source", uri}).warnings.front(), refusal({"run", uri}),
          refusal({"run", "--sorce=postgres://u:s3cret@h/d"}),
          refusal({"run", "--source=postgres://u:s3cret%zz@h/d"}),
          refusal({"run", "--source=host=h password='s3cret"}),
          refusal({"run", "password=s3cret"})})
        EXPECT_EQ(text.find("s3cret"), std::string::npos) << text;
}

TEST(CliParse, PrintsInsteadOfRunning) {
    EXPECT_EQ(*parsed({"--version"}).print, *parsed({"run", "-V"}).print);
    EXPECT_EQ(*parsed({"run", "-?", "--jobs=2"}).print, command_help(info(Command::run)));
    EXPECT_NE(parsed({"--list-failpoints"}).print->find("run.before_finish\n"), std::string::npos);
    EXPECT_NE(refusal({"--completion=fish"}).find("no completion"), std::string::npos);
}

TEST(CliHelp, EveryOptionIsInEveryText) {
    const std::string man = man_page();
    const std::string completion = bash_completion();
    const std::string table = options_markdown();
    for (const auto &option : kOptions) {
        if (option.hidden)
            continue;
        EXPECT_NE(table.find("`--" + std::string(option.name)), std::string::npos);
        EXPECT_NE(completion.find("--" + std::string(option.name)), std::string::npos);
        for (const auto &command : kCommands)
            if (option.applies_to(command.command)) {
                EXPECT_NE(command_help(command).find("--" + std::string(option.name)),
                          std::string::npos);
            }
    }
    EXPECT_NE(man.find("\\-\\-max\\-rate"), std::string::npos);
}

TEST(CliHelp, TheDocumentHasTheTableOfOptions) {
    std::ifstream file(CUSTODY_SOURCE_DIR "/docs/loader.md");
    const std::string document{std::istreambuf_iterator<char>(file), {}};
    EXPECT_NE(document.find(options_markdown()), std::string::npos)
        << "put the output of \"custody --options-markdown\" into docs/loader.md";
    for (const auto &[code, meaning] : kExitCodes) {
        const std::string row = "| " + std::to_string(code) + " | " + std::string(meaning) + " |";
        EXPECT_NE(document.find(row), std::string::npos) << row;
    }
    for (const auto &command : kCommands) {
        EXPECT_NE(document.find("`custody " + std::string(command.name) + "`"), std::string::npos);
    }
}

TEST(CliHelp, TheDocumentShowsEveryKeyOfTheFile) {
    std::ifstream page(CUSTODY_SOURCE_DIR "/docs/loader.md");
    const std::string document{std::istreambuf_iterator<char>(page), {}};
    const auto start = document.find("```toml\n") + 8;
    const std::string example = document.substr(start, document.find("```", start) - start);
    const ConfigFile file(example);
    EXPECT_EQ(parsed({"run", "-c", file.path()}).options.mappings.size(), 2U);
    for (const auto &option : kOptions)
        if (option.from == From::everywhere && option.name != "table") {
            EXPECT_NE(example.find("\n" + std::string(option.name) + " = "), std::string::npos)
                << option.name;
        }
}

TEST(CliHelp, LinesFitATerminal) {
    for (const auto &command : kCommands) {
        std::istringstream text(command_help(command));
        bool examples = false;
        for (std::string line; std::getline(text, line);) {
            examples = line == "Examples:" || (examples && line != "Environment and file:");
            if (!examples) { // commands are not broken
                EXPECT_LE(line.size(), 80U) << line;
            }
        }
    }
}

TEST(CliNames, SplitsAndSuggests) {
    EXPECT_EQ(split_name("a.b"), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(split_name("\"a.b\".\"c\"\"d\""), (std::vector<std::string>{"a.b", "c\"d"}));
    EXPECT_THROW(split_name("a..b"), Error);
    EXPECT_THROW(split_name("\"a"), Error);
    EXPECT_EQ(nearest("shcema", {"schema", "source"}), "schema");
    EXPECT_EQ(nearest("zzz", {"schema", "source"}), "");
}

TEST(CliValues, Sizes) {
    EXPECT_EQ(parse_size("64kB"), 65536);
    EXPECT_EQ(parse_size("1.5 GiB"), 1610612736);
    EXPECT_EQ(parse_size("17"), 17);
    for (const char *bad : {"", "-1MB", "MB", "1XB", "nan", "1e300", "3 MBs"})
        EXPECT_THROW(parse_size(bad), std::invalid_argument) << bad;
}

} // namespace
} // namespace custody::cli
