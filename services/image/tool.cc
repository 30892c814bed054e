#include "services/image/tool.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <set>

#include "common/base/files.h"
#include "common/base/reasons/environment.h"
#include "common/base/reasons/stack.h"
#include "common/base/text.h"

namespace pyro::image {
namespace {

/// Where services/image/guard/main.cc expects its caller's pipe.
constexpr int kAliveDescriptor = 9;
/// Killing and reaping a process tree takes milliseconds; one stuck in the kernel is not ours.
constexpr std::chrono::seconds kEndOfTree(10);

/// Beside this program when built, in libexec when installed.
std::filesystem::path guard_program() {
  constexpr const char* kName = "pyro-image-guard";
  const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  for (const auto& candidate : {here / kName, here / "../libexec/pyro" / kName}) {
    if (find_program(candidate.string())) return candidate;
  }
  throw failed_precondition(reason::kNotInstalled,
                            "'{}' is not installed beside '{}': install pyro again", kName,
                            here.string());
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> phrases) {
  return std::any_of(phrases.begin(), phrases.end(), [text](std::string_view phrase) {
    return text.find(phrase) != std::string_view::npos;
  });
}

/// The first of apt's own error lines, `E: Failed to fetch …`, or else the last line of all.
std::string gist(std::string_view last_words) {
  std::string found;
  for (const auto& line : split(printable(last_words), '\n')) {
    const std::string_view text = trim(line);
    if (text.empty()) continue;
    found = text;
    if (contains_any(text,
                     {"Failed to fetch", "Could not", "Unable to connect", "No space left"})) {
      break;
    }
  }
  constexpr std::size_t kLongest = 300;
  if (found.size() > kLongest) found = to_valid_utf8(found.substr(0, kLongest)) + "…";
  return found;
}

}  // namespace

std::vector<Tool> needed_tools() {
  return {{"mmdebstrap", "mmdebstrap"}, {"fakeroot", "fakeroot"}, {"fakechroot", "fakechroot"},
          {"mke2fs", "e2fsprogs"},      {"tar", "tar"},           {"apt-get", "apt"},
          {"apt-cache", "apt"},         {"dpkg", "dpkg"},         {"depmod", "kmod"},
          {"flock", "util-linux"}};
}

void require_tools(const std::vector<Tool>& tools) {
  std::vector<std::string> programs;
  std::set<std::string> packages;
  for (const auto& tool : tools) {
    if (find_program(std::string(tool.program))) continue;
    programs.push_back(fmt::format("'{}'", tool.program));
    packages.emplace(tool.package);
  }
  if (programs.empty()) return;
  throw failed_precondition(reason::kNotInstalled,
                            "{} {} not installed: run 'sudo apt-get install {}'",
                            join(programs, ", "), programs.size() == 1 ? "is" : "are",
                            join({packages.begin(), packages.end()}, " "));
}

Error tool_failure(std::string_view program, int status, std::string_view last_words,
                   const std::filesystem::path& directory) {
  const std::string why = gist(last_words);
  if (contains_any(last_words, {"No space left on device", "Disk quota exceeded",
                                "enough free space", "File too large"})) {
    return resource_exhausted(reason::kDiskFull,
                              "the disk of '{}' is full: free some space there and try again ({})",
                              directory.string(), why);
  }
  if (contains_any(last_words,
                   {"Failed to fetch", "Could not resolve", "Could not connect",
                    "Unable to connect", "Temporary failure", "Connection timed out",
                    "Connection failed", "Network is unreachable", "Unable to fetch"})) {
    return unavailable(
        reason::kDownloadFailed,
        "the Debian package archive does not answer: check the network or the configured mirror "
        "and try again ({})",
        why);
  }
  return internal_error("'{}' ended with status {}: {}", program, status, why);
}

std::string run_tool(Command command, const Work& work, const std::filesystem::path& directory,
                     const std::function<void(std::string_view)>& on_line) {
  const std::string program = command.argv.at(0);
  const auto path = find_program(program);
  if (!path) require_tools({{program, program}});
  command.argv[0] = path->string();
  command.argv.insert(command.argv.begin(), guard_program().string());
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error("pipe2");
  const UniqueFd alive(ends[0]);
  UniqueFd held_by_guard(ends[1]);
  command.descriptors.emplace_back(kAliveDescriptor, held_by_guard.get());
  // On a stop the guard is told by the death of its front; its own end is the pipe's.
  const Cleanup wait_for_guard([&] {
    held_by_guard.reset();
    wait_for(alive.get(), POLLIN, Clock::now() + kEndOfTree, StopFd(std::stop_token()));
  });
  CommandResult result = run_command(std::move(command), work.deadline, work.stop, on_line);
  if (!result.status.ok()) {
    throw tool_failure(program, result.status.code, result.error_output + result.output, directory);
  }
  return std::move(result.output);
}

}  // namespace pyro::image
