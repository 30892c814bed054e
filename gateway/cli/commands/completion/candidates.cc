#include "gateway/cli/commands/completion/candidates.h"

#include <algorithm>

namespace pyro::cli {
namespace {

/// The command that the words name so far, and the state of its positionals.
struct Place {
  const CliCommand* command;
  const Option* waiting = nullptr;  ///< the next word is its value
  std::size_t positionals = 0;
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
      place.positionals = 0;
    } else {
      ++place.positionals;
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

void add_positional(const Place& place, const KnownValues& known, std::vector<Candidate>& out) {
  std::size_t index = 0;
  for (const auto& option : place.command->options) {
    if (!option.positional() || index++ != place.positionals) continue;
    if (option.name == "ENVIRONMENT" || option.name == "WORKSPACE_ID") {
      for (auto& value : known(option.name)) out.push_back(std::move(value));
    }
    add_choices(option, out);
  }
}

}  // namespace

std::vector<Candidate> complete(const CliCommand& root, const std::vector<std::string>& words,
                                const KnownValues& known) {
  const Place place = walk(root, words);
  if (place.in_guest_command) return {};
  const std::string typed = words.empty() ? "" : words.back();
  std::vector<Candidate> all;
  if (place.waiting != nullptr) {
    add_choices(*place.waiting, all);
    if (place.waiting->name == "--environment") {
      for (auto& value : known("ENVIRONMENT")) all.push_back(std::move(value));
    }
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
