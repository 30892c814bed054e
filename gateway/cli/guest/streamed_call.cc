#include "gateway/cli/guest/streamed_call.h"

#include "common/stack/stack_client.h"
#include "gateway/cli/stdout_closed.h"

namespace pyro::cli {
namespace {

/// The time limit for the last output after the guest's command ended.
constexpr std::chrono::seconds kLastOutputLimit{30};

std::filesystem::path streams_directory(Session& session) {
  session.stack().ensure_running(session.signals().token());
  return session.paths().runtime_dir / "streams";
}

}  // namespace

StreamedCall::StreamedCall(Session& session)
    : session_(session),
      output_(session.signals().token()),
      receiver_(streams_directory(session),
                [this](std::uint32_t stream, std::string_view data) { take(stream, data); }) {}

void StreamedCall::take(std::uint32_t stream, std::string_view data) {
  session_.progress().finish();
  try {
    output_.write(stream, data);
  } catch (const StdoutClosed&) {
    stdout_closed_ = true;
    session_.signals().stop();
    throw cancelled("standard output was closed");
  } catch (const Error& error) {
    output_failure_ = error;
    session_.signals().stop();
    throw;
  }
}

void StreamedCall::finish() {
  receiver_.finish(Clock::now() + kLastOutputLimit);
  output_.end_line_on_terminal();
}

void StreamedCall::throw_cause() const {
  if (stdout_closed_) throw StdoutClosed();
  if (output_failure_) throw Error(*output_failure_);
}

}  // namespace pyro::cli
