#include "gateway/cli/commands/completion/candidates.h"

#include <algorithm>

namespace pyro::cli {
namespace {

/// The command that the words name so far, and the state of its positionals.
struct Place {
  const CliCommand* command;
  const Option* waiting = nullptr;  ///< the next word is its value
  std::vector<std::string> positionals;
  bool in_guest_command = false;
};

Place walk(const CliCommand& root, const std::vector<std::string>& words) {
  Place place{&root};
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (place.waiting != nullptr) {
      place.waiting = nullptr;
    } else if (word == "--") {
      place.in_guest_command = true;
      return place;
    } else if (word.starts_with("-")) {
      const Option* option = place.command->find_option_upwards(word);
      if (option != nullptr && option->takes_value()) place.waiting = option;
    } else if (const auto* below = place.command->find_command(word)) {
      place.command = below;
      place.positionals.clear();
    } else {
      place.positionals.push_back(word);
    }
  }
  return place;
}

void add_options_of(const CliCommand& command, std::vector<Candidate>& out) {
  for (const CliCommand* place = &command; place != nullptr; place = place->parent) {
    for (const auto& option : place->options) {
      const bool there = std::any_of(out.begin(), out.end(), [&option](const Candidate& candidate) {
        return candidate.word == option.name;
      });
      if (!there && !option.positional() && !option.hidden) {
        out.push_back({option.name, option.help});
      }
    }
  }
}

void add_choices(const Option& option, std::vector<Candidate>& out) {
  for (const auto& choice : option.choices) out.push_back({choice, ""});
}

std::vector<const Option*> positionals_of(const CliCommand& command) {
  std::vector<const Option*> found;
  for (const auto& option : command.options) {
    if (option.positional()) found.push_back(&option);
  }
  return found;
}

void add_known(const Place& place, std::string_view what, const KnownValues& known,
               std::vector<Candidate>& out) {
  std::string workspace_id;
  const auto there = positionals_of(*place.command);
  for (std::size_t i = 0; i < std::min(there.size(), place.positionals.size()); ++i) {
    if (there[i]->name == "WORKSPACE_ID") workspace_id = place.positionals[i];
  }
  for (auto& value : known(what, workspace_id)) out.push_back(std::move(value));
}

void add_positional(const Place& place, const KnownValues& known, std::vector<Candidate>& out) {
  const auto there = positionals_of(*place.command);
  if (place.positionals.size() >= there.size()) return;
  const Option& option = *there[place.positionals.size()];
  const bool names_a_new_one = option.name == "SNAPSHOT_NAME" && place.command->name == "create";
  if (!names_a_new_one) add_known(place, option.name, known, out);
  add_choices(option, out);
}

void add_value(const Place& place, const KnownValues& known, std::vector<Candidate>& out) {
  add_choices(*place.waiting, out);
  if (place.waiting->name == "--environment") add_known(place, "ENVIRONMENT", known, out);
  if (place.waiting->name == "--snapshot") add_known(place, "SNAPSHOT_NAME", known, out);
}

}  // namespace

std::vector<Candidate> complete(const CliCommand& root, const std::vector<std::string>& words,
                                const KnownValues& known) {
  const Place place = walk(root, words);
  if (place.in_guest_command) return {};
  const std::string typed = words.empty() ? "" : words.back();
  std::vector<Candidate> all;
  if (place.waiting != nullptr) {
    add_value(place, known, all);
  } else if (typed.starts_with("-")) {
    add_options_of(*place.command, all);
  } else {
    for (const auto* below : place.command->visible_commands()) {
      all.push_back({below->name, below->summary});
    }
    add_positional(place, known, all);
  }
  std::erase_if(all, [&typed](const Candidate& c) { return !c.word.starts_with(typed); });
  return all;
}

}  // namespace pyro::cli
