#include "services/files/hard_links.h"

namespace pyro::files {

void HardLinks::entry(const tree::Entry& entry) {
  is_linked_ = false;
  const auto source = std::pair(entry.shared_on_device, entry.inode);
  if (entry.shared_on_device != 0) {
    const auto found = written_.find(source);
    is_linked_ = found != written_.end() && next_.link(entry, found->second);
  }
  if (is_linked_) return;
  next_.entry(entry);
  if (entry.shared_on_device != 0) written_[source] = next_.last_inode();
}

void HardLinks::data(std::string_view bytes) {
  if (!is_linked_) next_.data(bytes);
}

void HardLinks::end_file() {
  if (!is_linked_) next_.end_file();
}

}  // namespace pyro::files
