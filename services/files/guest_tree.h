#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/api/agent_files.h"
#include "common/link/agent_client.h"
#include "common/tree/stream.h"
#include "common/tree/tree.h"
#include "common/work/work.h"
#include "services/files/guest_slots.h"

namespace pyro::files {

/// A connection to the files port of a machine's guest, for one operation. The operation's deadline
/// and stop end each call, however slow the guest; its memory is bounded. After an Error that is
/// not the agent's answer the connection is unusable.
class GuestTree {
 public:
  /// Connects through the machine's link socket; holds `slot` as long as the connection.
  /// kUnavailable: no process listens there.
  static GuestTree dial(const std::filesystem::path& link_socket, const Work& work,
                        GuestSlots::Slot slot = {});
  GuestTree(link::AgentConnection agent, Work work, GuestSlots::Slot slot = {})
      : slot_(std::move(slot)), agent_(std::move(agent)), work_(std::move(work)) {}

  /// Throws the agent's Error with its code, kDeadlineExceeded, kCancelled, kUnavailable after a
  /// lost connection, or kInternal for an invalid answer.
  template <api::Operation Op>
  typename Op::Reply call(const Op& request) {
    return agent_.take(request, {}, work_);
  }

  /// The same for an operation that answers with a tree, passed to the sink.
  template <api::Operation Op>
  void stream(const Op& request, tree::Sink& sink) {
    tree::Decoder decoder(sink);
    agent_.take(
        request, [&decoder](const link::OutputPiece& piece) { decoder.feed(piece.data); }, work_);
    if (!decoder.done()) throw unfinished_tree();
  }

 private:
  static Error unfinished_tree();

  GuestSlots::Slot slot_;  ///< freed after the connection is closed
  link::AgentConnection agent_;
  Work work_;
};

/// Keeps the entries of a tree in memory, up to a limit of their number and of the bytes of their
/// names.
class EntryList : public tree::Sink {
 public:
  struct Limits {
    std::size_t entries;
    std::size_t name_bytes;
  };

  /// `refusal` is the message of the Error (resource_exhausted) above the limits.
  EntryList(Limits limits, std::string refusal) : limits_(limits), refusal_(std::move(refusal)) {}

  void entry(const tree::Entry& entry) override;
  /// kInvalidArgument: content was not requested.
  void data(std::string_view bytes) override;
  void end_file() override {}

  std::vector<tree::Entry>& entries() { return entries_; }

 private:
  Limits limits_;
  std::string refusal_;
  std::size_t name_bytes_ = 0;
  std::vector<tree::Entry> entries_;
};

}  // namespace pyro::files
