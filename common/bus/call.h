#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "common/api/progress.h"
#include "common/base/clock.h"

namespace pyro::bus {

/// What a handler knows of the call it answers beside the request. Valid during the call.
class Call {
 public:
  Call(std::string trace_id, Deadline deadline, std::stop_token stop, std::stop_token cancel,
       api::ProgressSink progress)
      : trace_id_(std::move(trace_id)),
        deadline_(deadline),
        stop_(std::move(stop)),
        cancel_(std::move(cancel)),
        progress_(std::move(progress)) {}

  const std::string& trace_id() const { return trace_id_; }
  /// When the caller stops waiting.
  Deadline deadline() const { return deadline_; }
  /// Requested when the caller cancelled or vanished, or its deadline passed.
  const std::stop_token& stop() const { return stop_; }
  /// Whether it was the caller that said so: a vanished one has asked for nothing.
  bool cancelled_by_caller() const { return cancel_.stop_requested(); }
  /// Tells the caller where the work stands.
  void progress(const api::Progress& progress) const {
    if (progress_) progress_(progress);
  }
  /// The same as a function, for nouns that know nothing of the bus.
  api::ProgressSink progress_sink() const {
    return [this](const api::Progress& step) { progress(step); };
  }

 private:
  std::string trace_id_;
  Deadline deadline_;
  std::stop_token stop_;
  std::stop_token cancel_;
  api::ProgressSink progress_;
};

}  // namespace pyro::bus
