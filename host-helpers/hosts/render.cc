#include "host-helpers/hosts/render.h"

#include "common/base/error.h"
#include "common/base/text.h"

namespace pyro::hosts {
namespace {

using api::Json;

/// `{"mcpServers": {"pyro": …}}`, which most clients read.
Json common_entry(const Entry& entry) {
  Json json = {{"command", entry.command}, {"args", entry.args}};
  if (!entry.environment.empty()) json["env"] = entry.environment;
  return json;
}

std::string json_file(const std::string& key, const Json& entry) {
  return Json({{key, {{std::string(kServerName), entry}}}}).dump(2) + "\n";
}

/// Claude Desktop starts servers in no project; Cursor and VS Code expand `${…}`.
void refuse_expansion(const std::string& title, const Entry& entry) {
  for (const auto& word : entry.words()) {
    if (invalid_bytes(word) != 0) throw invalid_argument("'{}' is not UTF-8", printable(word));
    if (title == "Claude Desktop" || word.find("${") == std::string::npos) continue;
    throw invalid_argument("{} may replace '${{' in '{}': use a name without it", title,
                           printable(word));
  }
}

}  // namespace

std::vector<ConfigKind> config_kinds() {
  const std::string no_project =
      "it starts servers in no project: give --project-path, or workspaces begin empty";
  return {{"opencode", "OpenCode", "~/.config/opencode/opencode.json"},
          {"claude-code", "Claude Code", "~/.claude.json, or a project's .mcp.json"},
          {"codex", "Codex", "~/.codex/config.toml"},
          {"claude-desktop", "Claude Desktop",
           "claude_desktop_config.json (Settings, Developer, Edit Config)", no_project},
          {"cursor", "Cursor", "~/.cursor/mcp.json, or a project's .cursor/mcp.json"},
          {"vscode", "VS Code",
           ".vscode/mcp.json of a project (MCP: Open Workspace Folder MCP "
           "Configuration)"},
          {"generic", "the client", "the client's own file of MCP servers"}};
}

std::string rendered_config(const std::string& kind, const Entry& entry) {
  for (const auto name : {HostName::kClaudeCode, HostName::kCodex, HostName::kOpenCode}) {
    const ChatHost& host = chat_host(name);
    if (kind != api::name_of(name)) continue;
    require_literal(host, entry);
    const std::string server(kServerName);
    switch (name) {
      case HostName::kCodex:
        return with_setting(Syntax::kToml, "", {"mcp_servers", server}, host.canonical(entry));
      case HostName::kOpenCode:
        return Json({{"$schema", "https://opencode.ai/config.json"},
                     {"mcp", {{server, host.canonical(entry)}}}})
                   .dump(2) +
               "\n";
      case HostName::kClaudeCode:
        return json_file("mcpServers", host.canonical(entry));
    }
  }
  for (const auto& known : config_kinds()) {
    if (known.name != kind) continue;
    refuse_expansion(known.title, entry);
    if (kind == "vscode") {
      Json json = {{"type", "stdio"}};
      json.update(common_entry(entry));
      return json_file("servers", json);
    }
    return json_file("mcpServers", common_entry(entry));
  }
  throw invalid_argument("no host is called '{}'", printable(kind));
}

}  // namespace pyro::hosts
