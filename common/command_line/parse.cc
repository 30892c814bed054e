#include "common/command_line/parse.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/command_line/usage.h"
#include "common/command_line/usage_error.h"

namespace pyro {
namespace {

/// A tree of ours as CLI11 has it. Errors of CLI11 are told apart by their types; no text of theirs
/// is read.
class Translation {
 public:
  explicit Translation(CliCommand& root) : root_(root), app_(root.summary, root.name) {
    app_.fallthrough();  // an option of the root may stand behind a command
    translate(root, app_);
  }

  void parse(std::vector<std::string> words) {
    std::reverse(words.begin(), words.end());  // CLI11 takes them last first
    app_.parse(words);
  }
  std::string refusal(const usage::Line& line, const CLI::ParseError& error) const;
  std::string help(const CliCommand& command) const {
    return apps_.at(&command)->help(command.parent == nullptr ? "" : command.parent->full_name(),
                                    CLI::AppFormatMode::Normal);
  }
  /// The deepest command that was named.
  CliCommand& chosen() const;
  /// Tells each option of ours how often it was given.
  void count_options() const;

 private:
  void translate(CliCommand& command, CLI::App& app);
  void translate_option(const CliCommand& command, Option& option, CLI::App& app);
  /// What CLI11 calls with the values that it found.
  bool take(Option& option, const CLI::results_t& values);
  std::string wrong_flag() const;

  CliCommand& root_;
  CLI::App app_;
  std::map<const CliCommand*, CLI::App*> apps_;
  std::map<Option*, CLI::Option*> options_;
};

void Translation::translate(CliCommand& command, CLI::App& app) {
  apps_[&command] = &app;
  app.footer(command.footer);
  if (command.hidden) app.group("");
  if (command.needs_command) app.require_subcommand(1);
  for (auto& option : command.options) translate_option(command, option, app);
  for (auto& option : command.options) {
    for (auto* other : option.excludes) options_.at(&option)->excludes(options_.at(other));
    if (option.needs != nullptr) options_.at(&option)->needs(options_.at(option.needs));
  }
  for (auto& below : command.commands) {
    translate(below, *app.add_subcommand(below.name, below.summary));
  }
}

void Translation::translate_option(const CliCommand& command, Option& option, CLI::App& app) {
  CLI::Option*& made = options_[&option];
  switch (option.kind) {
    case Option::Kind::kHelp:
      made = app.set_help_flag("-h," + option.name, option.help);
      return;
    case Option::Kind::kVersion:
      made = app.set_version_flag(option.name, command.version, option.help);
      return;
    case Option::Kind::kFlag:
      if (option.flag != nullptr) {
        made = app.add_flag(option.name, *option.flag, option.help);
      } else {
        made = app.add_flag_function(
            option.name, [&option](std::int64_t) { option.take(""); }, option.help);
      }
      break;
    case Option::Kind::kValue:
      made = app.add_option(
          option.name,
          [this, &option](const CLI::results_t& values) { return take(option, values); },
          option.help);
      std::string type = option.value_name;
      if (!option.choices.empty()) {
        type += fmt::format("{}{{{}}}", type.empty() ? "" : ":", join(option.choices, ","));
      }
      made->type_name(type);
      if (option.repeatable) {
        made->expected(CLI::detail::expected_max_vector_size)
            ->type_size(1)
            ->allow_extra_args(option.positional());
      }
      break;
  }
  made->required(option.required);
  if (option.hidden) made->group("");
}

bool Translation::take(Option& option, const CLI::results_t& values) {
  const std::size_t count = option.repeatable ? options_.at(&option)->count() : 1;
  for (std::size_t i = 0; i < count && i < values.size(); ++i) {
    const auto& value = values[i];
    const bool known =
        option.choices.empty() ||
        std::find(option.choices.begin(), option.choices.end(), value) != option.choices.end();
    if (!known) throw UsageError(usage::no_choice(option, value));
    option.take(value);
    option.values.push_back(value);
  }
  for (auto& [other, made] : options_) {
    if (other->replaced_by == &option) made->required(false);
  }
  return true;
}

CliCommand& Translation::chosen() const {
  CliCommand* command = &root_;
  for (const CLI::App* app = &app_; !app->get_subcommands().empty();) {
    app = app->get_subcommands().back();
    command = command->find_command(app->get_name());
  }
  return *command;
}

void Translation::count_options() const {
  for (const auto& [option, made] : options_) option->count = made->count();
}

std::string Translation::wrong_flag() const {
  for (const auto& [option, made] : options_) {
    if (option->kind != Option::Kind::kFlag || made->count() == 0) continue;
    try {
      made->as<bool>();
    } catch (const CLI::ConversionError&) {
      return usage::wrong_flag(*option, made->results().back());
    }
  }
  return "a value does not fit its option";
}

std::string Translation::refusal(const usage::Line& line, const CLI::ParseError& error) const {
  if (const auto unknown = usage::unknown_command(root_, line.words); !unknown.empty()) {
    return unknown;
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    return usage::extra_word(line, app_.remaining(true));
  }
  if (const auto unknown = usage::unknown_option(line); !unknown.empty()) return unknown;
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    return usage::missing_part(line.command);
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    return usage::wrong_count(line);
  }
  if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr) return wrong_flag();
  const bool conflict = dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr ||
                        dynamic_cast<const CLI::RequiresError*>(&error) != nullptr;
  return conflict ? usage::conflict(line.command) : error.what();
}

/// Everything after the first `--` is taken as it is, before CLI11 sees it. `--name=` is an empty
/// value, where CLI11 would take the next word for it.
std::vector<std::string> words_before_dashes(const std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> words;
  for (auto word = arguments.begin(); word != dashes; ++word) {
    const bool empty_value = word->starts_with("--") && word->find('=') + 1 == word->size();
    words.push_back(empty_value ? word->substr(0, word->size() - 1) : *word);
    if (empty_value) words.emplace_back();
  }
  return words;
}

std::optional<std::vector<std::string>> words_after_dashes(
    const std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (dashes == arguments.end()) return std::nullopt;
  return std::vector<std::string>(std::next(dashes), arguments.end());
}

}  // namespace

ParsedLine parse(CliCommand& root, const std::vector<std::string>& arguments) {
  using Asked = ParsedLine::Asked;
  Translation translation(root);
  const auto words = words_before_dashes(arguments);
  auto after = words_after_dashes(arguments);
  Asked asked = Asked::kAction;
  std::string refusal;
  try {
    translation.parse(words);
  } catch (const CLI::CallForHelp&) {
    asked = Asked::kHelp;
    refusal = usage::unknown_command(root, words);
  } catch (const CLI::CallForVersion&) {
    asked = Asked::kVersion;
    refusal = usage::unknown_command(root, words);
  } catch (const CLI::ParseError& error) {
    translation.count_options();
    refusal = translation.refusal({translation.chosen(), words, after.has_value()}, error);
  } catch (const Error& error) {
    refusal = error.message();
  }
  translation.count_options();
  CliCommand& command = translation.chosen();
  if (refusal.empty() && asked == Asked::kAction && after && !command.words_example) {
    refusal = fmt::format("`{}` takes no command after --", command.full_name());
  }
  command.words = std::move(after);
  if (!refusal.empty()) asked = Asked::kNonsense;
  return {asked, &command, std::move(refusal)};
}

std::string help_text(CliCommand& command) {
  CliCommand* root = &command;
  while (root->parent != nullptr) root = root->parent;
  return Translation(*root).help(command);
}

int run_program(CliCommand& root, int argc, char** argv) {
  const ParsedLine line = parse(root, {argv + 1, argv + argc});
  switch (line.asked) {
    case ParsedLine::Asked::kHelp:
      fmt::print("{}", help_text(*line.command));
      return 0;
    case ParsedLine::Asked::kVersion:
      fmt::print("{}\n", root.version);
      return 0;
    case ParsedLine::Asked::kNonsense:
      fmt::print(stderr, "error: {}\nRun `{} --help` for how to use it.\n", line.refusal,
                 line.command->full_name());
      return UsageError::kExitStatus;
    case ParsedLine::Asked::kAction:
      break;
  }
  return line.command->action();
}

}  // namespace pyro
