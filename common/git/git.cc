#include "common/git/git.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/base/reasons/stack.h"
#include "common/base/text.h"

namespace pyro {
namespace {

std::string git_program() {
  const auto found = find_program("git");
  if (!found) {
    throw failed_precondition(reason::kNotInstalled,
                              "'git' is not installed: run 'sudo apt-get install git'");
  }
  return found->string();
}

/// Everything of the caller goes but PATH, which git needs to find its own parts.
std::map<std::string, std::optional<std::string>> clean_environment() {
  std::map<std::string, std::optional<std::string>> changes;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view pair = *entry;
    const std::string name(pair.substr(0, pair.find('=')));
    if (name != "PATH") changes[name] = std::nullopt;
  }
  return changes;
}

/// Paths are bytes that a guest chose: none of them is special on this host. We discard the
/// half-written files of a killed run, so nothing has to reach the disk. The last ones keep it
/// within its limit of addresses, which count when packs are mapped and for each thread.
constexpr const char* kSettings[] = {"core.bare=true",
                                     "core.quotePath=true",
                                     "core.protectNTFS=false",
                                     "core.protectHFS=false",
                                     "core.hooksPath=/dev/null",
                                     "core.fsync=none",
                                     "gc.auto=0",
                                     "init.defaultRefFormat=files",
                                     "core.packedGitLimit=1g",
                                     "core.packedGitWindowSize=64m",
                                     "pack.threads=4",
                                     "index.threads=4"};

/// As git's progress ends: `Counting objects: 100% (5/5), done.`
bool is_progress(std::string_view line) {
  return line.ends_with(", done.") || line.find("% (") != std::string_view::npos;
}

}  // namespace

std::string git_says(const CommandResult& result) {
  // Progress returns to the beginning of its line.
  std::string text = result.error_output;
  std::replace(text.begin(), text.end(), '\r', '\n');
  CommandResult said;
  for (const auto& line : split(text, '\n')) {
    if (line.empty() || is_progress(line)) continue;
    said.error_output += line + "\n";
  }
  return last_words(said);
}

Git::Git(const std::filesystem::path& scratch, Work work)
    : work_(std::move(work)), directory_(scratch, "git"), program_(git_program()) {}

Command Git::command(const Run& run) const {
  Command command{.argv = {program_}, .environment = clean_environment(), .limits = run.limits};
  for (const char* setting : kSettings) {
    command.argv.emplace_back("-c");
    command.argv.emplace_back(setting);
  }
  command.argv.insert(command.argv.end(), run.arguments.begin(), run.arguments.end());
  const std::filesystem::path home = directory() / "no-home";
  command.environment["HOME"] = home;
  command.environment["XDG_CONFIG_HOME"] = home;
  command.environment["LC_ALL"] = "C";
  command.environment["MALLOC_ARENA_MAX"] = "4";
  command.environment["GIT_CONFIG_NOSYSTEM"] = "1";
  command.environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
  command.environment["GIT_ATTR_NOSYSTEM"] = "1";
  command.environment["GIT_CEILING_DIRECTORIES"] =
      std::filesystem::canonical(directory().parent_path());
  for (const auto& [name, value] : run.variables) command.environment[name] = value;
  command.directory = directory();
  if (run.input >= 0) command.descriptors.emplace_back(0, run.input);
  if (run.output >= 0) command.descriptors.emplace_back(1, run.output);
  return command;
}

Deadline Git::deadline(const Run& run) const {
  return std::min(work_.deadline, Clock::now() + run.time);
}

CommandResult Git::run(const Run& run) const {
  return run_command(command(run), deadline(run), work_.stop, run.on_error_line);
}

void Git::run_checked(const Run& run) const {
  pyro::run_checked(command(run), deadline(run), work_.stop, run.on_error_line);
}

Git::Listing Git::list(Run run, std::uint64_t limit_bytes) const {
  const std::filesystem::path place = directory() / "listing";
  UniqueFd file = open_file(place, O_RDWR | O_CREAT | O_TRUNC);
  std::filesystem::remove(place);
  run.output = file.get();
  run.limits.file_size_bytes = limit_bytes;
  CommandResult result = this->run(run);
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw system_error("lseek");
  return {std::move(result), std::move(file)};
}

}  // namespace pyro
