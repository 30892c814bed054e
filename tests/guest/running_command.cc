#include "tests/guest/running_command.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/base/error.h"

namespace pyro::test {
namespace {

constexpr std::chrono::seconds kReadPatience{60};

ChildProcess start(std::vector<std::string> argv, UniqueFd& read_end) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("pipe2");
  read_end.reset(ends[0]);
  const UniqueFd write_end(ends[1]);
  return ChildProcess(
      {.argv = std::move(argv), .descriptors = {{1, write_end.get()}, {2, write_end.get()}}});
}

}  // namespace

RunningCommand::RunningCommand(std::vector<std::string> argv)
    : process_(start(std::move(argv), output_fd_)) {}

bool RunningCommand::read_more(Deadline deadline) {
  if (!wait_for(output_fd_.get(), POLLIN, deadline, StopFd({}))) return false;
  char buffer[4096];
  const ssize_t n = ::read(output_fd_.get(), buffer, sizeof buffer);
  if (n > 0) output_.append(buffer, static_cast<std::size_t>(n));
  return n > 0;
}

bool RunningCommand::wait_for_text(const std::string& text) {
  const Deadline deadline = Clock::now() + kReadPatience;
  while (output_.find(text) == std::string::npos) {
    if (!read_more(deadline)) return false;
  }
  return true;
}

std::optional<int> RunningCommand::finish() {
  const Deadline deadline = Clock::now() + kReadPatience;
  while (read_more(deadline)) {
  }
  const auto status = process_.wait(deadline, StopFd({}));
  return status ? std::optional<int>(status->code) : std::nullopt;
}

}  // namespace pyro::test
