#include "guest/agent/files/workspace.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/base/error.h"
#include "common/base/reasons/stack.h"
#include "common/base/text.h"
#include "common/tree/beneath.h"
#include "guest/agent/files/change_journal.h"

namespace pyro::agent::files {
namespace {

UniqueFd open_or_make(int directory, const char* name, unsigned mode) {
  if (::mkdirat(directory, name, mode) != 0 && errno != EEXIST) {
    throw tree::path_error("mkdir", name);
  }
  UniqueFd made = tree::open_beneath(directory, name, O_RDONLY | O_DIRECTORY);
  if (!made) throw tree::path_error("open", name);
  return made;
}

}  // namespace

void Workspace::mount() {
  const std::lock_guard lock(mounting_);
  if (mounted_.load() != nullptr) return;
  auto directories = std::make_unique<VolumeDirectories>();
  directories->top = volume_.open();
  directories->tree = open_or_make(directories->top.get(), "tree", 0755);
  directories->own = open_or_make(directories->top.get(), ".pyro", 0700);
  recover(*directories);
  directories->staging = open_or_make(directories->own.get(), "staging", 0700);
  volume_.show_tree(directories->top.get());
  directories_ = std::move(directories);
  mounted_ = directories_.get();
}

void Workspace::release() {
  const std::lock_guard lock(mounting_);
  if (mounted_.exchange(nullptr) == nullptr) return;
  UniqueFd top = std::move(directories_->top);
  directories_.reset();
  volume_.close(std::move(top));
}

const VolumeDirectories& Workspace::directories() const {
  const VolumeDirectories* mounted = mounted_.load();
  if (mounted == nullptr) throw failed_precondition("the workspace is not mounted");
  return *mounted;
}

std::unique_ptr<Freeze> Workspace::freeze(Clock::duration limit, api::agent::VolumeUsage& usage) {
  const VolumeDirectories& directories = this->directories();
  return std::make_unique<Freeze>(
      gate_,
      FreezeActions{.prepare =
                        [this, &directories, &usage] {
                          if (::syncfs(directories.top.get()) != 0) throw system_error("syncfs");
                          usage = volume_.usage(directories.top.get());
                        },
                    .freeze = [this, &directories] { volume_.freeze(directories.top.get()); },
                    .thaw = [this] { return thaw(); }},
      limit);
}

bool Workspace::thaw() {
  const std::lock_guard lock(thawing_);
  return !resting_ && volume_.thaw(mounted_.load()->top.get());
}

void Workspace::flush() noexcept {
  const VolumeDirectories* mounted = mounted_.load();
  if (mounted != nullptr) ::syncfs(mounted->top.get());
}

void Workspace::come_to_rest() {
  {
    const std::lock_guard lock(thawing_);
    resting_ = true;
  }
  const VolumeDirectories* mounted = mounted_.load();
  if (mounted == nullptr) return;
  try {
    volume_.freeze(mounted->top.get());
  } catch (const Error&) {  // it is frozen already, or cannot be: there is nothing more to do
  }
}

Error Workspace::about_its_disk(const Error& error) const {
  const VolumeDirectories* const at = mounted_.load();
  struct statvfs disk {};
  if (error.reason() != reason::kDiskFull || at == nullptr ||
      ::fstatvfs(at->top.get(), &disk) != 0) {
    return error;
  }
  return {error.code(), error.reason(),
          fmt::format("{}: the disk of /workspace ({}) is full: delete files there, as with rm",
                      error.message(), human_size(disk.f_blocks * disk.f_frsize))};
}

}  // namespace pyro::agent::files
