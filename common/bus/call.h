#pragma once

#include <stop_token>
#include <string>
#include <utility>

#include "common/api/progress.h"
#include "common/base/clock.h"
#include "common/work/work.h"

namespace pyro::bus {

/// A handler's view of its call, beside the request. Valid during the call.
class Call {
 public:
  Call(Work work, std::stop_token cancel) : work_(std::move(work)), cancel_(std::move(cancel)) {}

  /// Deadline, stop (a cancel, or a vanished caller) and progress of the call, also for calls on
  /// its behalf.
  const Work& work() const { return work_; }
  const std::string& trace_id() const { return work_.trace_id; }
  Deadline deadline() const { return work_.deadline; }
  const std::stop_token& stop() const { return work_.stop; }
  /// Reports progress to the caller.
  void progress(const api::Progress& progress) const {
    if (work_.progress) work_.progress(progress);
  }
  /// Whether the caller cancelled the call, instead of vanishing.
  bool cancelled_by_caller() const { return cancel_.stop_requested(); }

 private:
  Work work_;
  std::stop_token cancel_;
};

}  // namespace pyro::bus
