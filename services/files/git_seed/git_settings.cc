#include "services/files/git_seed/git_settings.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "services/files/git_seed/limits.h"
#include "services/files/scratch_file.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;

/// Of `git config --list -z`: `NAME\nVALUE\0`, or `NAME\0`.
void add_listed(GitSettings& settings, std::string_view listed) {
  while (!listed.empty()) {
    const std::string_view pair = listed.substr(0, listed.find('\0'));
    listed.remove_prefix(std::min(pair.size() + 1, listed.size()));
    const std::size_t line = pair.find('\n');
    auto& value = settings[std::string(pair.substr(0, line))];
    value.reset();
    if (line != std::string_view::npos) value.emplace(pair.substr(line + 1));
  }
}

void add_file(GitSettings& settings, std::string_view whose, const Git& git, Git::Run run) {
  auto [result, listing] = git.list(std::move(run), git_limit::kTextBytes);
  if (!result.status.ok()) {
    throw failed_precondition("git cannot read {} configuration: {}", whose, git_says(result));
  }
  add_listed(settings, read_to_end(listing.get(), git_limit::kTextBytes));
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

fs::path configuration_home() {
  const std::string named = variable("XDG_CONFIG_HOME");
  return named.empty() ? fs::path(variable("HOME")) / ".config" : fs::path(named);
}

/// The configurations of the system and of the user, in git's order: git-config(1), FILES.
std::vector<fs::path> files_of_person() {
  std::vector<fs::path> files;
  const std::string no_system = variable("GIT_CONFIG_NOSYSTEM");
  if (no_system.empty() || no_system == "0" || no_system == "false") {
    const std::string named = variable("GIT_CONFIG_SYSTEM");
    files.emplace_back(named.empty() ? "/etc/gitconfig" : named);
  }
  if (const std::string named = variable("GIT_CONFIG_GLOBAL"); !named.empty()) {
    files.emplace_back(named);
  } else if (!variable("HOME").empty()) {
    files.push_back(configuration_home() / "git/config");
    files.push_back(fs::path(variable("HOME")) / ".gitconfig");
  }
  std::erase_if(files, [](const fs::path& file) {
    std::error_code failed;
    return !fs::is_regular_file(file, failed) || ::access(file.c_str(), R_OK) != 0;
  });
  return files;
}

}  // namespace

bool is_true(const GitSettings& settings, std::string_view name) {
  const auto found = settings.find(name);
  if (found == settings.end()) return false;
  if (!found->second) return true;
  std::string value = *found->second;
  for (char& c : value) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (value == "true" || value == "yes" || value == "on") return true;
  return !value.empty() && value.find_first_not_of("0123456789-+kmg") == std::string::npos &&
         value.find_first_of("123456789") != std::string::npos;
}

std::string text_of(const GitSettings& settings, std::string_view name) {
  const auto found = settings.find(name);
  return found == settings.end() ? "" : found->second.value_or("");
}

bool has_file_modes(const GitSettings& settings) {
  return !settings.contains("core.filemode") || is_true(settings, "core.filemode");
}

GitSettings settings_of_repository(const source::Repository& repository, const Git& git) {
  GitSettings settings;
  const auto add = [&](const fs::path& directory, const std::string& name) {
    const auto text = source::read_git_file(directory, name, git_limit::kTextBytes);
    if (!text) return;
    const std::string copy = "read-only." + name;
    write_scratch_file(git.directory() / copy, *text);
    add_file(settings, "its", git,
             {.arguments = {"config", "--file", copy, "--no-includes", "--list", "-z"},
              .time = git_limit::kTime});
  };
  add(repository.common_directory, "config");
  if (is_true(settings, "extensions.worktreeconfig")) {
    add(repository.git_directory, "config.worktree");
  }
  return settings;
}

GitSettings settings_of_person(const source::Repository& repository, const Git& git) {
  GitSettings settings;
  for (const fs::path& file : files_of_person()) {
    add_file(
        settings, "your", git,
        {.arguments = {"config", "--file", file.string(), "--includes", "--list", "-z"},
         .variables = {{"HOME", variable("HOME")}, {"GIT_DIR", repository.git_directory.string()}},
         .time = git_limit::kTime});
  }
  return settings;
}

std::string ignore_rules_of_person(const GitSettings& of_person) {
  fs::path file = text_of(of_person, "core.excludesfile");
  if (file.empty()) {
    file = configuration_home() / "git/ignore";
  } else if (file.string().starts_with("~/")) {
    file = fs::path(variable("HOME")) / file.string().substr(2);
  }
  std::error_code failed;
  if (!file.is_absolute() || !fs::is_regular_file(file, failed)) return "";
  const std::string text = read_to_end(open_file(file, O_RDONLY).get(), git_limit::kRulesBytes + 1);
  if (text.size() > git_limit::kRulesBytes) {
    throw failed_precondition("your ignore rules '{}' are longer than {}", printable(file.string()),
                              human_size(git_limit::kRulesBytes));
  }
  return text;
}

std::string setting_line(std::string_view name, std::string_view value) {
  std::string quoted;
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return fmt::format("\t{} = \"{}\"\n", name, quoted);
}

}  // namespace pyro::files
