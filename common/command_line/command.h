#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A command line as data: a tree of commands, each with its options. parse.h parses words by it
/// and prints its help; the completion walks it too. No library shows through.
namespace pyro {

/// `--mem-mib N`, a flag, or, without dashes in its name, a positional such as ENVIRONMENT.
struct Option {
  enum class Kind { kValue, kFlag, kHelp, kVersion };

  std::string name;
  std::string help;
  /// `N`, `DIR`: what help shows for a value.
  std::string value_name = {};
  /// The values that there are; any other one is refused. Empty: no such list.
  std::vector<std::string> choices = {};
  bool required = false;
  bool hidden = false;
  /// What the user is told that the command needs, where a required option is missing; by default
  /// its name.
  std::string needed = {};

  // The rest is set by CliCommand::add and its callers.

  Kind kind = Kind::kValue;
  bool repeatable = false;
  /// Called with each value while a command line is parsed. An Error from it refuses the value.
  std::function<void(const std::string& value)> take = {};
  /// kFlag: where it is stored.
  bool* flag = nullptr;
  /// It cannot stand beside these.
  std::vector<Option*> excludes = {};
  /// It only makes sense beside this one.
  Option* needs = nullptr;
  /// It is not required where this one is given.
  const Option* replaced_by = nullptr;
  /// How often the command line gave it.
  std::size_t count = 0;

  bool positional() const { return !name.starts_with('-'); }
  bool takes_value() const { return kind == Kind::kValue; }
  /// `--mem-mib`, and `-h` of `--help`.
  bool is_called(std::string_view word) const;
};

/// `a` and `b` cannot stand together.
void exclude_each_other(Option& a, Option& b);

/// A command, a group of commands below it, or both. References to options and commands stay valid
/// as long as the root.
class CliCommand {
 public:
  CliCommand(std::string name, std::string summary);
  CliCommand(const CliCommand&) = delete;
  CliCommand& operator=(const CliCommand&) = delete;

  CliCommand& add_command(std::string name, std::string summary);

  Option& add(Option option, std::function<void(const std::string& value)> take);
  Option& add(Option option, std::string& value);
  /// Text of no bytes is a value.
  Option& add(Option option, std::optional<std::string>& value);
  Option& add(Option option, std::optional<std::filesystem::path>& value);
  /// One that may be repeated.
  Option& add(Option option, std::vector<std::string>& values);
  Option& add_flag(std::string name, std::string help, bool& value);
  /// `--version`, which prints `text`.
  void add_version(std::string text);

  /// `pyro env list`
  std::string full_name() const;
  /// The command of that name right below, hidden ones included, or null.
  CliCommand* find_command(std::string_view name);
  const CliCommand* find_command(std::string_view name) const;
  /// The commands right below that help shows.
  std::vector<const CliCommand*> visible_commands() const;
  /// This command's option of that name, or null.
  Option* find_option(std::string_view name);
  /// The same, also of the commands above: an option of theirs may stand behind this command too.
  const Option* find_option_upwards(std::string_view name) const;

  std::string name;
  std::string summary;
  /// What help says below the options: examples, then remarks.
  std::string footer = {};
  bool hidden = false;
  /// One of the commands below must be named.
  bool needs_command = false;
  /// How a command for a guest stands after `--`; nullopt: nothing may stand there.
  std::optional<std::string> words_example = {};
  /// What stood after `--`; nullopt without one.
  std::optional<std::vector<std::string>> words = {};
  /// What the command does; returns the exit status.
  std::function<int()> action = {};
  /// What `--version` prints.
  std::string version = {};

  CliCommand* parent = nullptr;
  std::list<CliCommand> commands = {};
  std::list<Option> options = {};

 private:
  Option& add_option(Option option);
};

}  // namespace pyro
