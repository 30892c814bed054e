#include "gateway/cli/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/api/error_body.h"
#include "common/base/text.h"
#include "gateway/cli/command_tree.h"
#include "gateway/cli/commands/commands.h"
#include "gateway/cli/stdout_closed.h"
#include "gateway/cli/suggest.h"

namespace pyro::cli {
namespace {

constexpr int kFailure = 1;
constexpr int kUsage = 2;

void tell(std::string_view message) {
  std::string line = printable(message);
  std::replace(line.begin(), line.end(), '\n', ' ');
  fmt::print(stderr, "error: {}\n", line);
}

/// With --json the failure is the document on standard output, beside the sentence on standard
/// error.
void print_error_document(const Session& session, const Error& error) {
  if (!session.json) return;
  const Error shown(error.code(), error.reason(), printable(error.message()));
  try {
    const auto document = api::Json::object({{"error", api::to_json(api::error_body(shown))}});
    print(document.dump(2) + "\n");
  } catch (const StdoutClosed&) {  // the sentence is still told
  } catch (const std::exception&) {
  }
}

/// The deepest command that was named: whose help fits.
const CLI::App& chosen(const CLI::App& root) {
  const CLI::App* app = &root;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().back();
  return *app;
}

std::vector<std::string> names_below(const CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* sub : visible_commands(command)) names.push_back(sub->get_name());
  return names;
}

/// The first word that is neither an option nor a command, where a command was due.
std::string unknown_command(const CLI::App& root, const std::vector<std::string>& arguments) {
  const CLI::App* place = &root;
  for (const auto& word : arguments) {
    if (word.starts_with("-")) break;
    const auto* sub = command_named(*place, word);
    if (sub == nullptr) {
      if (names_below(*place).empty()) break;
      const auto guess = nearest(word, names_below(*place));
      const std::string hint =
          guess ? fmt::format(": did you mean '{}'?", *guess)
                : fmt::format("; there are: {}", join(names_below(*place), ", "));
      return fmt::format("unknown command '{}'{}", word, hint);
    }
    place = sub;
  }
  return "";
}

/// The first option that neither the command that was named nor one above it has.
std::string unknown_option(const CLI::App& root, const std::vector<std::string>& arguments) {
  const CLI::App& command = chosen(root);
  std::vector<std::string> known;
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    for (const auto* option : app->get_options()) {
      for (const auto& name : option->get_lnames()) known.push_back("--" + name);
      for (const auto& name : option->get_snames()) known.push_back("-" + name);
    }
  }
  for (const auto& word : arguments) {
    const std::string name = word.substr(0, word.find('='));
    const bool is_option = name.size() > 1 && name[0] == '-' && std::isdigit(name[1]) == 0;
    if (!is_option || std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto guess = nearest(name, known);
    return fmt::format("unknown option '{}'{}", name,
                       guess ? fmt::format(": did you mean '{}'?", *guess) : "");
  }
  return "";
}

/// What a command lacks that it cannot do without.
std::string missing_part(const CLI::App& command, const CLI::ParseError& error) {
  if (const auto commands = names_below(command); !commands.empty()) {
    return fmt::format("{} needs a command; there are: {}", full_name(command),
                       join(commands, ", "));
  }
  for (const auto* option : command.get_options()) {
    if (!option->get_required() || option->count() > 0) continue;
    if (option->get_name() == "WORKSPACE_ID") {
      return full_name(command) + " needs a workspace id; see pyro workspace list";
    }
    return fmt::format("{} needs {}{}{}", full_name(command), option->get_name(),
                       option->get_positional() ? "" : " ",
                       option->get_positional() ? "" : option->get_type_name());
  }
  return error.what();
}

/// What is wrong with an option's value, from CLI11's words for it.
std::string option_failure(const CLI::ParseError& error) {
  const std::string said = error.what();
  constexpr std::string_view kConversion = "Could not convert: ";
  if (said.starts_with(kConversion)) {
    const std::string pair = said.substr(kConversion.size());
    const std::size_t equals = pair.find(" = ");
    if (equals != std::string::npos) {
      return fmt::format("'{}' is no value for {}", pair.substr(equals + 3),
                         pair.substr(0, equals));
    }
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    return said.substr(0, said.find(':')) +
           (said.ends_with("missing") ? " needs a value" : " is given more than once");
  }
  return said;
}

/// What is wrong with the words, in one sentence; CLI11's own where it is good enough.
std::string parse_failure(const CLI::App& root, const std::vector<std::string>& arguments,
                          const Session& session, const CLI::ParseError& error) {
  if (const auto unknown = unknown_command(root, arguments); !unknown.empty()) return unknown;
  const CLI::App& command = chosen(root);
  const bool extra = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  const auto takes_words = session.takes_words.find(&command);
  if (extra && !session.words && takes_words != session.takes_words.end()) {
    return "the command to run stands after --, as in: " + takes_words->second;
  }
  if (const auto unknown = unknown_option(root, arguments); !unknown.empty()) return unknown;
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    return missing_part(command, error);
  }
  if (const auto rest = root.remaining(true); extra && !rest.empty()) {
    return rest.front().starts_with("--")
               ? fmt::format("{0} stands after its command, as in: {1} {0}", rest.front(),
                             full_name(command))
               : fmt::format("{} does not take '{}'", full_name(command), rest.front());
  }
  return option_failure(error);
}

int usage_error(const CLI::App& root, const Session& session, const std::string& message) {
  print_error_document(session, UsageError(message));
  tell(message);
  fmt::print(stderr, "Run `{} --help` for how to use it.\n", full_name(chosen(root)));
  return kUsage;
}

/// Everything after the first `--` is taken as it is, before CLI11 sees it. `--name=` is an empty
/// value, where CLI11 would take the next word for it.
std::vector<std::string> split_words(const std::vector<std::string>& arguments, Session& session) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (dashes != arguments.end()) session.words.emplace(std::next(dashes), arguments.end());
  std::vector<std::string> words;
  for (auto word = arguments.begin(); word != dashes; ++word) {
    const bool empty_value = word->starts_with("--") && word->find('=') + 1 == word->size();
    words.push_back(empty_value ? word->substr(0, word->size() - 1) : *word);
    if (empty_value) words.emplace_back();
  }
  return words;
}

/// The exit status of an action that threw `error`, once the user was told.
int failed(Session& session, const Error& error) {
  session.progress().finish();
  print_error_document(session, error);
  if (session.signals().signal() != 0) return 128 + session.signals().signal();
  tell(error.message());
  return kFailure;
}

/// Runs the action and gives each way of failing its exit status.
int act(const CLI::App& root, Session& session) {
  try {
    if (session.words && !session.takes_words.contains(&chosen(root))) {
      throw UsageError(fmt::format("`{}` takes no command after --", full_name(chosen(root))));
    }
    const int status = session.action();
    return session.signals().signal() != 0 ? 128 + session.signals().signal() : status;
  } catch (const StdoutClosed&) {
    return StdoutClosed::kExitStatus;
  } catch (const UsageError& error) {
    session.progress().finish();
    return usage_error(root, session, error.message());
  } catch (const Error& error) {
    return failed(session, error);
  } catch (const std::exception& error) {
    return failed(session, internal_error("{}", error.what()));
  }
}

}  // namespace

std::unique_ptr<CLI::App> make_command_line(Session& session) {
  auto root = std::make_unique<CLI::App>("Runs commands inside real microVMs.", "pyro");
  session.root = root.get();
  root->set_version_flag("--version", "pyro " PYRO_VERSION);
  root->require_subcommand(1);
  root->fallthrough();
  root->add_option("--state-dir", session.path_flags.state_dir, "State directory")
      ->type_name("DIR");
  root->add_option("--cache-dir", session.path_flags.cache_dir, "Cache directory")
      ->type_name("DIR");
  root->add_option("--runtime-dir", session.path_flags.runtime_dir, "Directory of the sockets")
      ->type_name("DIR");
  root->add_option("--set", session.settings, "A setting over config.toml, as limits.max_active=2")
      ->type_name("SECTION.KEY=VALUE")
      ->type_size(1)
      ->allow_extra_args(false);
  root->footer(
      "Examples:\n  pyro run debian:12 -- git --version\n  pyro workspace create debian:12 "
      "--seed-path .\n  pyro prepare\n  pyro env list\n  pyro "
      "doctor\n\n"
      "Every command has examples of its own: pyro run --help");
  add_run(*root, session);
  add_prepare(*root, session);
  add_workspace(*root, session);
  add_env(*root, session);
  add_stack(*root, session);
  add_doctor(*root, session);
  add_mcp(*root, session);
  add_completion(*root, session);
  return root;
}

int run_command_line(const std::vector<std::string>& arguments) {
  Session session;
  auto root = make_command_line(session);
  std::vector<std::string> words = split_words(arguments, session);
  const std::vector<std::string> in_order = words;
  std::reverse(words.begin(), words.end());  // CLI11 takes them last first
  try {
    root->parse(words);
  } catch (const CLI::CallForHelp&) {
    try {
      const CLI::App* parent = chosen(*root).get_parent();
      print(chosen(*root).help(parent == nullptr ? "" : full_name(*parent),
                               CLI::AppFormatMode::Normal));
    } catch (const StdoutClosed&) {
      return StdoutClosed::kExitStatus;
    }
    return 0;
  } catch (const CLI::CallForVersion&) {
    if (&chosen(*root) != root.get()) {
      return usage_error(*root, session,
                         "--version stands alone; a command to run stands after --, as in: "
                         "pyro run debian:12 -- git --version");
    }
    print("pyro " PYRO_VERSION "\n");
    return 0;
  } catch (const CLI::ParseError& error) {
    // The words were not understood so far that its flag had its effect.
    session.json = std::find(in_order.begin(), in_order.end(), "--json") != in_order.end();
    return usage_error(*root, session, parse_failure(*root, in_order, session, error));
  }
  return act(*root, session);
}

}  // namespace pyro::cli
