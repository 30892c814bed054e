#pragma once

#include <string>
#include <vector>

#include "common/api/agent_files.h"
#include "common/tree/stream.h"
#include "services/files/guest_tree.h"

namespace pyro::files {

/// A change of a guest's tree: staged in pieces, applied whole or not at all.
class GuestChange {
 public:
  /// `destination` is the directory for the staged entries, clean, "" for the whole tree.
  GuestChange(GuestTree& guest, std::string destination);

  /// Stages its entries; paths are relative to the destination.
  tree::Sink& sink() { return encoder_; }

  /// failed_precondition: as api::agent::CommitChange.
  void commit(std::vector<api::agent::Expectation> expectations = {},
              std::vector<std::string> deletions = {});

 private:
  void stage(std::string_view record);
  void flush();

  GuestTree& guest_;
  tree::Encoder encoder_;
  std::string piece_;
  bool staged_ = false;
};

}  // namespace pyro::files
