#include "common/command_line/usage.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "common/base/text.h"
#include "common/command_line/suggest.h"

namespace pyro::usage {
namespace {

/// How much of a value a refusal repeats, in characters.
constexpr std::size_t kShownValue = 80;

std::vector<std::string> names_below(const CliCommand& command) {
  std::vector<std::string> names;
  for (const auto* below : command.visible_commands()) names.push_back(below->name);
  return names;
}

std::string option_part(const std::string& word) { return word.substr(0, word.find('=')); }

bool looks_like_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' &&
         std::isdigit(static_cast<unsigned char>(word[1])) == 0;
}

/// Calls `visit(option)` for those of the command and the ones above.
template <class Visit>
void for_each_option(const CliCommand& command, const Visit& visit) {
  for (const CliCommand* place = &command; place != nullptr; place = place->parent) {
    for (const auto& option : place->options) visit(option);
  }
}

/// `mem_mib` of `--mem-mib`: the field's name, by which refusals of a request call it too.
std::string field_name(const Option& option) {
  std::string field = option.positional() ? option.name : option.name.substr(2);
  std::replace(field.begin(), field.end(), '-', '_');
  return field;
}

}  // namespace

std::string unknown_command(const CliCommand& root, const std::vector<std::string>& words) {
  const CliCommand* place = &root;
  for (auto word = words.begin(); word != words.end(); ++word) {
    if (word->starts_with("-")) {
      const Option* option = place->find_option_upwards(*word);
      const bool value_follows = option != nullptr && option->takes_value();
      if (value_follows && std::next(word) != words.end()) ++word;
      continue;
    }
    const CliCommand* below = place->find_command(*word);
    if (below == nullptr) {
      const auto names = names_below(*place);
      if (names.empty()) break;
      const auto guess = nearest(*word, names);
      return fmt::format("unknown command '{}'{}", *word,
                         guess ? fmt::format(": did you mean '{}'?", *guess)
                               : fmt::format("; there are: {}", join(names, ", ")));
    }
    place = below;
  }
  return "";
}

std::string unknown_option(const Line& line) {
  std::vector<std::string> known{"-h"};
  for_each_option(line.command, [&known](const Option& option) {
    if (!option.positional()) known.push_back(option.name);
  });
  for (const auto& word : line.words) {
    const std::string name = option_part(word);
    if (!looks_like_option(word) || std::find(known.begin(), known.end(), name) != known.end()) {
      continue;
    }
    const auto guess = nearest(name, known);
    return fmt::format("unknown option '{}'{}", name,
                       guess ? fmt::format(": did you mean '{}'?", *guess) : "");
  }
  return "";
}

std::string extra_word(const Line& line, const std::vector<std::string>& rest) {
  if (!line.has_dashes && line.command.words_example) {
    return "the command to run stands after --, as in: " + *line.command.words_example;
  }
  if (const auto unknown = unknown_option(line); !unknown.empty()) return unknown;
  const std::string word = rest.empty() ? "" : rest.front();
  const std::string command = line.command.full_name();
  return word.starts_with("--")
             ? fmt::format("{0} stands after its command, as in: {1} {0}", word, command)
             : fmt::format("{} does not take '{}'", command, word);
}

std::string missing_part(const CliCommand& command) {
  if (const auto names = names_below(command); !names.empty()) {
    return fmt::format("{} needs a command; there are: {}", command.full_name(), join(names, ", "));
  }
  for (const auto& option : command.options) {
    const bool replaced = option.replaced_by != nullptr && option.replaced_by->count > 0;
    if (!option.required || option.count > 0 || replaced) continue;
    const std::string name =
        option.positional() ? option.name : option.name + " " + option.value_name;
    return fmt::format("{} needs {}", command.full_name(),
                       option.needed.empty() ? name : option.needed);
  }
  return command.full_name() + " needs more words";
}

std::string wrong_count(const Line& line) {
  std::string twice;
  for_each_option(line.command, [&twice](const Option& option) {
    if (option.takes_value() && !option.repeatable && option.count > 1) twice = option.name;
  });
  if (!twice.empty()) return twice + " is given more than once";
  // Only the end of the words is no value.
  return line.words.back() + " needs a value";
}

std::string wrong_flag(const Option& flag, const std::string& value) {
  return fmt::format("invalid value '{}' for {}: expected true or false",
                     one_line(value, kShownValue), flag.name);
}

std::string conflict(const CliCommand& command) {
  for (const auto& option : command.options) {
    if (option.count == 0) continue;
    if (option.needs != nullptr && option.needs->count == 0) {
      return fmt::format("{} requires {}", option.name, option.needs->name);
    }
    for (const auto* other : option.excludes) {
      if (other->count > 0) return fmt::format("{} excludes {}", option.name, other->name);
    }
  }
  return "these options do not go together";
}

std::string no_choice(const Option& option, const std::string& value) {
  return fmt::format("{} must be one of: {}; not '{}'", field_name(option),
                     join(option.choices, ", "), one_line(value, kShownValue));
}

}  // namespace pyro::usage
