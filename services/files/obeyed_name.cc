#include "services/files/obeyed_name.h"

#include <algorithm>
#include <string>

#include "common/base/text.h"
#include "services/files/folded_name.h"

namespace pyro::files {
namespace {

/// As folded_name gives them.
constexpr std::string_view kNames[] = {
    // Chat hosts.
    ".agent", ".agents", ".aider.conf.yml", ".amazonq", ".augment", ".claude", ".clinerules",
    ".codex", ".continue", ".crush.json", ".cursor", ".cursorrules", ".gemini", ".github",
    ".goosehints", ".junie", ".kilocode", ".kiro", ".mcp.json", ".opencode", ".qwen", ".roo",
    ".roomodes", ".rules", ".trae", ".windsurf", ".windsurfrules", "agents.md",
    "agents.override.md", "claude.local.md", "claude.md", "crush.json", "gemini.md",
    "opencode.json", "opencode.jsonc", "qwen.md",
    // Shells, and what they load as one enters.
    ".autoenv", ".autoenv.zsh", ".env", ".envrc", ".mise", ".mise.local.toml", ".mise.toml",
    ".rtx.toml", ".rvmrc", ".tool-versions", "mise.local.toml", "mise.toml",
    // Editors.
    ".devcontainer", ".devcontainer.json", ".dir-locals-2.el", ".dir-locals.el", ".exrc",
    ".externaltoolbuilders", ".fleet", ".idea", ".local.vimrc", ".lvimrc", ".nvim.lua", ".nvimrc",
    ".project", ".settings", ".vimrc", ".vs", ".vscode", ".zed",
    // Version control and its hooks.
    ".bzr", ".githooks", ".hg", ".husky", ".jj", ".lefthook.yml", ".pre-commit-config.yaml",
    ".pre-commit-config.yml", ".sl", ".svn", "lefthook.yml",
    // Tools, whatever they are asked to do there.
    ".bundle", ".cargo", ".gdbinit", ".ghci", ".irbrc", ".lldbinit", ".mvn", ".npmrc", ".ocamlinit",
    ".pdbrc", ".pnpmfile.cjs", ".pryrc", ".rdata", ".renviron", ".rprofile", ".yarn", ".yarnrc",
    ".yarnrc.yml", "bunfig.toml", "conftest.py", "pyvenv.cfg", "rust-toolchain",
    "rust-toolchain.toml", "sitecustomize.py", "usercustomize.py"};

constexpr std::string_view kEndings[] = {".code-workspace", ".pth"};

bool is_obeyed_name(std::string_view name) {
  const std::string folded = folded_name(name);
  const auto ends = [&folded](std::string_view ending) { return folded.ends_with(ending); };
  return std::find(std::begin(kNames), std::end(kNames), folded) != std::end(kNames) ||
         std::any_of(std::begin(kEndings), std::end(kEndings), ends);
}

}  // namespace

bool has_obeyed_name(std::string_view path) {
  const auto parts = split(path, '/');
  return std::any_of(parts.begin(), parts.end(), is_obeyed_name);
}

}  // namespace pyro::files
