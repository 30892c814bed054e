#include "gateway/cli/completion.h"

#include <algorithm>

#include "common/base/text.h"
#include "gateway/cli/command_tree.h"

namespace pyro::cli {
namespace {

/// An option with a few allowed values says so in its type name, as `{a,b}`.
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return {};
  return split(std::string_view(type).substr(open + 1, close - open - 1), ',');
}

const CLI::Option* option_named(const CLI::App& command, const std::string& word) {
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    for (const auto* option : app->get_options()) {
      if (option->check_name(word)) return option;
    }
  }
  return nullptr;
}

bool takes_value(const CLI::Option* option) {
  return option != nullptr && option->get_expected_max() > 0 && option->get_type_size() > 0;
}

/// The command that the words have chosen so far, and what is known of its positionals.
struct Place {
  const CLI::App* command;
  const CLI::Option* waiting = nullptr;  ///< an option whose value comes next
  std::size_t positionals = 0;
  bool in_guest_command = false;
};

Place walk(const CLI::App& root, const std::vector<std::string>& words) {
  Place place{&root};
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (place.waiting != nullptr) {
      place.waiting = nullptr;
    } else if (word == "--") {
      place.in_guest_command = true;
      return place;
    } else if (word.starts_with("-")) {
      const auto* option = option_named(*place.command, word);
      if (takes_value(option)) place.waiting = option;
    } else if (const auto* sub = command_named(*place.command, word)) {
      place.command = sub;
      place.positionals = 0;
    } else {
      ++place.positionals;
    }
  }
  return place;
}

void add_options_of(const CLI::App& command, std::vector<Candidate>& out) {
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    for (const auto* option : app->get_options()) {
      for (const auto& name : option->get_lnames()) {
        const bool there = std::any_of(out.begin(), out.end(), [&name](const Candidate& candidate) {
          return candidate.word == "--" + name;
        });
        if (!there && !option->get_group().empty()) {
          out.push_back({"--" + name, option->get_description()});
        }
      }
    }
  }
}

void add_positional(const Place& place, const KnownValues& known, std::vector<Candidate>& out) {
  std::size_t index = 0;
  for (const auto* option : place.command->get_options()) {
    if (!option->get_positional() || index++ != place.positionals) continue;
    if (option->get_name() == "ENVIRONMENT" || option->get_name() == "WORKSPACE_ID") {
      for (auto& value : known(option->get_name())) out.push_back(std::move(value));
    }
    for (const auto& choice : choices_of(*option)) out.push_back({choice, ""});
  }
}

}  // namespace

std::vector<Candidate> complete(const CLI::App& root, const std::vector<std::string>& words,
                                const KnownValues& known) {
  const Place place = walk(root, words);
  if (place.in_guest_command) return {};
  const std::string typed = words.empty() ? "" : words.back();
  std::vector<Candidate> all;
  if (place.waiting != nullptr) {
    for (const auto& choice : choices_of(*place.waiting)) all.push_back({choice, ""});
    if (place.waiting->check_name("--environment")) {
      for (auto& value : known("ENVIRONMENT")) all.push_back(std::move(value));
    }
  } else if (typed.starts_with("-")) {
    add_options_of(*place.command, all);
  } else {
    for (const auto* sub : visible_commands(*place.command)) {
      all.push_back({sub->get_name(), sub->get_description()});
    }
    add_positional(place, known, all);
  }
  std::erase_if(all, [&typed](const Candidate& c) { return !c.word.starts_with(typed); });
  return all;
}

std::string completion_script(std::string_view shell) {
  // Candidates come as `word<TAB>meaning` lines. In bash a colon ends a word, so that what stands
  // before it is already on the line and is cut from each candidate.
  if (shell == "bash") {
    return R"sh(# bash completion for pyro: eval "$(pyro completion bash)"
_pyro() {
  local line="${COMP_LINE:0:COMP_POINT}" candidates word
  local -a words
  read -ra words <<< "$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  candidates="$("${words[0]}" __complete -- "${words[@]:1}" 2>/dev/null | cut -f1)"
  local typed="${words[${#words[@]}-1]}" prefix=""
  [[ "$typed" == *:* && "$COMP_WORDBREAKS" == *:* ]] && prefix="${typed%:*}:"
  COMPREPLY=()
  while read -r word; do
    [[ -n "$word" ]] && COMPREPLY+=("${word#"$prefix"}")
  done <<< "$candidates"
}
complete -o default -F _pyro pyro
)sh";
  }
  if (shell == "zsh") {
    return R"sh(#compdef pyro
# zsh completion for pyro: source <(pyro completion zsh)
_pyro() {
  local line
  local -a found meanings
  for line in "${(@f)$("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z "$line" ]] && continue
    found+=("${line%%$'\t'*}")
    meanings+=("${line/$'\t'/  -- }")
  done
  if (( $#found )); then
    compadd -l -d meanings -- "${found[@]}"
  else
    _files
  fi
}
# Called as a function when zsh loads this file from its fpath.
if [[ "${funcstack[1]}" == _pyro ]]; then
  _pyro "$@"
else
  compdef _pyro pyro
fi
)sh";
  }
  return R"sh(# fish completion for pyro: pyro completion fish | source
function __pyro_complete
    set -l words (commandline -opc)
    $words[1] __complete -- $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c pyro -f -a '(__pyro_complete)'
)sh";
}

}  // namespace pyro::cli
