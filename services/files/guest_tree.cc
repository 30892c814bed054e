#include "services/files/guest_tree.h"

#include "common/base/error.h"
#include "common/base/reasons/files.h"

namespace pyro::files {

GuestTree GuestTree::dial(const std::filesystem::path& link_socket, const Work& work,
                          GuestSlots::Slot slot) {
  // A transfer takes what it takes, but an agent answers a dial at once.
  constexpr std::chrono::seconds kDialLimit{15};
  return {link::AgentConnection::dial(link_socket, api::agent::kFilesPort, work.within(kDialLimit)),
          work, std::move(slot)};
}

Error GuestTree::unfinished_tree() {
  return internal_error("the guest's agent sent a wrong answer: a tree without its end");
}

void EntryList::entry(const tree::Entry& entry) {
  name_bytes_ += entry.path.size() + entry.link_target.size();
  if (entries_.size() == limits_.entries || name_bytes_ > limits_.name_bytes) {
    throw Error(ErrorCode::kResourceExhausted, reason::kTooLarge, refusal_);
  }
  entries_.push_back(entry);
}

void EntryList::data(std::string_view) {
  throw invalid_argument("the tree holds content that was not asked for");
}

}  // namespace pyro::files
