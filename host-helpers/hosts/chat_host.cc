#include "host-helpers/hosts/chat_host.h"

#include <algorithm>
#include <cstdlib>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/hosts.h"
#include "common/base/text.h"
#include "common/process/child_process.h"
#include "host-helpers/hosts/claude_code.h"
#include "host-helpers/hosts/codex.h"
#include "host-helpers/hosts/opencode.h"
#include "host-helpers/hosts/settings_file.h"

namespace pyro::hosts {
namespace {

namespace fs = std::filesystem;
using api::Json;

/// Of a file that pyro makes: a host's file may hold keys.
constexpr unsigned kNewFileMode = 0600;

/// The text with the canonical entry at `path`.
std::string with_entry(const ChatHost& host, const std::string& text, const SettingPath& path,
                       const Entry& wanted) {
  const Json settings = read_settings(host.syntax(), text);
  const Json* found = find_setting(settings, path);
  if (found == nullptr || !found->is_object()) {
    return with_setting(host.syntax(), text, path, host.canonical(wanted));
  }
  std::string changed = text;
  for (const auto& difference : differences(host, *found, wanted)) {
    SettingPath setting = path;
    setting.insert(setting.end(), difference.key.begin(), difference.key.end());
    changed = difference.wanted ? with_setting(host.syntax(), changed, setting, *difference.wanted)
                                : without_setting(host.syntax(), changed, setting);
  }
  return changed;
}

[[noreturn]] void refuse_broken(const ChatHost& host, const fs::path& file,
                                const std::string& problem) {
  throw failed_precondition(
      reason::kSettingsBroken,
      "'{}' cannot be read ({}): mend it, or run `pyro host repair {}`, which sets it aside",
      file.string(), problem, api::name_of(host.name()));
}

/// Puts the entry into one file.
FileChange put_into(const ChatHost& host, const Place& place, const Wish& wish) {
  const auto change = [&](const std::string& text) -> std::optional<std::string> {
    return with_entry(host, text, place.path, wish.entry);
  };
  if (!place.problem) return change_settings_file(place.file, kNewFileMode, change);
  if (!wish.set_aside_broken) refuse_broken(host, place.file, *place.problem);
  const auto is_broken = [&host](const std::string& text) {
    try {
      read_settings(host.syntax(), text);
      return false;
    } catch (const Error&) {
      return true;
    }
  };
  return replace_broken_file(place.file, is_broken, *change(""));
}

}  // namespace

Surroundings surroundings_here(const Work& work) {
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/') {
    throw failed_precondition("HOME is not set: the settings of chat hosts are below it");
  }
  std::error_code gone;
  return {.home = home,
          .directory = fs::current_path(gone),
          .variable = [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            if (value == nullptr || *value == '\0') return std::nullopt;
            return value;
          },
          .program = [](const std::string& name) { return find_program(name); },
          .work = work};
}

std::vector<std::string> Entry::words() const {
  std::vector<std::string> all{command};
  all.insert(all.end(), args.begin(), args.end());
  return all;
}

const ChatHost& chat_host(HostName name) {
  static const ClaudeCode claude_code;
  static const Codex codex;
  static const OpenCode opencode;
  switch (name) {
    case HostName::kCodex:
      return codex;
    case HostName::kOpenCode:
      return opencode;
    case HostName::kClaudeCode:
      break;
  }
  return claude_code;
}

std::map<std::string, std::string> variables_of(const Json& found, const std::string& key) {
  std::map<std::string, std::string> all;
  const Json* variables = find_setting(found, {key});
  if (variables == nullptr || !variables->is_object()) return all;
  for (const auto& [name, value] : variables->items()) {
    if (value.is_string()) all[name] = value.get<std::string>();
  }
  return all;
}

Entry entry_of_words(const Json& found, const std::string& environment_key) {
  Entry entry;
  if (!found.is_object()) return entry;
  const Json* command = find_setting(found, {"command"});
  const Json* args = find_setting(found, {"args"});
  if (command != nullptr && command->is_string()) entry.command = command->get<std::string>();
  for (const auto& word : args != nullptr && args->is_array() ? *args : Json::array()) {
    if (word.is_string()) entry.args.push_back(word.get<std::string>());
  }
  entry.environment = variables_of(found, environment_key);
  return entry;
}

void read_places(Syntax syntax, std::vector<Place>& places) {
  for (auto& place : places) {
    try {
      const auto text = place.text ? place.text : read_settings_file(place.file);
      if (!text) continue;
      const Json settings = read_settings(syntax, *text);
      if (const Json* entry = find_setting(settings, place.path)) place.entry = *entry;
    } catch (const Error& error) {
      place.problem = error.message();
    }
  }
}

std::optional<Json> entry_in_force(const ChatHost& host, const std::vector<Place>& places) {
  std::optional<Json> found;
  for (const auto& place : places) {
    if (!place.entry || place.not_read) continue;
    if (host.merges() && found && found->is_object() && place.entry->is_object()) {
      found->merge_patch(*place.entry);
    } else {
      found = place.entry;
    }
  }
  return found;
}

std::vector<Difference> differences(const ChatHost& host, const Json& found, const Entry& wanted) {
  std::vector<Difference> all;
  const Json canonical = host.canonical(wanted);
  const std::string variables = host.environment_key();
  if (!found.is_object()) return {{{}, canonical, "the entry is not a table"}};
  for (const auto& [key, value] : canonical.items()) {
    if (key == variables) continue;
    const auto has = found.find(key);
    if (has == found.end()) {
      all.push_back({{key}, value, fmt::format("{} is missing; it is {}", key, value.dump())});
    } else if (value.is_number() && has->is_number() && *has >= value) {
      continue;
    } else if (*has != value) {
      all.push_back(
          {{key}, value, fmt::format("{} is {}, not {}", key, has->dump(), value.dump())});
    }
  }
  const Json now = found.contains(variables) ? found.at(variables) : Json::object();
  if (!now.is_object()) {
    all.push_back({{variables},
                   canonical.value(variables, Json::object()),
                   fmt::format("{} is not a table", variables)});
  } else {
    for (const auto& [name, value] : wanted.environment) {
      if (now.contains(name) && now.at(name) == value) continue;
      all.push_back(
          {{variables, name},
           value,
           fmt::format("the variable {} is {}", name, now.contains(name) ? "another" : "missing")});
    }
    // What leads the server to other directories; all others are the user's.
    for (const auto& [name, value] : now.items()) {
      const bool leads = name.starts_with("PYRO_") || name.starts_with("XDG_");
      if (!leads || wanted.environment.contains(name)) continue;
      all.push_back({{variables, name}, std::nullopt, fmt::format("the variable {} is set", name)});
    }
  }
  for (const auto& [key, value] : found.items()) {
    if (canonical.contains(key)) continue;
    if (auto how = host.hinders(key, value)) all.push_back({{key}, std::nullopt, std::move(*how)});
  }
  return all;
}

void require_literal(const ChatHost& host, const Entry& entry) {
  auto words = entry.words();
  for (const auto& [name, value] : entry.environment) words.push_back(value);
  for (const auto& word : words) {
    if (invalid_bytes(word) != 0) {
      throw invalid_argument("'{}' is not UTF-8: a host's file cannot hold it", printable(word));
    }
    for (const auto& expansion : host.expansions()) {
      if (word.find(expansion) == std::string::npos) continue;
      throw invalid_argument("{} would replace '{}' in '{}': use a name without it", host.title(),
                             expansion, printable(word));
    }
  }
}

fs::path require_installed(const ChatHost& host, const Surroundings& here) {
  if (auto program = here.program(host.program())) return *program;
  throw failed_precondition(reason::kHostMissing,
                            "{} is not installed: there is no '{}' on PATH. For a copy elsewhere, "
                            "`pyro host print-config {}` prints the entry",
                            host.title(), host.program(), api::name_of(host.name()));
}

fs::path project_of(const fs::path& directory) {
  std::error_code none;
  for (fs::path at = directory; !at.empty(); at = at.parent_path()) {
    if (fs::exists(at / ".git", none)) return at;
    if (at == at.parent_path()) break;
  }
  return directory;
}

std::vector<fs::path> directories_to(const fs::path& project, const fs::path& directory) {
  std::vector<fs::path> all;
  for (fs::path at = directory; !at.empty(); at = at.parent_path()) {
    all.insert(all.begin(), at);
    if (at == project || at == at.parent_path()) break;
  }
  return all;
}

std::optional<std::vector<std::string>> ChatHost::passed_variables(const Json& /*found*/) const {
  return std::nullopt;
}

void ChatHost::verify(const fs::path& /*file*/, const Surroundings& /*here*/) const {}

HostChange ChatHost::put(const Wish& wish, const Surroundings& here) const {
  if (!wish.config_path) require_installed(*this, here);
  require_literal(*this, wish.entry);
  auto all = places(here, wish.config_path);
  read_places(syntax(), all);
  std::erase_if(all, [](const Place& place) { return !place.owned; });
  // The one that counts, else the last file that is there, else the preferred one.
  auto target = std::find_if(all.rbegin(), all.rend(),
                             [](const Place& place) { return place.entry.has_value(); });
  std::error_code none;
  if (target == all.rend()) {
    target = std::find_if(all.rbegin(), all.rend(), [&none](const Place& place) {
      return fs::exists(fs::symlink_status(place.file, none)) && place.path.size() == 2;
    });
  }
  if (target == all.rend()) {
    target =
        std::find_if(all.rbegin(), all.rend(), [](const Place& place) { return place.preferred; });
  }
  Place place = *target;
  if (place.path.size() != 2) {  // in a form that pyro reads, but does not write
    place.path = all.front().path;
    place.entry.reset();
  }
  const auto before = read_settings_file(place.file);
  const FileChange done = put_into(*this, place, wish);
  const auto after = read_settings_file(place.file);
  HostChange change{.host = std::string(api::name_of(name())),
                    .changed = done.changed,
                    .server_command = wish.entry.words(),
                    .verification_command = verification_command(),
                    .config_path = place.file.string()};
  if (done.backup) change.backup_path = done.backup->string();
  if (done.changed) {
    try {
      verify(place.file, here);
    } catch (const Error&) {
      // Another pyro was there since: what the host says is about its text.
      const bool is_ours = read_settings_file(place.file) == after;
      if (is_ours && done.made) {
        fs::remove(place.file, none);
      } else if (is_ours && !done.backup) {
        change_settings_file(place.file, kNewFileMode,
                             [&](const std::string& text) -> std::optional<std::string> {
                               if (text != after) return std::nullopt;
                               return before;
                             });
      }
      if (is_ours) throw;
    }
  }
  // One entry, and the others go: the file that was written counts before they do.
  for (const auto& other : all) {
    if (!other.entry || (other.file == place.file && other.path == place.path)) continue;
    const FileChange gone = change_settings_file(
        other.file, kNewFileMode, [&](const std::string& text) -> std::optional<std::string> {
          return without_setting(syntax(), text, other.path);
        });
    if (!gone.changed) continue;
    change.changed = true;
    change.details.push_back(fmt::format("a second entry is gone from '{}'", other.file.string()));
  }
  return change;
}

HostChange ChatHost::take_out(const std::optional<fs::path>& config_path,
                              const Surroundings& here) const {
  auto all = places(here, config_path);
  read_places(syntax(), all);
  HostChange change{.host = std::string(api::name_of(name()))};
  for (const auto& place : all) {
    if (!place.owned) {
      if (place.entry && !place.not_read) {
        change.details.push_back(fmt::format("'{}' has an entry for pyro too ({}), which is left",
                                             place.file.string(), place.scope));
      }
      continue;
    }
    if (place.problem) {
      throw failed_precondition(reason::kSettingsBroken,
                                "'{}' cannot be read ({}): mend it, or remove the entry by hand",
                                place.file.string(), *place.problem);
    }
    if (!place.entry) continue;
    const FileChange gone = change_settings_file(
        place.file, kNewFileMode, [&](const std::string& text) -> std::optional<std::string> {
          return without_setting(syntax(), text, place.path);
        });
    change.changed = change.changed || gone.changed;
    change.config_path = place.file.string();
  }
  return change;
}

}  // namespace pyro::hosts
