#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/api/agent.h"

/// The agent's operations for services, which are long jobs: their end, their logs, their
/// readiness.
namespace pyro::api::agent {

/// Answers when the job has ended, with what it left running gone.
struct WaitJob {
  static constexpr Method kMethod{"job.wait", Idempotent::kYes};
  using Reply = Job;
  std::string job_id;

  template <class Fields>
  static void describe(Fields& f) {
    f("job_id", &WaitJob::job_id, "The job.", kRequired, max_length(64));
  }
};

struct LogPart {
  Bytes data;
  std::uint64_t offset = 0;
  std::uint64_t total = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("data", &LogPart::data, "What the job printed.", max_length(1U << 20U));
    f("offset", &LogPart::offset, "Of its first byte, since the job's start.");
    f("total", &LogPart::total, "Bytes printed so far.");
  }
};

/// A part of what a job printed to one stream, as far as it is kept.
struct ReadLog {
  static constexpr Method kMethod{"job.read_log", Idempotent::kYes};
  using Reply = LogPart;
  std::string job_id;
  std::uint32_t stream = 1;
  std::optional<std::uint64_t> offset;
  std::uint32_t max_bytes = 65536;

  template <class Fields>
  static void describe(Fields& f) {
    f("job_id", &ReadLog::job_id, "The job.", kRequired, max_length(64));
    f("stream", &ReadLog::stream, "1: standard output, 2: standard error.", range(1, 2));
    f("offset", &ReadLog::offset,
      "From there on, or from the first byte kept behind; null: the "
      "last max_bytes.");
    f("max_bytes", &ReadLog::max_bytes, "At most so many.", range(1, 1 << 20));
  }
};

enum class ProbeKind { kFile, kTcp, kHttp, kCommand };
constexpr std::array<std::pair<ProbeKind, std::string_view>, 4> enum_names(ProbeKind) {
  return {{{ProbeKind::kFile, "file"},
           {ProbeKind::kTcp, "tcp"},
           {ProbeKind::kHttp, "http"},
           {ProbeKind::kCommand, "command"}}};
}

struct ProbeResult {
  bool ready = false;
  bool ended = false;
  std::string why;

  template <class Fields>
  static void describe(Fields& f) {
    f("ready", &ProbeResult::ready, "Whether it is ready.");
    f("ended", &ProbeResult::ended, "Whether the job ended before it was.");
    f("why", &ProbeResult::why, "What the last look found instead.", max_length(1024));
  }
};

/// Looks again and again whether a job is ready. Answers when it is, when the job has ended, or
/// when the time is over. The end of the connection ends the looks.
struct ProbeJob {
  static constexpr Method kMethod{"job.probe", Idempotent::kYes};
  using Reply = ProbeResult;
  std::string job_id;
  ProbeKind kind = ProbeKind::kCommand;
  std::string target;
  std::string cwd = "/";
  std::map<std::string, std::string> environment;
  std::uint64_t timeout_ms = 30000;
  std::uint64_t interval_ms = 500;

  template <class Fields>
  static void describe(Fields& f) {
    f("job_id", &ProbeJob::job_id, "The job.", kRequired, max_length(64));
    f("kind", &ProbeJob::kind, "file, tcp, http or command.");
    f("target", &ProbeJob::target, "A path, HOST:PORT, a URL, or a shell command.", kRequired,
      max_length(65536));
    f("cwd", &ProbeJob::cwd, "Where a command starts.", max_length(4096));
    f("environment", &ProbeJob::environment, "Added to that of a command.", max_length(1024));
    f("timeout_ms", &ProbeJob::timeout_ms, "For how long, in milliseconds.", kPositive);
    f("interval_ms", &ProbeJob::interval_ms,
      "Between two looks, in milliseconds; a look that "
      "costs the job nothing comes sooner.",
      kPositive);
  }
};

using AgentServicesApi = Api<WaitJob, ReadLog, ProbeJob>;

}  // namespace pyro::api::agent
