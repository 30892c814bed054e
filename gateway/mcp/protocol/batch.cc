#include "gateway/mcp/protocol/batch.h"

#include <utility>

namespace pyro::mcp {

void Batch::add(std::optional<Json> answer) {
  {
    const std::lock_guard lock(mutex_);
    if (answer) answers_.push_back(std::move(*answer));
    if (--missing_ > 0) return;
  }
  // A batch whose requests were all cancelled gets no answer, and no array of none.
  if (!answers_.empty()) output_->write(answers_);
}

}  // namespace pyro::mcp
