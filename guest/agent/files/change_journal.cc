#include "guest/agent/files/change_journal.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/tree/beneath.h"
#include "common/tree/write.h"
#include "guest/agent/files/change_steps.h"

namespace pyro::agent::files {
namespace {

constexpr const char* kPlan = "commit";
constexpr const char* kNewPlan = "commit.new";
constexpr std::uint64_t kMaxPlanBytes = 1U << 30U;

/// Everything written so far, whichever file it went to.
void sync_volume(const VolumeDirectories& directories) {
  if (::syncfs(directories.top.get()) != 0) throw system_error("syncfs");
}

void write_plan(int own, const ChangePlan& plan) {
  const UniqueFd file = tree::open_beneath(own, kNewPlan, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (!file) throw tree::path_error("create", kNewPlan);
  with_context("write the plan", [&] { write_all(file.get(), encode(plan)); });
}

void decide(int own) {
  if (::renameat(own, kNewPlan, own, kPlan) != 0) throw tree::path_error("rename", kNewPlan);
  if (::fsync(own) != 0) throw system_error("fsync '.pyro'");
}

std::optional<ChangePlan> find_plan(int own) {
  const UniqueFd file = tree::open_beneath(own, kPlan, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file && tree::is_gone(errno)) return std::nullopt;
  if (!file) throw tree::path_error("open", kPlan);
  return decode_plan(read_to_end(file.get(), kMaxPlanBytes));
}

void finish(const VolumeDirectories& directories, const ChangePlan& plan) {
  try {
    ChangeSteps(directories, plan).finish();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;  // else its staging is gone: it was done
  }
  sync_volume(directories);
}

}  // namespace

void commit_plan(const VolumeDirectories& directories, const ChangePlan& plan) {
  const int own = directories.own.get();
  ChangeSteps steps(directories, plan);
  write_plan(own, plan);
  sync_volume(directories);
  // Also after an fsync that failed: the plan may be on the disk nevertheless.
  Cleanup withdraw([own] {
    ::unlinkat(own, kPlan, 0);
    ::fsync(own);
  });
  decide(own);
  steps.carry_out();
  withdraw.dismiss();
  sync_volume(directories);
  // Should this be lost, recover() finds every step done.
  ::unlinkat(own, kPlan, 0);
}

void recover(const VolumeDirectories& directories) {
  const int own = directories.own.get();
  if (const auto plan = find_plan(own)) {
    with_context("finish a change that was cut short", [&] { finish(directories, *plan); });
  }
  ::unlinkat(own, kPlan, 0);
  ::unlinkat(own, kNewPlan, 0);
  tree::remove_tree(own, "staging");
}

}  // namespace pyro::agent::files
