#include "services/files/guest_change.h"

#include "common/fault/fault.h"

namespace pyro::files {
namespace {

/// The most that api::agent::StageTree takes.
constexpr std::size_t kPieceBytes = 1U << 20U;

}  // namespace

GuestChange::GuestChange(GuestTree& guest, std::string destination)
    : guest_(guest), encoder_([this](std::string_view record) { stage(record); }) {
  guest_.call(api::agent::BeginChange{.destination = std::move(destination)});
}

void GuestChange::stage(std::string_view record) {
  if (piece_.size() + record.size() > kPieceBytes) flush();
  piece_ += record;
  staged_ = true;
}

void GuestChange::flush() {
  api::agent::StageTree request;
  request.stream.data = std::move(piece_);
  guest_.call(request);
  piece_.clear();
}

void GuestChange::commit(std::vector<api::agent::Expectation> expectations,
                         std::vector<std::string> deletions) {
  if (staged_) {
    encoder_.done();
    flush();
  }
  fault::point("files.change.staged");
  guest_.call(api::agent::CommitChange{.expectations = std::move(expectations),
                                       .deletions = std::move(deletions)});
  fault::point("files.change.committed");
}

}  // namespace pyro::files
