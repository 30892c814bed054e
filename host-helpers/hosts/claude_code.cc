#include "host-helpers/hosts/claude_code.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/hosts.h"
#include "common/base/text.h"
#include "common/fault/fault.h"
#include "common/process/child_process.h"
#include "host-helpers/hosts/settings_file.h"

namespace pyro::hosts {
namespace {

namespace fs = std::filesystem;
using api::Json;

/// The longest call; a `vm_run` may take as long as its caller allows.
constexpr int kClaudeCallMs = 3600000;
constexpr std::chrono::seconds kClaudeLimit{60};

fs::path claude_file(const Surroundings& here) {
  const auto chosen = here.variable("CLAUDE_CONFIG_DIR");
  return (chosen ? fs::path(*chosen) : here.home) / ".claude.json";
}

fs::path claude_settings(const Surroundings& here) {
  const auto chosen = here.variable("CLAUDE_CONFIG_DIR");
  return (chosen ? fs::path(*chosen) : here.home / ".claude") / "settings.json";
}

bool lists_pyro(const Json& settings, const SettingPath& path) {
  const Json* list = find_setting(settings, path);
  return list != nullptr && list->is_array() &&
         std::find(list->begin(), list->end(), kServerName) != list->end();
}

Json settings_in(const fs::path& file) {
  try {
    return read_settings(Syntax::kJson, read_settings_file(file).value_or(""));
  } catch (const Error&) {
    return Json::object();
  }
}

/// Why Claude Code does not start the servers of a project's .mcp.json.
std::optional<std::string> no_approval(const Surroundings& here, const fs::path& project) {
  const Json user = settings_in(claude_settings(here));
  const Json state = settings_in(claude_file(here));
  if (lists_pyro(user, {"disabledMcpjsonServers"}) ||
      lists_pyro(state, {"projects", project.string(), "disabledMcpjsonServers"})) {
    return "you rejected it in Claude Code";
  }
  const Json* all = find_setting(user, {"enableAllProjectMcpServers"});
  if ((all != nullptr && *all == true) || lists_pyro(user, {"enabledMcpjsonServers"}) ||
      lists_pyro(state, {"projects", project.string(), "enabledMcpjsonServers"})) {
    return std::nullopt;
  }
  return "you have not approved it in Claude Code";
}

/// Runs `claude mcp …` in the project; `input` is its standard input.
void claude_mcp(std::vector<std::string> words, const std::string& input,
                const Surroundings& here) {
  const UniqueFd text(::memfd_create("entry", MFD_CLOEXEC));
  if (!text) throw system_error("memfd_create");
  write_all(text.get(), input);
  ::lseek(text.get(), 0, SEEK_SET);
  const std::string shown_words = join(words, " ");
  words.insert(words.begin(), {here.program("claude")->string(), "mcp"});
  const auto result =
      run_command({.argv = std::move(words),
                   .environment = {{"DISABLE_AUTOUPDATER", "1"}, {"DISABLE_TELEMETRY", "1"}},
                   .directory = here.directory,
                   .descriptors = {{0, text.get()}}},
                  Clock::now() + kClaudeLimit, here.work.stop);
  if (result.status.ok()) return;
  throw failed_precondition(reason::kHostFailed, "`claude mcp {}` failed: {}", shown_words,
                            last_words(result));
}

void remove_from(const std::string& scope, const Surroundings& here) {
  claude_mcp({"remove", std::string(kServerName), "-s", scope}, "", here);
}

void add_to_user(const Json& entry, const Surroundings& here) {
  // Over standard input: the variables of an entry are nobody's business in a list of processes.
  claude_mcp({"add-json", "-s", "user", std::string(kServerName), "-"}, entry.dump(), here);
}

const Place* place_of(const std::vector<Place>& places, std::string_view scope) {
  const auto found = std::find_if(places.begin(), places.end(), [scope](const Place& place) {
    return place.scope == scope && place.entry;
  });
  return found == places.end() ? nullptr : &*found;
}

/// The entries, or the refusal of a file that cannot be read.
std::vector<Place> read_all(const ClaudeCode& host, const Surroundings& here) {
  auto all = host.places(here, std::nullopt);
  read_places(Syntax::kJson, all);
  for (const auto& place : all) {
    if (!place.owned || !place.problem) continue;
    throw failed_precondition(reason::kSettingsBroken,
                              "'{}' cannot be read ({}), and Claude Code says the same of it: mend "
                              "it, or take one of its copies in '{}'",
                              place.file.string(), *place.problem,
                              (claude_settings(here).parent_path() / "backups").string());
  }
  return all;
}

/// Replaces the user's entry. Claude Code replaces none in one step: until the new one is there, a
/// copy of the file has the old one.
void replace_entry(const Json& old, const Json& entry, const Surroundings& here) {
  const fs::path copy = keep_copy(claude_file(here));
  fault::point("hosts.kept");
  remove_from("user", here);
  fault::point("hosts.removed");
  try {
    add_to_user(entry, here);
  } catch (const Error& error) {
    try {
      add_to_user(old, here);
    } catch (const Error&) {
      throw error.within(fmt::format("the entry is gone, '{}' still has it", copy.string()));
    }
    fs::remove(copy);
    throw;
  }
  fs::remove(copy);
}

}  // namespace

HostName ClaudeCode::name() const { return HostName::kClaudeCode; }
std::string_view ClaudeCode::title() const { return "Claude Code"; }
std::string ClaudeCode::program() const { return "claude"; }
Syntax ClaudeCode::syntax() const { return Syntax::kJson; }
std::string ClaudeCode::environment_key() const { return "env"; }
std::string ClaudeCode::verification_command() const { return "claude mcp get pyro"; }
std::vector<std::string> ClaudeCode::expansions() const { return {"${"}; }

std::vector<Place> ClaudeCode::places(const Surroundings& here,
                                      const std::optional<fs::path>& config_path) const {
  const std::string server(kServerName);
  if (config_path) {
    throw invalid_argument(
        "Claude Code's file is its own program's: set CLAUDE_CONFIG_DIR, as for claude itself");
  }
  const fs::path project = project_of(here.directory);
  std::vector<Place> all{{.scope = "user",
                          .file = claude_file(here),
                          .path = {"mcpServers", server},
                          .owned = true,
                          .preferred = true}};
  const auto refused = no_approval(here, project);
  for (const auto& directory : directories_to("/", here.directory)) {
    all.push_back({.scope = "project",
                   .file = directory / ".mcp.json",
                   .path = {"mcpServers", server},
                   .not_read = refused});
  }
  all.push_back({.scope = "local",
                 .file = claude_file(here),
                 .path = {"projects", project.string(), "mcpServers", server},
                 .owned = true});
  return all;
}

Json ClaudeCode::canonical(const Entry& entry) const {
  return {{"type", "stdio"},
          {"command", entry.command},
          {"args", entry.args},
          {"env", Json(entry.environment).is_null() ? Json::object() : Json(entry.environment)},
          {"timeout", kClaudeCallMs}};
}

Entry ClaudeCode::entry_of(const Json& found) const { return entry_of_words(found, "env"); }

std::optional<std::string> ClaudeCode::hinders(const std::string& key,
                                               const Json& /*value*/) const {
  if (key == "url") return "url is set: it belongs to a server on the network";
  return std::nullopt;
}

HostChange ClaudeCode::put(const Wish& wish, const Surroundings& here) const {
  require_installed(*this, here);
  require_literal(*this, wish.entry);
  places(here, wish.config_path);  // refuses another file
  HostChange change{.host = std::string(api::name_of(name())),
                    .server_command = wish.entry.words(),
                    .verification_command = verification_command(),
                    .config_path = claude_file(here).string()};
  std::error_code none;
  fs::create_directories(claude_file(here).parent_path(), none);
  const DirectoryLock lock(claude_file(here).parent_path());
  auto all = read_all(*this, here);
  const Place* user = place_of(all, "user");
  const bool changes = user == nullptr || place_of(all, "local") != nullptr ||
                       !differences(*this, *user->entry, wish.entry).empty();
  // Its program would replace one that is not.
  if (changes) require_writable_file(claude_file(here));
  if (user == nullptr) {
    add_to_user(canonical(wish.entry), here);
    change.changed = true;
  } else if (const auto drift = differences(*this, *user->entry, wish.entry); !drift.empty()) {
    Json entry = user->entry->is_object() ? *user->entry : Json::object();
    for (const auto& difference : drift) {
      if (difference.key.empty()) {
        entry = *difference.wanted;
      } else if (difference.key.size() == 2) {
        Json& variables = entry[difference.key[0]];
        if (difference.wanted) {
          variables[difference.key[1]] = *difference.wanted;
        } else {
          variables.erase(difference.key[1]);
        }
      } else if (difference.wanted) {
        entry[difference.key[0]] = *difference.wanted;
      } else {
        entry.erase(difference.key[0]);
      }
    }
    replace_entry(*user->entry, entry, here);
    change.changed = true;
  }
  // An entry of this project alone would count before the user's.
  if (place_of(all, "local") != nullptr) {
    remove_from("local", here);
    change.changed = true;
    change.details.emplace_back("the entry of this project alone is gone");
  }
  all = read_all(*this, here);
  user = place_of(all, "user");
  if (user == nullptr || !differences(*this, *user->entry, wish.entry).empty()) {
    throw failed_precondition(reason::kHostFailed,
                              "`claude mcp add-json` succeeded, but '{}' has another entry",
                              claude_file(here).string());
  }
  return change;
}

HostChange ClaudeCode::take_out(const std::optional<fs::path>& config_path,
                                const Surroundings& here) const {
  places(here, config_path);
  HostChange change{.host = std::string(api::name_of(name()))};
  const auto all = read_all(*this, here);
  if (const Place* shared = place_of(all, "project")) {
    change.details.push_back(fmt::format("'{}' has an entry for pyro too (project), which is left",
                                         shared->file.string()));
  }
  const bool is_user = place_of(all, "user") != nullptr;
  const bool is_local = place_of(all, "local") != nullptr;
  if (!is_user && !is_local) return change;
  require_installed(*this, here);
  require_writable_file(claude_file(here));
  const DirectoryLock lock(claude_file(here).parent_path());
  if (is_user) remove_from("user", here);
  if (is_local) remove_from("local", here);
  change.changed = true;
  change.config_path = claude_file(here).string();
  return change;
}

fs::path ClaudeCode::tools_file(const fs::path& project) const {
  return project / ".claude" / "settings.local.json";
}

std::vector<ToolSetting> ClaudeCode::tool_settings() const {
  std::vector<ToolSetting> all;
  for (const char* tool : {"Bash", "Edit", "Write", "NotebookEdit"}) {
    all.push_back({.path = {"permissions", "deny"}, .value = tool, .element = true});
  }
  return all;
}

std::vector<Place> ClaudeCode::tools_places(const Surroundings& here,
                                            const fs::path& project) const {
  return {{.scope = "user", .file = claude_settings(here)},
          {.scope = "project", .file = project / ".claude" / "settings.json"},
          {.scope = "local", .file = tools_file(project)}};
}

}  // namespace pyro::hosts
