#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A command line as data: a tree of commands, each with its options. parse.h parses words with it
/// and prints its help; the completion walks it too. Hides the parser library.
namespace pyro {

/// `--mem-mib N`, a flag, or, without dashes in its name, a positional such as ENVIRONMENT.
struct Option {
  enum class Kind { kValue, kFlag, kHelp, kVersion };

  std::string name;
  std::string help;
  /// `N`, `DIR`: help shows it for the value.
  std::string value_name = {};
  /// The only allowed values; empty: any.
  std::vector<std::string> choices = {};
  bool required = false;
  bool hidden = false;
  /// The text for a missing required option: what the command needs; by default its name.
  std::string needed = {};

  // CliCommand::add and its callers set the rest.

  Kind kind = Kind::kValue;
  bool repeatable = false;
  /// Called with each parsed value. An Error from it refuses the value.
  std::function<void(const std::string& value)> take = {};
  /// kFlag: the target, else `take` is called with nothing.
  bool* flag = nullptr;
  /// Excludes these.
  std::vector<Option*> excludes = {};
  /// Needs this one.
  Option* needs = nullptr;
  /// Not required if this one is given.
  const Option* replaced_by = nullptr;
  /// How often the command line has it.
  std::size_t count = 0;
  /// The parsed values, in their order.
  std::vector<std::string> values = {};

  bool positional() const { return !name.starts_with('-'); }
  bool takes_value() const { return kind == Kind::kValue; }
  /// Whether `word` names it: `--mem-mib`, and `-h` for `--help`.
  bool is_called(std::string_view word) const;
};

/// Makes `a` and `b` exclude each other.
void exclude_each_other(Option& a, Option& b);

/// A command, a group of commands below it, or both. References to options and commands live as
/// long as the root.
class CliCommand {
 public:
  CliCommand(std::string name, std::string summary);
  CliCommand(const CliCommand&) = delete;
  CliCommand& operator=(const CliCommand&) = delete;

  CliCommand& add_command(std::string name, std::string summary);

  Option& add(Option option, std::function<void(const std::string& value)> take);
  Option& add(Option option, std::string& value);
  /// An empty text is a value.
  Option& add(Option option, std::optional<std::string>& value);
  Option& add(Option option, std::optional<std::filesystem::path>& value);
  /// A repeatable option.
  Option& add(Option option, std::vector<std::string>& values);
  Option& add_flag(std::string name, std::string help, bool& value);
  /// `--NAME` and `--no-NAME`, which exclude each other; without either the value stays none.
  void add_choice_flags(const std::string& name, std::string help, std::optional<bool>& value);
  /// `--version`, which prints `text`.
  void add_version(std::string text);

  /// `pyro env list`
  std::string full_name() const;
  /// The direct subcommand of that name, hidden ones included, or null.
  CliCommand* find_command(std::string_view name);
  const CliCommand* find_command(std::string_view name) const;
  /// The direct subcommands that help shows.
  std::vector<const CliCommand*> visible_commands() const;
  /// This command's option of that name, or null.
  Option* find_option(std::string_view name);
  /// The same, also searching parent commands: their options may follow this command.
  const Option* find_option_upwards(std::string_view name) const;

  std::string name;
  std::string summary;
  /// The help below the options: examples, then remarks.
  std::string footer = {};
  bool hidden = false;
  /// Requires a subcommand.
  bool needs_command = false;
  /// An example of a guest's command after `--`; nullopt: `--` is not allowed.
  std::optional<std::string> words_example = {};
  /// The words after `--`; nullopt without `--`.
  std::optional<std::vector<std::string>> words = {};
  /// Runs the command; returns the exit status.
  std::function<int()> action = {};
  /// The text for `--version`.
  std::string version = {};

  CliCommand* parent = nullptr;
  std::list<CliCommand> commands = {};
  std::list<Option> options = {};

 private:
  Option& add_option(Option option);
};

}  // namespace pyro
