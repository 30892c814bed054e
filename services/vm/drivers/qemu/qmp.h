#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"
#include "services/vm/monitor.h"

namespace pyro::vm::qemu {

/// QEMU's monitor protocol (QMP: a JSON object a line) over a socket, blocking. What the VMM says
/// is checked, since a guest may have taken it over: at most 1 MiB a line, and nothing is believed
/// that is not asked for.
/// Errors: kUnavailable when the VMM refuses or is gone, kDeadlineExceeded, kCancelled.
class Qmp : public Monitor {
 public:
  explicit Qmp(UniqueFd socket) : socket_(std::move(socket)) {}

  void save(const std::filesystem::path& file, Deadline deadline, const StopFd& stop) override;
  /// From kStateFd.
  void load(Deadline deadline, const StopFd& stop) override;
  void pause(Deadline deadline, const StopFd& stop) override;
  void resume(Deadline deadline, const StopFd& stop) override;

  /// Runs `command`; events that come before its answer are dropped.
  nlohmann::json execute(std::string_view command, const nlohmann::json& arguments,
                         Deadline deadline, const StopFd& stop);

 private:
  void set_capabilities(Deadline deadline, const StopFd& stop);
  void greet(Deadline deadline, const StopFd& stop);
  /// Gives QEMU a descriptor under a name of its own.
  void pass_descriptor(int fd, std::string_view name, Deadline deadline, const StopFd& stop);
  nlohmann::json answer_to(std::string_view command, Deadline deadline, const StopFd& stop);
  /// Waits for the migration's end and its command's answer: why it did not complete, or nullopt.
  std::optional<std::string> wait_migration_end(Deadline deadline, const StopFd& stop);
  void send(const nlohmann::json& message, int fd, Deadline deadline, const StopFd& stop);
  nlohmann::json receive(Deadline deadline, const StopFd& stop);

  UniqueFd socket_;
  std::string input_;
  bool greeted_ = false;
};

}  // namespace pyro::vm::qemu
