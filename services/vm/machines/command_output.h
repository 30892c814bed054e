#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "common/api/machine.h"
#include "common/guest/captured_output.h"
#include "common/stream/output_sender.h"
#include "common/work/work.h"
#include "services/vm/boot/guest_exec.h"

namespace pyro::vm {

/// Where a command's output goes: kept for the reply, while its last line is the caller's progress,
/// or sent on as it comes.
class CommandOutput {
 public:
  /// `socket`: where the caller listens. `work` is the call's, and outlives this.
  CommandOutput(const std::optional<std::string>& socket, const Work& work);

  /// For a command that begins now.
  OutputSink sink();
  void fill(api::MachineExecResult& result) const;

 private:
  void tell(const Work& work, const std::stop_token& stop);

  std::optional<OutputSender> sender_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  CapturedOutput stdout_;
  CapturedOutput stderr_;
  const CapturedOutput* last_ = &stdout_;
  bool runs_ = false;
  std::jthread teller_;  ///< ends before what it reads
};

}  // namespace pyro::vm
