#include "guest/agent/files/staged_change.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/error.h"
#include "common/base/random.h"
#include "common/base/text.h"
#include "common/tree/beneath.h"
#include "common/tree/path.h"
#include "guest/agent/files/change_journal.h"
#include "guest/agent/files/paths.h"
#include "guest/agent/files/planner.h"

namespace pyro::agent::files {
namespace {

UniqueFd make_directory(int parent, const std::string& name, unsigned mode) {
  if (::mkdirat(parent, name.c_str(), mode) != 0) throw tree::path_error("mkdir", name);
  UniqueFd made = tree::open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
  if (!made) throw tree::path_error("open", name);
  return made;
}

}  // namespace

StagedChange::StagedChange(const VolumeDirectories& directories, const std::string& destination)
    : directories_(directories), destination_(checked(destination)), id_(random_hex(8)) {
  staging_ = make_directory(directories_.staging.get(), id_, 0700);
  make_directory(staging_.get(), "old", 0700);
}

StagedChange::~StagedChange() {
  unpacking_.reset();
  try {
    tree::remove_tree(directories_.staging.get(), id_);
  } catch (const std::exception&) {  // the next mount removes it
  }
}

/// Directories above the destination are staged like what goes into it: where they are missing in
/// the tree, they come with it.
void StagedChange::begin() {
  UniqueFd parent(::fcntl(staging_.get(), F_DUPFD_CLOEXEC, 3));
  std::string name = "new";
  for (const auto& part : split(destination_, '/')) {
    if (part.empty()) break;  // the tree itself
    parent = make_directory(parent.get(), name, 0755);
    name = part;
  }
  unpacking_ = std::make_unique<Unpacking>(std::move(parent), name);
}

void StagedChange::stage(std::string_view stream) {
  if (!unpacking_) begin();
  unpacking_->decoder.feed(stream);
  if (unpacking_->writer.top_kind() != tree::EntryKind::kDirectory) {
    throw invalid_argument("what is staged must be a directory");
  }
}

void StagedChange::finish_stream() {
  if (!unpacking_->decoder.done()) throw invalid_argument("the staged tree has no end");
  unpacking_->writer.finish();
  unpacking_.reset();
}

void StagedChange::commit(const api::agent::CommitChange& request) {
  const bool adding = unpacking_ != nullptr;
  if (adding) finish_stream();
  const int tree = directories_.tree.get();
  check_expectations(tree, request.expectations);
  Planner planner(tree);
  planner.remove(request.deletions);
  if (adding) {
    const UniqueFd staged = tree::open_beneath(staging_.get(), "new", O_PATH | O_DIRECTORY);
    if (!staged) throw tree::path_error("open", "new");
    planner.merge(staged.get());
  } else if (::mkdirat(staging_.get(), "new", 0700) != 0) {
    throw tree::path_error("mkdir", "new");
  }
  const ChangePlan plan{.staging = id_, .steps = planner.take()};
  if (!plan.steps.empty()) commit_plan(directories_, plan);
}

}  // namespace pyro::agent::files
