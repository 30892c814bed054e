#include "common/reaper/reaped_ids.h"

#include "common/api/message_table.h"
#include "common/base/clock.h"

namespace pyro {

void ReapedIds::add(const std::string& id) {
  constexpr double kKeepSeconds = 7 * 24 * 3600;
  const double now = now_epoch_seconds();
  rows_.put(id, {.reaped_at = now});
  rows_.erase_if([now](const Row& row) { return row.reaped_at < now - kKeepSeconds; });
}

bool ReapedIds::contains(const std::string& id) const { return rows_.contains(id); }

}  // namespace pyro
