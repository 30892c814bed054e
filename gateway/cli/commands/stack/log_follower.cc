#include "gateway/cli/commands/stack/log_follower.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/process/wait.h"

namespace pyro::cli {
namespace {

namespace fs = std::filesystem;

/// How much of a log to search for its last lines; a log has at most 4 MiB.
constexpr std::uint64_t kTailBytes = 1U << 20U;

}  // namespace

bool is_log(const fs::path& file) {
  return file.extension() == ".log" && file.stem().string().find('.') == std::string::npos;
}

std::vector<std::string> last_lines(const fs::path& file, std::size_t count) {
  const std::string tail = read_tail(file, kTailBytes);
  if (tail.empty()) return {};
  auto lines = split(tail, '\n');
  if (lines.back().empty()) lines.pop_back();
  if (lines.size() > count) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
  }
  return lines;
}

LogFollower::LogFollower(fs::path directory, std::vector<std::string> services)
    : directory_(std::move(directory)), services_(std::move(services)) {
  // What is there already is not new.
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(directory_, failed)) {
    struct stat info {};
    if (!is_log(entry.path()) || ::stat(entry.path().c_str(), &info) != 0) continue;
    positions_[entry.path().stem().string()] = {info.st_ino,
                                                static_cast<std::uint64_t>(info.st_size)};
  }
}

bool LogFollower::wanted(const std::string& service) const {
  return services_.empty() ||
         std::find(services_.begin(), services_.end(), service) != services_.end();
}

void LogFollower::follow(const std::stop_token& stop, const OnLine& on_line) {
  const UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch || ::inotify_add_watch(watch.get(), directory_.c_str(),
                                    IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
    throw system_error(fmt::format("watch '{}'", directory_.string()));
  }
  const StopFd stop_fd(stop);
  while (!stop.stop_requested()) {
    read_new(on_line);
    try {
      wait_for(watch.get(), POLLIN, Deadline::max(), stop_fd);
    } catch (const Error&) {
      return;
    }
    char events[8192];
    while (::read(watch.get(), events, sizeof events) > 0) {
    }
  }
}

void LogFollower::read_new(const OnLine& on_line) {
  for (const auto& entry : fs::directory_iterator(directory_)) {
    const std::string service = entry.path().stem().string();
    if (!is_log(entry.path()) || !wanted(service)) continue;
    const UniqueFd fd(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0) continue;
    Position& position = positions_[service];
    if (position.inode != info.st_ino ||
        position.offset > static_cast<std::uint64_t>(info.st_size)) {
      position = {info.st_ino, 0};
    }
    ::lseek(fd.get(), static_cast<off_t>(position.offset), SEEK_SET);
    const std::string added = read_to_end(fd.get(), kTailBytes);
    position.offset += added.size();
    auto lines = split(position.partial + added, '\n');
    position.partial = lines.back();
    lines.pop_back();
    for (const auto& line : lines) on_line(service, line);
  }
}

}  // namespace pyro::cli
