#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"
#include "common/work/work.h"

namespace pyro::vm::qemu {

/// QEMU's monitor protocol (QMP: a JSON object per line) over a socket, blocking. Checks the VMM's
/// output, since a guest may have taken it over: at most 1 MiB per line, and only answers to its
/// own questions count. Errors: kUnavailable if the VMM refuses or is gone, kDeadlineExceeded,
/// kCancelled.
class Qmp {
 public:
  explicit Qmp(UniqueFd socket) : socket_(std::move(socket)) {}

  /// Stops the guest's processors and writes the state of its devices to `file`, a new one. The
  /// guest is unusable afterwards.
  void save(const std::filesystem::path& file, const Work& work);
  /// Restores what `save` wrote from kStateFd and resumes the guest; the VMM must have been started
  /// for it.
  void load(const Work& work);
  void pause(const Work& work);
  void resume(const Work& work);

  /// Whether the guest's network card has a carrier.
  enum class Carrier { kOff, kOn };
  void set_carrier(Carrier carrier, const Work& work);
  /// Joins a tap to the guest's network card. Attach and detach while there is no carrier: a card
  /// that sends into a net that goes is stuck for good.
  void attach_tap(int tap, const Work& work);
  /// Nothing attached is no error.
  void detach_tap(const Work& work);

  /// Runs `command`; drops events before its answer.
  nlohmann::json execute(std::string_view command, const nlohmann::json& arguments,
                         const Work& work);

 private:
  void set_capabilities(const Work& work);
  void greet(const Work& work);
  /// Passes a descriptor to QEMU under `name`.
  void pass_descriptor(int fd, std::string_view name, const Work& work);
  /// What a command came to: its answer, or why it was refused.
  struct Outcome {
    nlohmann::json answer;
    std::optional<std::string> refusal;
  };
  Outcome outcome_of(const Work& work);
  nlohmann::json answer_to(std::string_view command, const Work& work);
  /// Waits for the end of the migration and the answer of its command; returns why it failed, or
  /// nullopt.
  std::optional<std::string> wait_migration_end(const Work& work);
  void send(const nlohmann::json& message, int fd, const Work& work);
  nlohmann::json receive(const Work& work);

  UniqueFd socket_;
  std::string input_;
  bool greeted_ = false;
};

}  // namespace pyro::vm::qemu
