#include "host-helpers/hosts/codex.h"

#include "common/base/error.h"
#include "common/base/reasons/hosts.h"
#include "common/base/text.h"
#include "common/process/child_process.h"
#include "host-helpers/hosts/settings_file.h"

namespace pyro::hosts {
namespace {

namespace fs = std::filesystem;
using api::Json;

/// Codex ends a call after 300 s; a `vm_run` may take as long as its caller allows.
constexpr int kCodexStartSeconds = 60;
constexpr int kCodexCallSeconds = 3600;
constexpr std::chrono::seconds kCodexLimit{30};

fs::path codex_home(const Surroundings& here) {
  if (const auto chosen = here.variable("CODEX_HOME")) return *chosen;
  return here.home / ".codex";
}

/// Why Codex does not read a project's file.
std::optional<std::string> distrust(const Surroundings& here, const fs::path& project) {
  try {
    const auto text = read_settings_file(codex_home(here) / "config.toml");
    const Json settings = read_settings(Syntax::kToml, text.value_or(""));
    const Json* level = find_setting(settings, {"projects", project.string(), "trust_level"});
    if (level != nullptr && *level == "trusted") return std::nullopt;
  } catch (const Error&) {  // said of that file itself
  }
  return "Codex reads a project's file only after you said that you trust the project";
}

}  // namespace

HostName Codex::name() const { return HostName::kCodex; }
std::string_view Codex::title() const { return "Codex"; }
std::string Codex::program() const { return "codex"; }
Syntax Codex::syntax() const { return Syntax::kToml; }
std::string Codex::environment_key() const { return "env"; }
std::string Codex::verification_command() const { return "codex mcp get pyro --json"; }

std::vector<Place> Codex::places(const Surroundings& here,
                                 const std::optional<fs::path>& config_path) const {
  const SettingPath path{"mcp_servers", std::string(kServerName)};
  if (config_path) {
    return {
        {.scope = "given", .file = *config_path, .path = path, .owned = true, .preferred = true}};
  }
  const fs::path own = codex_home(here) / "config.toml";
  std::vector<Place> all{
      {.scope = "user", .file = own, .path = path, .owned = true, .preferred = true}};
  const fs::path project = project_of(here.directory);
  const fs::path shared = project / ".codex" / "config.toml";
  if (shared != own) {
    all.push_back(
        {.scope = "project", .file = shared, .path = path, .not_read = distrust(here, project)});
  }
  return all;
}

Json Codex::canonical(const Entry& entry) const {
  Json json = {{"command", entry.command},
               {"args", entry.args},
               {"startup_timeout_sec", kCodexStartSeconds},
               {"tool_timeout_sec", kCodexCallSeconds},
               {"default_tools_approval_mode", "approve"}};
  if (!entry.environment.empty()) json["env"] = entry.environment;
  return json;
}

Entry Codex::entry_of(const Json& found) const { return entry_of_words(found, "env"); }

std::optional<std::string> Codex::hinders(const std::string& key, const Json& value) const {
  if (key == "enabled" && value != true) return "enabled is false: Codex does not start it";
  if (key == "url") return "url is set: Codex would call a server on the network";
  if (key == "cwd") return "cwd is set: the server would not see the session's project";
  if (key == "startup_timeout_ms") return "startup_timeout_ms is set beside startup_timeout_sec";
  return std::nullopt;
}

std::optional<std::vector<std::string>> Codex::passed_variables(const Json& found) const {
  std::vector<std::string> names{"HOME",  "LANG", "LC_ALL", "LOGNAME", "PATH",
                                 "SHELL", "TERM", "TMPDIR", "TZ",      "USER"};
  if (const Json* more = find_setting(found, {"env_vars"}); more != nullptr && more->is_array()) {
    for (const auto& name : *more) {
      if (name.is_string()) names.push_back(name.get<std::string>());
    }
  }
  return names;
}

void Codex::verify(const fs::path& file, const Surroundings& here) const {
  const auto program = here.program(this->program());
  // Codex knows no other name for the file.
  if (!program || file.filename() != "config.toml") return;
  const auto result = run_command({.argv = {program->string(), "mcp", "get", "pyro", "--json"},
                                   .environment = {{"CODEX_HOME", file.parent_path().string()}},
                                   .directory = here.home},
                                  Clock::now() + kCodexLimit, here.work.stop);
  if (result.status.ok()) return;
  throw failed_precondition(reason::kHostFailed,
                            "Codex does not take '{}', which is as it was before: {}",
                            file.string(), last_words(result));
}

fs::path Codex::tools_file(const fs::path& project) const {
  return project / ".codex" / "config.toml";
}

std::vector<ToolSetting> Codex::tool_settings() const {
  // No setting takes its tool for patches away: a sandbox that only reads refuses them.
  return {{.path = {"sandbox_mode"}, .value = "read-only"},
          {.path = {"features", "shell_tool"}, .value = false}};
}

std::vector<Place> Codex::tools_places(const Surroundings& here, const fs::path& project) const {
  return {{.scope = "user", .file = codex_home(here) / "config.toml"},
          {.scope = "project", .file = tools_file(project), .not_read = distrust(here, project)}};
}

}  // namespace pyro::hosts
