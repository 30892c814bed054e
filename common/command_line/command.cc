#include "common/command_line/command.h"

#include <algorithm>
#include <utility>

namespace pyro {

bool Option::is_called(std::string_view word) const {
  return word == name || (kind == Kind::kHelp && word == "-h");
}

void exclude_each_other(Option& a, Option& b) {
  a.excludes.push_back(&b);
  b.excludes.push_back(&a);
}

CliCommand::CliCommand(std::string name_, std::string summary_)
    : name(std::move(name_)), summary(std::move(summary_)) {
  options.push_back(
      {.name = "--help", .help = "Print this help message and exit", .kind = Option::Kind::kHelp});
}

CliCommand& CliCommand::add_command(std::string below, std::string what) {
  CliCommand& command = commands.emplace_back(std::move(below), std::move(what));
  command.parent = this;
  return command;
}

Option& CliCommand::add_option(Option option) {
  options.push_back(std::move(option));
  return options.back();
}

Option& CliCommand::add(Option option, std::function<void(const std::string& value)> take) {
  option.take = std::move(take);
  return add_option(std::move(option));
}

Option& CliCommand::add(Option option, std::string& value) {
  return add(std::move(option), [&value](const std::string& text) { value = text; });
}

Option& CliCommand::add(Option option, std::optional<std::string>& value) {
  return add(std::move(option), [&value](const std::string& text) { value = text; });
}

Option& CliCommand::add(Option option, std::optional<std::filesystem::path>& value) {
  return add(std::move(option), [&value](const std::string& text) { value = text; });
}

Option& CliCommand::add(Option option, std::vector<std::string>& values) {
  option.repeatable = true;
  return add(std::move(option), [&values](const std::string& text) { values.push_back(text); });
}

Option& CliCommand::add_flag(std::string flag, std::string help, bool& value) {
  return add_option({.name = std::move(flag),
                     .help = std::move(help),
                     .kind = Option::Kind::kFlag,
                     .flag = &value});
}

void CliCommand::add_choice_flags(const std::string& flag, std::string help,
                                  std::optional<bool>& value) {
  const auto add_one = [&](std::string one, std::string text, bool stored) -> Option& {
    return add_option({.name = std::move(one),
                       .help = std::move(text),
                       .kind = Option::Kind::kFlag,
                       .take = [&value, stored](const std::string&) { value = stored; }});
  };
  Option& yes = add_one("--" + flag, std::move(help), true);
  exclude_each_other(yes, add_one("--no-" + flag, "The contrary of --" + flag, false));
}

void CliCommand::add_version(std::string text) {
  version = std::move(text);
  add_option({.name = "--version",
              .help = "Display program version information and exit",
              .kind = Option::Kind::kVersion});
}

std::string CliCommand::full_name() const {
  return parent == nullptr ? name : parent->full_name() + " " + name;
}

CliCommand* CliCommand::find_command(std::string_view below) {
  const auto found =
      std::find_if(commands.begin(), commands.end(),
                   [below](const CliCommand& command) { return command.name == below; });
  return found == commands.end() ? nullptr : &*found;
}

const CliCommand* CliCommand::find_command(std::string_view below) const {
  return const_cast<CliCommand*>(this)->find_command(below);
}

std::vector<const CliCommand*> CliCommand::visible_commands() const {
  std::vector<const CliCommand*> visible;
  for (const auto& command : commands) {
    if (!command.hidden) visible.push_back(&command);
  }
  return visible;
}

Option* CliCommand::find_option(std::string_view word) {
  const auto found = std::find_if(options.begin(), options.end(),
                                  [word](const Option& option) { return option.is_called(word); });
  return found == options.end() ? nullptr : &*found;
}

const Option* CliCommand::find_option_upwards(std::string_view word) const {
  for (const CliCommand* command = this; command != nullptr; command = command->parent) {
    if (const Option* option = const_cast<CliCommand*>(command)->find_option(word)) return option;
  }
  return nullptr;
}

}  // namespace pyro
