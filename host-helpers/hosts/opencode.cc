#include "host-helpers/hosts/opencode.h"

#include <algorithm>

#include "common/base/error.h"

namespace pyro::hosts {
namespace {

namespace fs = std::filesystem;
using api::Json;

/// For the start, the list of tools and each call, whose progress begins it anew: pyro reports some
/// every 5 s. OpenCode's own is 60 s.
constexpr int kOpenCodeTimeoutMs = 120000;

fs::path config_directory(const Surroundings& here) {
  const auto chosen = here.variable("XDG_CONFIG_HOME");
  return (chosen ? fs::path(*chosen) : here.home / ".config") / "opencode";
}

/// All files that OpenCode reads, those that count least first.
std::vector<Place> opencode_files(const Surroundings& here) {
  const fs::path own = config_directory(here);
  std::vector<Place> all{
      {.scope = "global", .file = own / "config.json", .owned = true},
      {.scope = "global", .file = own / "opencode.json", .owned = true, .preferred = true},
      {.scope = "global", .file = own / "opencode.jsonc", .owned = true}};
  if (const auto file = here.variable("OPENCODE_CONFIG")) {
    all.push_back({.scope = "OPENCODE_CONFIG", .file = *file});
  }
  std::error_code none;
  fs::path project = project_of(here.directory);
  if (!fs::exists(project / ".git", none)) project = "/";
  for (const auto& directory : directories_to(project, here.directory)) {
    for (const char* name : {"opencode.json", "opencode.jsonc"}) {
      all.push_back({.scope = "project", .file = directory / name});
    }
  }
  for (const auto& directory : directories_to(project, here.directory)) {
    for (const char* name : {"opencode.json", "opencode.jsonc"}) {
      all.push_back({.scope = "project", .file = directory / ".opencode" / name});
    }
  }
  for (const char* name : {"opencode.json", "opencode.jsonc"}) {
    all.push_back({.scope = "home", .file = here.home / ".opencode" / name});
  }
  if (const auto directory = here.variable("OPENCODE_CONFIG_DIR")) {
    for (const char* name : {"opencode.json", "opencode.jsonc"}) {
      all.push_back({.scope = "OPENCODE_CONFIG_DIR", .file = fs::path(*directory) / name});
    }
  }
  if (auto text = here.variable("OPENCODE_CONFIG_CONTENT")) {
    all.push_back({.scope = "OPENCODE_CONFIG_CONTENT",
                   .file = "$OPENCODE_CONFIG_CONTENT",
                   .text = std::move(text)});
  }
  // Of a file that comes twice, as below the home directory, the later place counts.
  for (auto place = all.begin(); place != all.end();) {
    const bool again = std::any_of(place + 1, all.end(),
                                   [&](const Place& later) { return later.file == place->file; });
    place = again && !place->owned ? all.erase(place) : place + 1;
  }
  return all;
}

}  // namespace

HostName OpenCode::name() const { return HostName::kOpenCode; }
std::string_view OpenCode::title() const { return "OpenCode"; }
std::string OpenCode::program() const { return "opencode"; }
Syntax OpenCode::syntax() const { return Syntax::kJson; }
std::string OpenCode::environment_key() const { return "environment"; }
std::string OpenCode::verification_command() const { return "opencode mcp list"; }
std::vector<std::string> OpenCode::expansions() const { return {"{env:", "{file:"}; }

std::vector<Place> OpenCode::places(const Surroundings& here,
                                    const std::optional<fs::path>& config_path) const {
  std::vector<Place> files;
  if (config_path) {
    files.push_back({.scope = "given", .file = *config_path, .owned = true, .preferred = true});
  } else {
    files = opencode_files(here);
  }
  std::vector<Place> all;
  for (auto& file : files) {
    // The second form is that of OpenCode's next version.
    for (SettingPath path : {SettingPath{"mcp", std::string(kServerName)},
                             SettingPath{"mcp", "servers", std::string(kServerName)}}) {
      all.push_back(file);
      all.back().preferred = file.preferred && path.size() == 2;
      all.back().path = std::move(path);
    }
  }
  return all;
}

Json OpenCode::canonical(const Entry& entry) const {
  Json json = {{"type", "local"}, {"command", entry.words()}, {"timeout", kOpenCodeTimeoutMs}};
  if (!entry.environment.empty()) json["environment"] = entry.environment;
  return json;
}

Entry OpenCode::entry_of(const Json& found) const {
  Entry entry;
  if (!found.is_object() || !found.contains("command") || !found.at("command").is_array())
    return entry;
  for (const auto& word : found.at("command")) {
    if (word.is_string()) entry.args.push_back(word.get<std::string>());
  }
  if (!entry.args.empty()) {
    entry.command = entry.args.front();
    entry.args.erase(entry.args.begin());
  }
  entry.environment = variables_of(found, "environment");
  return entry;
}

std::optional<std::string> OpenCode::hinders(const std::string& key, const Json& value) const {
  if (key == "enabled" && value != true) return "enabled is false: OpenCode does not start it";
  if (key == "disabled" && value != false) return "disabled is true: OpenCode does not start it";
  if (key == "url") return "url is set: it belongs to a server on the network";
  if (key == "cwd") return "cwd is set: the server would not see the session's project";
  if (key == "env") return "env is set, which OpenCode passes over: its key is environment";
  return std::nullopt;
}

fs::path OpenCode::tools_file(const fs::path& project) const {
  return project / ".opencode" / "opencode.json";
}

std::vector<ToolSetting> OpenCode::tool_settings() const {
  return {{.path = {"permission", "bash"}, .value = "deny"},
          {.path = {"permission", "edit"}, .value = "deny"}};
}

std::vector<Place> OpenCode::tools_places(const Surroundings& here,
                                          const fs::path& /*project*/) const {
  return opencode_files(here);
}

}  // namespace pyro::hosts
