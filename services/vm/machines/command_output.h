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

/// The target of a command's output: keeps it for the reply and reports its last line as progress,
/// or sends it on live.
class CommandOutput {
 public:
  /// `socket`: where the caller listens. `work`, the call's, outlives this.
  CommandOutput(const std::optional<std::string>& socket, const Work& work);

  /// The sink of a command that begins now.
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
  std::jthread teller_;  ///< ends before the members that it reads
};

}  // namespace pyro::vm
