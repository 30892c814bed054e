#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>

#include "common/confinement/confinement_plan.h"
#include "common/work/work.h"
#include "services/files/disk/question.h"

namespace pyro::files {

/// Asks about the disks of stopped guests, each time a new process: confined to these disks as a
/// VMM is to its files (common/confinement), with limits of time, memory and answer. Whatever a
/// disk holds costs that process at most. Thread-safe.
class DiskReader {
 public:
  struct Limits {
    std::chrono::milliseconds time{std::chrono::minutes(2)};
    std::uint64_t memory_bytes = 512ULL << 20U;
    std::uint64_t answer_bytes = 48ULL << 20U;
  };

  /// `program`: that of pyro-disk-reader, its absolute path.
  explicit DiskReader(std::filesystem::path program) : DiskReader(std::move(program), Limits()) {}
  DiskReader(std::filesystem::path program, Limits limits)
      : program_(std::move(program)), limits_(limits) {}

  /// kDamaged also when the process came to no answer. deadline_exceeded, cancelled: by `work`.
  DiskAnswer ask(const DiskQuestion& question, const Work& work);

 private:
  ConfinementForm form();

  std::filesystem::path program_;
  Limits limits_;
  std::mutex mutex_;
  std::optional<ConfinementForm> form_;  ///< under mutex_
};

}  // namespace pyro::files
