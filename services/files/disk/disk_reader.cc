#include "services/files/disk/disk_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "common/api/msgpack_codec.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/confinement/confinement.h"
#include "common/confinement/confinement_trial.h"
#include "common/confinement/installed_program.h"
#include "common/log/log.h"
#include "services/files/work_check.h"

namespace pyro::files {
namespace {

/// A file in memory, to be read from its beginning.
UniqueFd file_with(std::string_view content) {
  UniqueFd file(::memfd_create("question", MFD_CLOEXEC));
  if (!file) throw system_error("memfd_create");
  write_all(file.get(), content);
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw system_error("lseek");
  return file;
}

/// All that comes until the end; nullopt when the deadline passed or there is more than `most`.
std::optional<std::string> read_all(int fd, std::uint64_t most, Deadline deadline,
                                    const StopFd& stop) {
  std::string all;
  std::array<char, 1U << 16U> piece;
  while (wait_for(fd, POLLIN, deadline, stop)) {
    const ssize_t n = ::read(fd, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error("read the answer of pyro-disk-reader");
    if (n == 0) return all;
    all.append(piece.data(), static_cast<std::size_t>(n));
    if (all.size() > most) return std::nullopt;
  }
  return std::nullopt;
}

std::vector<std::string> existing(std::initializer_list<std::string> paths) {
  std::vector<std::string> found;
  std::copy_if(paths.begin(), paths.end(), std::back_inserter(found),
               [](const std::string& path) { return std::filesystem::exists(path); });
  return found;
}

}  // namespace

/// The strongest that works here, tried once.
ConfinementForm DiskReader::form() {
  const std::lock_guard lock(mutex_);
  if (!form_) {
    const ConfinementTrial trial = try_confinement();
    form_ = trial.form;
    if (!trial.reason.empty()) {
      log::warn("disks of guests are read in the form '{}': {}", api::name_of(trial.form),
                trial.reason);
    }
  }
  return *form_;
}

DiskAnswer DiskReader::ask(const DiskQuestion& question, const Work& work) {
  check(work);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("pipe");
  const UniqueFd answer(ends[0]);
  UniqueFd asked(ends[1]);
  const UniqueFd input = file_with(api::to_msgpack(question));
  Command command{.argv = {program_.string()},
                  .descriptors = {{STDIN_FILENO, input.get()}, {STDOUT_FILENO, asked.get()}},
                  .limits = {.file_size_bytes = 0}};
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // A sanitizer maps far more than it uses.
  command.limits.address_space_bytes = limits_.memory_bytes;
#endif
  ConfinementPlan plan{.form = form(),
                       .programs = files_of_program(program_),
                       .readable = existing({question.disks.environment, question.disks.system,
                                             question.disks.workspace})};
  ChildProcess child = start_confined(std::move(command), plan);
  asked.reset();
  const StopFd stop(work.stop);
  const Deadline own_end = Clock::now() + limits_.time;
  const auto bytes =
      read_all(answer.get(), limits_.answer_bytes, std::min(own_end, work.deadline), stop);
  const auto status = bytes ? child.wait(std::min(own_end, work.deadline), stop) : std::nullopt;
  if (status && status->ok()) {
    try {
      return decoded(*bytes, question);
    } catch (const Error& error) {
      log::warn("pyro-disk-reader gave a wrong answer: {}", error.message());
    }
  } else if (status) {
    log::warn("pyro-disk-reader ended with status {}", status->code);
  } else {
    check(work);
    log::warn("pyro-disk-reader came to no end within its limits, and was killed");
  }
  return {.outcome = DiskOutcome::kDamaged, .detail = "it cannot be read within the limits"};
}

}  // namespace pyro::files
